"""Directories below a root, opened one component at a time and never through a symlink.

Paths inside layers can be longer than the kernel takes in one call, and deeper than a process has
descriptors: each directory is opened from the nearest open one above it, and few are kept.
"""

from __future__ import annotations

import os
from pathlib import Path

_KEEP = 100
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Folders:
    """Descriptors of the directories below ``root``, by their path relative to it.

    For one thread. A descriptor stays good until the next call.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._open: dict[bytes, int] = {}

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fd(self, path: bytes) -> int:
        """A descriptor of the directory ``path``.

        Raises OSError if there is none: FileNotFoundError, or NotADirectoryError where something
        else, a symlink say, stands on the way.
        """
        if not path:
            return self._root
        fd = self._open.get(path)
        return self._open_below(path) if fd is None else fd

    def forget(self, path: bytes) -> None:
        """``path`` is no more, or something else: close it and what is below it."""
        below = path + b"/"
        gone = [known for known in self._open if known == path or known.startswith(below)]
        for known in gone:
            os.close(self._open.pop(known))

    def close(self) -> None:
        """Close all descriptors."""
        for fd in (*self._open.values(), self._root):
            os.close(fd)
        self._open.clear()

    def _open_below(self, path: bytes) -> int:
        above = path
        while above and above not in self._open:
            above = above.rpartition(b"/")[0]
        fd = self._open[above] if above else self._root
        position = len(above)
        while position < len(path):
            start = position + 1 if position else 0
            position = path.find(b"/", start)
            position = len(path) if position < 0 else position
            self._make_room(fd)
            fd = os.open(path[start:position], _FLAGS, dir_fd=fd)
            self._open[path[:position]] = fd
        return fd

    def _make_room(self, needed: int) -> None:
        if len(self._open) < _KEEP:
            return
        oldest = next(known for known, fd in self._open.items() if fd != needed)
        os.close(self._open.pop(oldest))


def host_path(folder: int, name: bytes) -> bytes:
    """A path for calls that take no directory descriptor; its last part must not be followed."""
    return b"/proc/self/fd/%d/%s" % (folder, name)
