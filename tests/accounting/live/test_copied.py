"""What a file was copied up for: the bytes of it that differ from below."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from layerscope.accounting.live import copied
from layerscope.accounting.live.copied import CopiedUp
from layerscope.accounting.live.entries import Entry
from layerscope.accounting.live.figures import Happening, Mark

PATIENCE = 20.0
BELOW = os.urandom(3 << 20)


class Pair:
    """A file below and its copy above, and what is told of them."""

    def __init__(self, folder: Path) -> None:
        self.below, self.above = folder / "below", folder / "above"
        self.below.write_bytes(BELOW)
        self.above.write_bytes(BELOW)
        self.copied = CopiedUp(self._open)
        self.entry = Entry(None, "db", "-", Mark.CHANGED)
        self.entry.copied = True

    def _open(self, entry: Entry) -> tuple[int, int]:
        assert entry is self.entry
        return os.open(self.above, os.O_RDONLY), os.open(self.below, os.O_RDONLY)

    def note(self) -> Happening:
        """It was copied up."""
        one = Happening(time.time(), "copied up", b"db", len(BELOW), len(BELOW), 2)
        self.copied.note([one], [b"db"])
        return one

    def told(self) -> Happening:
        """What is told of it in the end."""
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end
            found = self.copied.turn(lambda path: self.entry if path == b"db" else None)
            if found:
                (one,) = found
                return one
            time.sleep(0.005)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.copied.close()
    assert not open_below(tmp_path)


def open_below(folder: Path) -> list[str]:
    """Files there that this process has open."""
    found = []
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(os.readlink(fd))
    return [path for path in found if path.startswith(f"{folder}/")]


def write(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def other(offset: int, length: int) -> bytes:
    return bytes(byte ^ 0xFF for byte in BELOW[offset : offset + length])


def test_one_byte(pair: Pair) -> None:
    first = pair.note()
    write(pair.above, 2_000_000, other(2_000_000, 1))
    told = pair.told()
    assert told.written == 1
    assert told == Happening(first.time, "copied up", b"db", len(BELOW), len(BELOW), 2, written=1)


@pytest.mark.parametrize(("offset", "length"), [(0, 1), ((1 << 20) - 3, 7), (len(BELOW) - 2, 9)])
def test_so_many_bytes_wherever_they_are(pair: Pair, offset: int, length: int) -> None:
    data = other(offset, length)
    write(pair.above, offset, data + b"x" * (length - len(data)))
    pair.note()
    assert pair.told().written == length


def test_the_same_content_and_a_shorter_one(pair: Pair) -> None:
    pair.note()
    assert pair.told().written == 0
    os.truncate(pair.above, len(BELOW) - 10)
    pair.note()
    assert pair.told().written == 10


def test_a_write_meanwhile_counts(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.note()
    write(pair.above, 5, other(5, 1))
    monkeypatch.setattr(copied, "_SLICE", 0.0)
    end = time.monotonic() + PATIENCE
    while not pair.copied.busy:
        assert time.monotonic() < end
        assert pair.copied.turn(lambda path: pair.entry) == []
    monkeypatch.undo()
    write(pair.above, 0, other(0, 1))
    pair.copied.note([], [b"db"])
    assert not pair.copied.busy
    assert pair.told().written == 2


def test_nothing_is_told_of_what_never_rests(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied, "_LATEST", 0.0)
    pair.note()
    pair.copied.note([], [b"db"])
    time.sleep(2 * copied._REST)
    assert pair.copied.turn(lambda path: pair.entry) == []
    assert not pair.copied.busy


def test_what_is_gone_or_is_no_file_is_left_out(pair: Pair) -> None:
    pair.note()
    time.sleep(1.1 * copied._REST)
    assert pair.copied.turn(lambda path: None) == []
    pair.above.unlink()
    pair.above.mkdir()
    pair.note()
    time.sleep(1.1 * copied._REST)
    for _ in range(10):
        assert pair.copied.turn(lambda path: pair.entry) == []
    assert not pair.copied.busy
