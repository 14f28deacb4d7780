"""Whatever a name holds, only text reaches the terminal, in as many cells as it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from layerscope.tui.safe_text import fit, fit_end, fit_left, safe_name, safe_text


def test_escape_sequences_and_foreign_bytes_are_shown_escaped() -> None:
    assert safe_name(b"\x1b[2Jred\n") == r"\x1b[2Jred\n"
    assert safe_name(b"caf\xe9") == r"caf\xe9"
    assert safe_name("café 中".encode()) == "café 中"
    assert safe_name("☂\ufe0f".encode()) == r"☂\ufe0f"
    assert safe_text("a\tb\u202ec\x9b") == r"a\tb\u202ec\x9b"


@given(st.binary(max_size=40))
def test_no_name_holds_a_control_character(name: bytes) -> None:
    assert safe_name(name).isprintable()


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.integers(0, 30))
def test_a_text_is_fitted_to_the_cell(text: str, width: int) -> None:
    safe = safe_text(text)
    assert cell_len(fit(safe, width)) == width
    assert cell_len(fit_left(safe, width)) == width
    assert cell_len(fit_end(safe, width)) == width


def test_what_is_cut_says_so() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit_left("abcdef", 4) == "…def"
    assert fit("中中中", 4) == "中 …"


def test_of_a_path_the_end_is_kept() -> None:
    assert fit_end("/usr/lib/x", 12) == "/usr/lib/x  "
    assert fit_end("/usr/lib/x", 6) == "…lib/x"
    assert fit_end("/a" * 100_000, 5) == "…/a/a"
