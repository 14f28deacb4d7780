"""A new file while its content comes in, in pieces, holes left as holes."""

from __future__ import annotations

import os

from layerscope.archive.entry import Entry
from layerscope.archive.nodes import Nodes

_Extents = list[tuple[int, int]]


class Filling:
    """The file open at ``fd``, for ``entry``'s stored content in the order of the tar."""

    def __init__(self, fd: int, entry: Entry, nodes: Nodes) -> None:
        self._fd = fd
        self._entry = entry
        self._nodes = nodes
        self._holes = entry.sparse is not None
        self._extents: _Extents = list(reversed(entry.sparse)) if entry.sparse else []

    def write(self, content: memoryview) -> None:
        """The next bytes. Raises OSError."""
        if not self._holes:
            self._write(content)
            return
        while content:
            offset, length = self._extents.pop()
            os.lseek(self._fd, offset, os.SEEK_SET)
            piece = content[:length]
            self._write(piece)
            content = content[length:]
            if len(piece) < length:
                self._extents.append((offset + len(piece), length - len(piece)))

    def _write(self, content: memoryview) -> None:
        while content:
            content = content[os.write(self._fd, content) :]

    def finish(self) -> None:
        """All content is there: set size, owner, mode, attributes and times. Raises OSError."""
        try:
            if self._holes:
                os.ftruncate(self._fd, self._entry.size)
            self._nodes.finish(self._fd, self._entry)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
