"""A tar stream as entries and their content, in order; what is found is what the index finds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import mmap
from types import MappingProxyType
from typing import Protocol

from layerscope.archive.blob import Readable, fill
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.scan import ScanLimits, ScannedEntries, TarScanner

_BUFFER = 4 << 20
_AHEAD = 3
_NO_XATTRS: Mapping[bytes, bytes] = MappingProxyType({})


class Taker(Protocol):
    """Gets a tar's entries one after the other.

    ``left`` is how many bytes of the entry's stored content (a sparse file's extents, one after
    the other) are still to come in calls of ``more``; the memory is good for the call only.
    """

    def take(self, found: ScannedEntries, row: int, content: memoryview, left: int) -> None:
        """The next entry is ``found``'s ``row``; as much of its content as is there."""

    def more(self, content: memoryview, left: int) -> None:
        """More content of the last entry."""


def read_tar(stream: Readable, taker: Taker, limits: ScanLimits | None = None) -> int:
    """Hand all entries of ``stream``, an uncompressed tar, to ``taker``; the number of entries.

    A thread reads and scans ahead. Raises InvalidTar and what the stream and the taker raise.
    """
    ahead = _Ahead(stream, limits)
    left = 0
    with ahead.running() as parts:
        for part in parts:
            if left:
                content = part.data[:left]
                left -= len(content)
                taker.more(content, left)
            for row in range(part.first, part.last):
                content, left = ahead.content(part, row)
                taker.take(ahead.found, row, content, left)
    return len(ahead.found)


@dataclass(frozen=True, slots=True)
class _Part:
    """A filled buffer, where in the stream it starts, and the rows of the entries found in it."""

    data: memoryview
    base: int
    first: int
    last: int


class _Ahead:
    """Fills a few buffers from the stream and scans them, in a thread of its own."""

    def __init__(self, stream: Readable, limits: ScanLimits | None) -> None:
        self._stream = stream
        self._scanner = TarScanner(limits)
        self.found = self._scanner.entries
        self._free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self._parts: queue.SimpleQueue[_Part | BaseException | None] = queue.SimpleQueue()
        for _ in range(_AHEAD):
            # Mapped, not allocated: a small layer touches a few pages, not twelve megabytes.
            self._free.put(memoryview(mmap(-1, _BUFFER)))

    @contextmanager
    def running(self) -> Iterator[Iterator[_Part]]:
        """The parts of the stream; each one's buffer is used again once the next is asked for."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self._take()
        finally:
            self._free.put(None)
            thread.join()

    def content(self, part: _Part, row: int) -> tuple[memoryview, int]:
        """As much of a row's content as is in ``part``, and how many bytes are still to come."""
        size = _stored_size(self.found, row)
        if not size:
            return part.data[:0], 0
        # Headers may have waited for this buffer; content never does, it starts here.
        start = self.found.offset[row] - part.base
        content = part.data[start : start + size]
        return content, size - len(content)

    def _take(self) -> Iterator[_Part]:
        while (part := self._parts.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            yield part
            self._free.put(part.data)

    def _run(self) -> None:
        try:
            self._read()
        except BaseException as error:
            self._parts.put(error)

    def _read(self) -> None:
        base = 0
        while (memory := self._free.get()) is not None:
            first = len(self.found)
            data = memory[: fill(self._stream, memory)]
            self._scanner.feed(data)
            self._parts.put(_Part(data, base, first, len(self.found)))
            base += len(data)
            if len(data) < len(memory):
                self._scanner.finish()
                self._parts.put(None)
                return


def entry_at(found: ScannedEntries, row: int) -> Entry:
    """A row as an entry, its name as written."""
    return Entry(
        path=found.names[row],
        kind=Kind(found.kind[row]),
        mode=found.mode[row],
        uid=found.uid[row],
        gid=found.gid[row],
        size=found.size[row],
        mtime=found.mtime[row],
        mtime_ns=found.mtime_ns[row],
        link=found.links.get(row, b""),
        device=found.devices.get(row, (0, 0)),
        xattrs=found.xattrs.get(row, _NO_XATTRS),
        sparse=found.sparse.get(row),
        data_offset=found.offset[row],
    )


def _stored_size(found: ScannedEntries, row: int) -> int:
    if found.kind[row] != Kind.FILE:
        return 0
    if row in found.sparse:
        return sum(length for _, length in found.sparse[row])
    return found.size[row]
