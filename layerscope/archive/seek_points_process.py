"""Run as a program: finds the seek points of a gzip blob with rapidgzip, in the GZIDX format.

A process of its own, because a native reader of hostile data may crash or take all memory, and
neither may happen to the explorer. Arguments: file, offset, size, output. Prints how many bytes of
the blob are done with, line by line.
"""

from __future__ import annotations

import io
import os
import resource
import sys

import rapidgzip

_MEMORY = 4 << 30
_STEP = 64 << 20


class _Range(io.RawIOBase):
    """The bytes of the blob as a file."""

    def __init__(self, path: str, offset: int, size: int) -> None:
        self._fd = os.open(path, os.O_RDONLY)
        self._offset, self._size, self._position = offset, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        # Its own descriptor would lead rapidgzip to the file around the range.
        raise io.UnsupportedOperation

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        wanted = left if size < 0 else min(size, left)
        data = os.pread(self._fd, wanted, self._offset + self._position)
        self._position += len(data)
        return data


def main(path: str, offset: str, size: str, output: str) -> None:
    """Write the points of a blob to ``output``."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    blob = _Range(path, int(offset), int(size))
    with rapidgzip.open(blob, parallelization=1) as file:
        position = 0
        while file.seek(position) == position:
            print(file.tell_compressed() // 8, flush=True)
            position += _STEP
        file.export_index(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
