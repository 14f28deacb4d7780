"""Where a blob's bytes lie: a whole file, or a stretch of one (a member of an archive)."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class BrokenBlob(LayerscopeError):
    """A blob's bytes are damaged, or end before they should."""


class ByteSource(Protocol):
    """Bytes in order; short reads are fine, none means the end."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes."""

    def readinto(self, memory: memoryview, /) -> int:
        """Put up to ``len(memory)`` bytes into ``memory``; how many."""


class Readable(Protocol):
    """Bytes in order into memory; short reads are fine, none means the end."""

    def readinto(self, memory: memoryview, /) -> int | None:
        """Put up to ``len(memory)`` bytes into ``memory``; how many."""


def fill(stream: Readable, memory: memoryview) -> int:
    """Fill ``memory`` unless the stream ends before; the number of bytes. Raises what it raises."""
    filled = 0
    while filled < len(memory):
        size = stream.readinto(memory[filled:])
        if not size:
            break
        filled += size
    return filled


class FileRange(NamedTuple):
    """``size`` bytes of a file from ``offset`` on."""

    path: Path
    offset: int
    size: int

    @classmethod
    def whole(cls, path: Path) -> FileRange:
        """All of a file as it is now. Raises OSError."""
        return cls(path, 0, path.stat().st_size)

    def open(self) -> RangeReader:
        """A reader of these bytes and no others. Raises OSError."""
        return RangeReader(self)


class RangeReader(io.RawIOBase):
    """Reads a FileRange as a file of its own: position 0 is the range's first byte.

    A read raises BrokenBlob where the file ends before the range does. :meth:`pread` may be
    called from several threads; the rest, as any file, from one at a time.
    """

    def __init__(self, where: FileRange) -> None:
        self._where = where
        self._position = 0
        self._fd = os.open(where.path, os.O_RDONLY | os.O_CLOEXEC)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._where.size}
        self._position = max(0, start[whence] + offset)
        return self._position

    def readinto(self, memory: WriteableBuffer) -> int:
        """Fill ``memory`` from the position on; short only at the range's end."""
        with memoryview(memory).cast("B") as whole:
            size = self._read_at(self._position, whole)
        self._position += size
        return size

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; all that is left for -1 or None."""
        wanted = self._where.size if size is None or size < 0 else size
        data = self.pread(self._position, wanted)
        self._position += len(data)
        return data

    def pread(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset`` on, wherever the position is."""
        left = max(0, min(size, self._where.size - offset))
        data = os.pread(self._fd, left, self._where.offset + offset)
        if len(data) == left:
            return data
        rest = bytearray(left)
        self._read_at(offset, memoryview(rest))
        return bytes(rest)

    def _read_at(self, offset: int, memory: memoryview) -> int:
        wanted = max(0, min(len(memory), self._where.size - offset))
        done = 0
        while done < wanted:
            at = self._where.offset + offset + done
            size = os.preadv(self._fd, [memory[done:wanted]], at)
            if not size:
                raise BrokenBlob(str(self._where.path), f"it ends too early, at byte {at}")
            done += size
        return done

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()
