"""FileRange reads its bytes and no others, and says when they are gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from layerscope.archive.blob import BrokenBlob, FileRange, RangeReader


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"before|the range|after")
    return path


def test_reads_only_its_range(file: Path) -> None:
    with FileRange(file, 7, 9).open() as reader:
        assert reader.read() == b"the range"
        assert reader.read(5) == b""


def test_whole_file(file: Path) -> None:
    blob = FileRange.whole(file)
    assert (blob.offset, blob.size) == (0, 22)


def test_short_reads_and_positions(file: Path) -> None:
    with FileRange(file, 7, 9).open() as reader:
        assert reader.read(3) == b"the"
        assert reader.tell() == 3
        assert reader.seek(-5, os.SEEK_END) == 4
        memory = bytearray(20)
        assert reader.readinto(memory) == 5
        assert memory[:5] == b"range"
        assert reader.seek(1) == 1
        assert reader.seek(1, os.SEEK_CUR) == 2
        assert reader.read(1) == b"e"


def test_positioned_reads_stay_inside(file: Path) -> None:
    with FileRange(file, 7, 9).open() as reader:
        assert reader.pread(4, 100) == b"range"
        assert reader.pread(9, 1) == b""
        assert reader.tell() == 0


@pytest.mark.parametrize(
    "read", [lambda r: r.read(), lambda r: r.readinto(bytearray(9)), lambda r: r.pread(0, 9)]
)
def test_a_file_that_shrank_is_an_error(file: Path, read: Callable[[RangeReader], object]) -> None:
    with FileRange(file, 7, 9).open() as reader:
        os.truncate(file, 10)
        with pytest.raises(BrokenBlob, match="ends too early, at byte 10"):
            read(reader)
