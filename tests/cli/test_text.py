from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layerscope.cli.text import as_bytes, exact, shown, shown_text


def test_names_are_shown_escaped() -> None:
    assert shown("grün".encode()) == "grün"
    assert shown(b"\x1b[31m") == "\\x1b[31m"
    assert shown(b"caf\xe9\n") == "caf\\xe9\\n"
    assert shown(b"back\\slash") == "back\\\\slash"
    assert shown_text("a\x1b]0;x\x07\\n") == "a\\x1b]0;x\\x07\\n"


@given(st.binary())
def test_every_name_is_printable_and_exact_both_ways(name: bytes) -> None:
    assert shown(name).isprintable()
    assert as_bytes(exact(name)) == name
