"""A tar stream as entries and their content, in order; what is found is what the index finds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Protocol

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.scan import ScanLimits, ScannedEntries, TarScanner

_BUFFER = 1 << 20
_AHEAD = 4
_NO_XATTRS: Mapping[bytes, bytes] = MappingProxyType({})


class TarStream(Protocol):
    """Uncompressed tar bytes; ``readinto`` fills the buffer unless they end first."""

    def readinto(self, memory: memoryview, /) -> int | None:
        """Put bytes into ``memory``; how many."""


class Taker(Protocol):
    """Gets a tar's entries one after the other.

    ``left`` is how many bytes of the entry's stored content (a sparse file's extents, one after
    the other) are still to come in calls of ``more``; the memory is good for the call only.
    """

    def take(self, entry: Entry, content: memoryview, left: int) -> None:
        """The next entry, its name as written, and as much of its content as is there."""

    def more(self, content: memoryview, left: int) -> None:
        """More content of the last entry."""


def read_tar(stream: TarStream, taker: Taker, limits: ScanLimits | None = None) -> int:
    """Hand all entries of ``stream`` to ``taker``; the number of entries.

    A thread reads ahead. Raises InvalidTar and what the stream and the taker raise.
    """
    reader = _Reader(taker, limits)
    with _ahead(stream) as buffers:
        for buffer in buffers:
            reader.feed(buffer)
    return reader.finish()


class _Reader:
    """Finds entries in each buffer and where in it their content lies."""

    def __init__(self, taker: Taker, limits: ScanLimits | None) -> None:
        self._scanner = TarScanner(limits)
        self._taker = taker
        self._found = self._scanner.entries
        self._base = 0
        self._left = 0

    def feed(self, buffer: memoryview) -> None:
        """Take the next buffer of the stream."""
        first = len(self._found)
        self._scanner.feed(buffer)
        if self._left:
            content = buffer[: self._left]
            self._left -= len(content)
            self._taker.more(content, self._left)
        for row in range(first, len(self._found)):
            self._hand_on(row, buffer)
        self._base += len(buffer)

    def _hand_on(self, row: int, buffer: memoryview) -> None:
        entry = _entry(self._found, row)
        size = _stored_size(entry)
        # Headers may have waited for this buffer; content never does, it starts here or later.
        start = entry.data_offset - self._base
        content = buffer[start : start + size] if size else buffer[:0]
        self._left = size - len(content)
        self._taker.take(entry, content, self._left)

    def finish(self) -> int:
        """The number of entries. Raises InvalidTar if the stream ended too early."""
        return len(self._scanner.finish())


def _entry(found: ScannedEntries, row: int) -> Entry:
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


def _stored_size(entry: Entry) -> int:
    if entry.kind is not Kind.FILE:
        return 0
    if entry.sparse is None:
        return entry.size
    return sum(length for _, length in entry.sparse)


@contextmanager
def _ahead(stream: TarStream) -> Iterator[Iterator[memoryview]]:
    """Buffers of the stream, filled by a thread; each is used again once the next is asked for."""
    free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
    filled: queue.SimpleQueue[memoryview | BaseException] = queue.SimpleQueue()
    for _ in range(_AHEAD):
        free.put(memoryview(bytearray(_BUFFER)))
    thread = threading.Thread(target=_fill, args=(stream, free, filled), daemon=True)
    thread.start()
    try:
        yield _drain(free, filled)
    finally:
        free.put(None)
        # A buffer may stand before the sign to stop; the thread fills it and then stops.
        thread.join()


def _fill(
    stream: TarStream,
    free: queue.SimpleQueue[memoryview | None],
    filled: queue.SimpleQueue[memoryview | BaseException],
) -> None:
    try:
        while (memory := free.get()) is not None:
            size = stream.readinto(memory) or 0
            filled.put(memory[:size])
            if size < len(memory):
                return
    except BaseException as error:
        filled.put(error)


def _drain(
    free: queue.SimpleQueue[memoryview | None],
    filled: queue.SimpleQueue[memoryview | BaseException],
) -> Iterator[memoryview]:
    while True:
        item = filled.get()
        if isinstance(item, BaseException):
            raise item
        yield item
        if len(item) < _BUFFER:
            return
        free.put(item)
