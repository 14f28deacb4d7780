"""How much of a file that was copied up differs from the one below: what the copy was made for.

It is looked at once the file has come to rest, and in slices, so that nothing waits for it.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace

from layerscope.accounting.live.entries import Entry
from layerscope.accounting.live.figures import Happening

_REST = 0.3  # seconds without a change after which a file is compared
_LATEST = 30.0  # one that doesn't come to rest has nothing to be told of
_LARGEST = 256 << 20  # bytes; what is larger takes too long
_MOST = 20  # files that wait
_CHUNK = 1 << 20
_SLICE = 0.004  # seconds of comparing at a stretch

Opened = tuple[int, int]
"""Descriptors of a file in the writable layer and of the one below; who asked closes them."""


@dataclass(slots=True)
class _Waiting:
    happening: Happening
    since: float
    due: float


class CopiedUp:
    """``open_both`` gives both files of an entry, None where one can't be had cheaply."""

    def __init__(self, open_both: Callable[[Entry], Opened | None]) -> None:
        self._open_both = open_both
        self._waiting: dict[bytes, _Waiting] = {}
        self._path = b""
        self._opened: Opened | tuple[()] = ()
        self._comparing: Generator[None, None, int | None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a comparison is under way."""
        return self._comparing is not None

    def note(self, happenings: Iterable[Happening], paths: Iterable[bytes]) -> None:
        """What happened, and all ``paths`` that changed, just now."""
        now = time.monotonic()
        for path in self._waiting.keys() & set(paths) if self._waiting else ():
            waiting = self._waiting[path]
            waiting.due = now + _REST
            if path == self._path:
                self._stop()
            if waiting.due - waiting.since > _LATEST:
                del self._waiting[path]
        for one in happenings:
            if one.did == "copied up" and one.size <= _LARGEST and len(self._waiting) < _MOST:
                self._waiting[one.path] = _Waiting(one, now, now + _REST)

    def turn(self, find: Callable[[bytes], Entry | None]) -> list[Happening]:
        """Go on for some milliseconds; the happenings whose ``written`` is known now."""
        if self._comparing is None and not self._begin(find):
            return []
        assert self._comparing is not None
        until = time.perf_counter() + _SLICE
        try:
            while time.perf_counter() < until:
                next(self._comparing)
        except StopIteration as over:
            self._stop()
            waiting = self._waiting.pop(self._path, None)
            if over.value is not None and waiting is not None:
                return [replace(waiting.happening, written=over.value)]
        return []

    def close(self) -> None:
        """Compare no more."""
        self._stop()
        self._waiting.clear()

    def _begin(self, find: Callable[[bytes], Entry | None]) -> bool:
        now = time.monotonic()
        path = next((path for path, one in self._waiting.items() if one.due <= now), None)
        if path is None:
            return False
        entry = find(path)
        opened = self._open_both(entry) if entry is not None and entry.copied else None
        if opened is None:
            del self._waiting[path]
            return False
        self._path, self._opened, self._comparing = path, opened, _compared(*opened)
        return True

    def _stop(self) -> None:
        opened, self._opened, self._comparing = self._opened, (), None
        for fd in opened:
            os.close(fd)


def _compared(above: int, below: int) -> Generator[None, None, int | None]:
    """The number of bytes that differ; what one is longer by counts. None if it can't be read or
    is no file."""
    try:
        one, other = os.fstat(above), os.fstat(below)
        if not (stat.S_ISREG(one.st_mode) and stat.S_ISREG(other.st_mode)):
            return None
        differing = abs(one.st_size - other.st_size)
        for place in range(0, min(one.st_size, other.st_size), _CHUNK):
            yield
            differing += _differing(os.pread(above, _CHUNK, place), os.pread(below, _CHUNK, place))
    except OSError:
        return None
    return differing


def _differing(one: bytes, other: bytes) -> int:
    if one == other:
        return 0
    length = min(len(one), len(other))
    mixed = int.from_bytes(one[:length], "little") ^ int.from_bytes(other[:length], "little")
    return length - mixed.to_bytes(length, "little").count(0)
