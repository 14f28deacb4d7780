"""A regular file of the host, open for reading as a layer's content."""

from __future__ import annotations

import errno
import os


class HostFile:
    """The content of a file behind a descriptor, which it owns."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def pread(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``."""
        return os.pread(self._fd, size, offset)

    def extents(self) -> list[tuple[int, int]]:
        """The parts that aren't holes, as (offset, length) in bytes."""
        found = os.fstat(self._fd)
        if found.st_size == 0:
            return []
        if found.st_blocks * 512 >= found.st_size:
            return [(0, found.st_size)]
        return _data_extents(self._fd, found.st_size)

    def close(self) -> None:
        """Close the descriptor."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _data_extents(fd: int, size: int) -> list[tuple[int, int]]:
    extents: list[tuple[int, int]] = []
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
            at = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            if error.errno == errno.EINVAL:
                return [(0, size)]
            raise
        extents.append((start, at - start))
    return extents
