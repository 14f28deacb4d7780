"""One pass over a layer's bytes: read, inflate, hash and scan at once, on both cores.

The caller's thread reads into a ring of large buffers, a second one hashes them (digest and diffID)
behind it. Scanning is done by whoever has less to do: the reader, but of compressed layers, where
inflating takes longest, the second thread. Reading, inflating and hashing release the interpreter's
lock; a third thread would spend more time waiting for that than it saves.
"""

from __future__ import annotations

import hashlib
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from layerscope.archive.blob import Readable, fill
from layerscope.archive.codec import Codec, Limits, decoded, detect
from layerscope.archive.scan import ScanLimits, ScannedEntries, TarScanner
from layerscope.oci.digest import Digest

BUFFER = 4 << 20
_RING = 4
_HEAD = 4096
_INPUT = 256 << 10
# Seconds. Who has inflated or hashed waits for the interpreter's lock as long as the scanner may
# keep it: with Python's own 5 ms a gzip layer takes a tenth longer.
_SWITCH = 0.001

Sink = Callable[[bytes | memoryview], object]
Watch = Callable[[int], object]
_Use = Callable[[Any], object]


class Passed(NamedTuple):
    """What one pass over a layer found; sizes in bytes."""

    entries: ScannedEntries
    codec: Codec
    digest: Digest
    diff_id: Digest
    blob_size: int
    tar_size: int


def pass_over(
    raw: BinaryIO,
    *,
    watch: Watch,
    limits: Limits | None = None,
    scan_limits: ScanLimits | None = None,
    sink: Sink | None = None,
) -> Passed:
    """Read a layer blob from ``raw`` to its end, once.

    ``watch`` hears how many bytes of the blob are read and may raise to stop; ``sink`` gets the
    blob's bytes as they are read. This process's threads take turns every millisecond from then
    on. Raises what the codec and the scanner raise, and OSError.
    """
    sys.setswitchinterval(min(_SWITCH, sys.getswitchinterval()))
    return _Pass(raw, watch, limits, sink).run(TarScanner(scan_limits))


class _Behind:
    """A thread that works on what it is given, in order; a ring of buffers goes through it."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue[tuple[bytes | memoryview, tuple[_Use, ...]] | None]
        self._todo = queue.SimpleQueue()
        self._free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._made = 0  # buffers, as they are needed: a small layer fills none twice

    def __enter__(self) -> _Behind:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._todo.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def buffer(self) -> memoryview:
        """A buffer to fill; waits for one. Raises what the work before has raised."""
        if self._made < _RING and self._free.empty():
            self._made += 1
            memory = memoryview(bytearray(BUFFER))
        else:
            memory = memoryview(self._free.get())
        if self._error is not None:
            raise self._error
        return memory

    def take(self, chunk: bytes | memoryview, *uses: _Use) -> None:
        """Put a chunk to its uses; a buffer is free again after that."""
        self._todo.put((chunk, uses))

    def _work(self) -> None:
        while item := self._todo.get():
            chunk, uses = item
            try:
                for use in uses if self._error is None else ():
                    use(chunk)
            except BaseException as error:
                self._error = error
            if isinstance(chunk, memoryview) and isinstance(chunk.obj, bytearray):
                self._free.put(chunk.obj)


class _Pass:
    """One blob on its way through decoder, hashes and scanner."""

    def __init__(
        self, raw: BinaryIO, watch: Watch, limits: Limits | None, sink: Sink | None
    ) -> None:
        self._source = _Source(raw, self._took)
        self._codec = detect(self._source.head)
        self._watch, self._limits, self._sink = watch, limits, sink
        self._behind = _Behind()
        self._digest, self._diff_id = hashlib.sha256(), hashlib.sha256()
        self._blob_size = self._tar_size = 0

    def run(self, scanner: TarScanner) -> Passed:
        """Read to the end; the second thread is gone afterwards, whatever happens."""
        with self._behind:
            self._read(scanner)
        diff_id = Digest("sha256", self._diff_id.hexdigest())
        plain = self._codec is Codec.PLAIN
        return Passed(
            entries=scanner.finish(),
            codec=self._codec,
            digest=diff_id if plain else Digest("sha256", self._digest.hexdigest()),
            diff_id=diff_id,
            blob_size=self._blob_size,
            tar_size=self._tar_size,
        )

    def _read(self, scanner: TarScanner) -> None:
        plain = self._codec is Codec.PLAIN
        stream: Readable = (
            self._source if plain else decoded(self._source, self._codec, self._limits)
        )
        size = BUFFER
        while size == BUFFER:
            buffer = self._behind.buffer()
            size = fill(stream, buffer)
            self._tar_size += size
            filled = buffer[:size]
            if plain:
                self._behind.take(filled, self._diff_id.update)
                scanner.feed(filled)
            else:
                self._behind.take(filled, self._diff_id.update, scanner.feed)

    def _took(self, data: bytes | memoryview) -> None:
        self._blob_size += len(data)
        if self._sink:
            self._sink(data)
        if self._codec is not Codec.PLAIN:
            self._behind.take(bytes(data), self._digest.update)
        self._watch(self._blob_size)


class _Source:
    """The blob's bytes, first to last; ``took`` hears of each as it is read."""

    def __init__(self, raw: BinaryIO, took: Callable[[bytes | memoryview], None]) -> None:
        self.head = raw.read(_HEAD)
        self._raw, self._took = raw, took
        self._rest = self.head

    def read(self, size: int = _INPUT) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        data, self._rest = self._rest or self._raw.read(size), b""
        if data:
            self._took(data)
        return data

    def readinto(self, memory: memoryview) -> int:
        """Fill ``memory`` with what one read gives; the number of bytes."""
        size = len(self._rest)
        if size:
            memory[:size], self._rest = self._rest, b""
        else:
            size = self._raw.readinto(memory)  # type: ignore[attr-defined]
        if size:
            self._took(memory[:size])
        return size
