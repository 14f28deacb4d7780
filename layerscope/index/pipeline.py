"""One pass over a layer's bytes: read, inflate, hash and scan at once, on both cores.

One thread reads and inflates into a ring of buffers, one hashes (digest and diffID), the caller's
thread scans. Inflating and hashing release the interpreter's lock.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from layerscope.archive.codec import Codec, Limits, decoded, detect
from layerscope.archive.scan import ScanLimits, ScannedEntries, TarScanner
from layerscope.errors import Cancelled
from layerscope.oci.digest import Digest

if TYPE_CHECKING:
    from hashlib import _Hash

BUFFER = 1 << 20
_RING = 6
_HEAD = 4096

Sink = Callable[[bytes | memoryview], object]
Watch = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Passed:
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
    blob's bytes as they are read. Raises what the codec and the scanner raise, and OSError.
    """
    return _Pass(raw, limits, sink).run(watch, TarScanner(scan_limits))


class _Buffer:
    """One buffer of the ring; free again when its users have released it."""

    def __init__(self, free: queue.SimpleQueue[_Buffer]) -> None:
        self.memory = memoryview(bytearray(BUFFER))
        self.filled = self.memory[:0]
        self._free = free
        self._users = 0
        self._lock = threading.Lock()
        free.put(self)

    def lend(self, size: int, users: int) -> None:
        """Say how much of it is filled and how many will release it."""
        self.filled, self._users = self.memory[:size], users

    def release(self) -> None:
        """One user is done."""
        with self._lock:
            self._users -= 1
            last = not self._users
        if last:
            self._free.put(self)


class _Pass:
    """The three threads of one pass and what they hand on."""

    def __init__(self, raw: BinaryIO, limits: Limits | None, sink: Sink | None) -> None:
        self._raw, self._limits, self._sink = raw, limits or Limits(), sink
        self._stop = threading.Event()
        self._free: queue.SimpleQueue[_Buffer] = queue.SimpleQueue()
        self._to_scan: queue.SimpleQueue[_Buffer | BaseException | None] = queue.SimpleQueue()
        self._to_hash: queue.SimpleQueue[tuple[_Hash, _Buffer | bytes] | None] = queue.SimpleQueue()
        self._digest, self._diff_id = hashlib.sha256(), hashlib.sha256()
        self._codec = Codec.PLAIN
        self._blob_size = self._tar_size = 0
        for _ in range(_RING):
            _Buffer(self._free)

    def run(self, watch: Watch, scanner: TarScanner) -> Passed:
        """Start the threads, scan, and wait for them, whatever happens."""
        hasher = threading.Thread(target=self._hash, daemon=True)
        reader = threading.Thread(target=self._read, daemon=True)
        hasher.start()
        reader.start()
        try:
            entries = self._scan(watch, scanner)
        finally:
            self._stop.set()
            reader.join()
            self._to_hash.put(None)
            hasher.join()
        diff_id = Digest("sha256", self._diff_id.hexdigest())
        plain = self._codec is Codec.PLAIN
        return Passed(
            entries=entries,
            codec=self._codec,
            digest=diff_id if plain else Digest("sha256", self._digest.hexdigest()),
            diff_id=diff_id,
            blob_size=self._blob_size,
            tar_size=self._tar_size,
        )

    def _scan(self, watch: Watch, scanner: TarScanner) -> ScannedEntries:
        while (item := self._to_scan.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            scanner.feed(item.filled)
            item.release()
            watch(self._blob_size)
        return scanner.finish()

    def _hash(self) -> None:
        while item := self._to_hash.get():
            digest, data = item
            if isinstance(data, _Buffer):
                digest.update(data.filled)
                data.release()
            else:
                digest.update(data)

    def _read(self) -> None:
        try:
            self._read_all()
        except BaseException as error:
            self._to_scan.put(error)
        else:
            self._to_scan.put(None)

    def _read_all(self) -> None:
        source = _Source(self._raw, self._took)
        self._codec = detect(source.head)
        plain = self._codec is Codec.PLAIN
        stream: _Readable = source if plain else decoded(source, self._codec, self._limits)
        size = BUFFER
        while size == BUFFER:
            buffer = self._take_buffer()
            size = _fill(stream, buffer.memory)
            self._tar_size += size
            buffer.lend(size, users=2)
            self._to_hash.put((self._diff_id, buffer))
            self._to_scan.put(buffer)

    def _take_buffer(self) -> _Buffer:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Empty):
                return self._free.get(timeout=0.2)
        raise Cancelled

    def _took(self, data: bytes | memoryview) -> None:
        self._blob_size += len(data)
        if self._sink:
            self._sink(data)
        if self._codec is not Codec.PLAIN:
            self._to_hash.put((self._digest, bytes(data)))


class _Readable(Protocol):
    def readinto(self, memory: memoryview, /) -> int: ...


class _Source:
    """The blob's bytes, first to last; ``took`` hears of each as it is read."""

    def __init__(self, raw: BinaryIO, took: Callable[[bytes | memoryview], None]) -> None:
        self.head = raw.read(_HEAD)
        self._raw, self._took = raw, took
        self._rest = self.head

    def read(self, size: int = BUFFER) -> bytes:
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


def _fill(stream: _Readable, memory: memoryview) -> int:
    """Fill ``memory`` unless the stream ends before; the number of bytes."""
    filled = 0
    while filled < len(memory):
        size = stream.readinto(memory[filled:])
        if not size:
            break
        filled += size
    return filled
