"""A tar made while it is read, unpacked: all of it, however little a pipe gives at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from layerscope.archive.apply import apply_layer
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.made_tar import tar_of

PIPE = 1 << 16
BLOCK = 512


def content(number: int, size: int) -> Iterator[bytes]:
    yield bytes([number]) * size


@pytest.mark.parametrize("size", [PIPE - 2 * BLOCK, PIPE - BLOCK, PIPE, 5000, 3 * PIPE + 1])
def test_files_beyond_what_a_pipe_holds(tmp_path: Path, size: int) -> None:
    entries = [
        (Entry(b"%d" % number, Kind.FILE, 0o644, size=size), partial(content, number, size))
        for number in range(40)
    ]
    with tar_of(entries) as tar:
        apply_layer(tar, tmp_path)
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {str(number): bytes([number]) * size for number in range(40)}


def test_what_fails_while_it_is_made_is_told(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * PIPE
        raise ValueError("no more")

    entries = [(Entry(b"file", Kind.FILE, 0o644, size=2 * PIPE), broken)]
    with tar_of(entries) as tar, pytest.raises(ValueError, match="no more"):
        apply_layer(tar, tmp_path)
