from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.tui.models.hex_lines import hex_row, row_bytes
from layerscope.tui.models.highlight import Ink, highlight
from layerscope.tui.models.line_starts import EVERY, LONGEST, LineStarts, split
from layerscope.tui.models.pages import KEPT, PAGE, Pages
from layerscope.tui.models.sniff import Form, sniff

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBB", 13, b"IHDR", 640, 480, 8, 6)
JPEG = b"\xff\xd8\xff\xe0\0\x10" + bytes(14) + b"\xff\xc0\0\x11\x08\0\x64\0\xc8\x03"
ELF = b"\x7fELF\x02\x01" + bytes(10) + b"\x02\0\x3e\0"


@pytest.mark.parametrize(
    ("head", "form", "fact"),
    [
        (b"", Form.EMPTY, ""),
        (b"hello\n", Form.TEXT, ""),
        ("gr\u00fc\u00dfe".encode(), Form.TEXT, ""),
        ("gr\u00fc".encode()[:-1], Form.TEXT, ""),
        ("a line in latin-1: gr\u00fcn".encode("latin-1") + b"e Wiesen", Form.TEXT, ""),
        (b"\x1b[31mred\x1b[0m", Form.TEXT, ""),
        (b"a\0b", Form.BINARY, ""),
        (bytes(range(128, 256)), Form.BINARY, ""),
        (PNG, Form.BINARY, "PNG image, 640 × 480, 8 bit RGBA"),
        (PNG[:18], Form.BINARY, ""),
        (b"GIF89a\x10\0\x20\0", Form.BINARY, "GIF image, 16 × 32"),
        (JPEG, Form.BINARY, "JPEG image, 200 × 100"),
        (ELF, Form.BINARY, "ELF 64-bit program, x86-64"),
        (b"\x1f\x8b\x08", Form.BINARY, "gzip data"),
    ],
)  # fmt: skip
def test_a_file_is_judged_by_its_first_bytes(head: bytes, form: Form, fact: str) -> None:
    assert (sniff(head).form, sniff(head).fact) == (form, fact)


@given(st.binary(max_size=64))
def test_no_bytes_are_too_odd_to_judge(head: bytes) -> None:
    for magic in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBP", b"\x7fELF", b"BM"):
        sniff(magic + head)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 70, LONGEST - 1, LONGEST, 2 * LONGEST, 9 * LONGEST])),
    st.integers(100, 3 * LONGEST),
    st.booleans(),
)
def test_lines_are_found_again_from_the_starts_kept(
    sizes: list[int], chunk: int, ends: bool
) -> None:
    text = b"\n".join(b"x" * size for size in sizes) + b"\n" * ends
    starts = LineStarts()
    for at in range(0, len(text), chunk):
        starts.feed(text[at : at + chunk])
    starts.finish()
    lines = split(text)
    assert b"".join(lines) == text
    assert starts.count == len(lines)
    assert all(len(line) <= LONGEST for line in lines)
    for number in range(0, len(lines), EVERY // 2):
        first, offset, end = starts.block(number)
        assert split(text[offset:end]) == lines[first : first + EVERY]


def test_many_short_lines() -> None:
    starts = LineStarts()
    text = b"".join(b"%d\n" % n for n in range(10_000))
    for at in range(0, len(text), 1000):
        starts.feed(text[at : at + 1000])
    assert starts.count == 10_000
    first, offset, end = starts.block(7777)
    assert split(text[offset:end])[7777 - first] == b"7777\n"


def test_pages_forget_what_was_used_longest_ago() -> None:
    pages = Pages(100 * PAGE + 5)
    assert pages.read(0, 10) is None
    assert pages.wanted == {0}
    for number in range(KEPT + 1):
        pages.put(number, bytes([number]) * PAGE)
    assert not pages.wanted
    assert pages.read(0, PAGE + 1) is None
    assert pages.read(2 * PAGE - 1, 2) == b"\x01\x02"
    assert pages.read(100 * PAGE, 999) is None
    assert pages.wanted == {0, 100}
    pages.put(100, b"12345")
    assert pages.read(100 * PAGE + 3, 999) == b"45"
    assert pages.read(101 * PAGE, 1) == b""


def test_hex_rows() -> None:
    assert hex_row(16, b"AB\x00\xffxyz{|", 16) == (
        "00000010",
        "41 42 00 ff 78 79 7a 7b  7c" + " " * 21,
        "AB..xyz{|",
    )
    assert [row_bytes(width) for width in (40, 80, 120, 200)] == [8, 16, 16, 32]


def test_source_is_coloured_by_its_name_or_first_line() -> None:
    lines = highlight("x.py", "def f():\n    return 1  # one\n")
    assert lines is not None
    assert (Ink.KEYWORD, "def") in lines[0]
    assert any(ink is Ink.COMMENT for ink, _ in lines[1])
    assert "".join(word for _, word in lines[1]) == "    return 1  # one"
    assert highlight("run", "#!/bin/sh\nif true; then :; fi\n") is not None
    assert highlight("notes", "just words") is None
    assert highlight("x.py", "a = 1\rb = 2") is None
