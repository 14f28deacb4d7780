"""Descriptors of directories, a bounded number of them, opened without following a symlink."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from typing import NamedTuple, Protocol

from layerscope.cow.stat import is_whiteout_device

# O_PATH needs no permission to read; O_NOFOLLOW on every step keeps the walk inside its root.
_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Directory(Protocol):
    """Something that can hold a descriptor: ``fd`` is -1 while there is none."""

    fd: int

    def host_parent(self) -> Directory | None:
        """The directory it stands in, None for a root (whose descriptor stays open)."""

    def host_name(self) -> bytes:
        """Its name there."""


class Descriptors:
    """Opens directories step by step from their root and remembers the newest.

    Descriptors are only taken away in :meth:`trim`, between operations, so that a number in hand
    never changes its meaning.
    """

    def __init__(self, limit: int = 192) -> None:
        self._limit = limit
        self._open: deque[Directory] = deque()

    def get(self, directory: Directory) -> int:
        """The descriptor of ``directory`` (O_PATH). Raises OSError if it isn't there any more."""
        fd = directory.fd
        if fd >= 0:
            return fd
        parent = directory.host_parent()
        if parent is None:
            raise OSError(errno.EBADF, "the layer is closed")
        fd = os.open(directory.host_name(), _FLAGS, dir_fd=self.get(parent))
        self.adopt(directory, fd)
        return fd

    def adopt(self, directory: Directory, fd: int) -> None:
        """Remember ``fd`` as the descriptor of ``directory``."""
        directory.fd = fd
        self._open.append(directory)

    def release(self, directory: Directory) -> None:
        """Close the descriptor of a directory that is gone."""
        if directory.fd >= 0:
            os.close(directory.fd)
            directory.fd = -1

    def trim(self) -> None:
        """Close the oldest above the limit; only call it when no number is in use."""
        while len(self._open) > self._limit:
            self.release(self._open.popleft())

    def close(self) -> None:
        """Close them all."""
        while self._open:
            self.release(self._open.pop())


def open_root(path: str | bytes | os.PathLike[str]) -> int:
    """A descriptor of a host directory by its path (symlinks on the way are the host's own)."""
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


class Listed(NamedTuple):
    """One entry of a host directory."""

    name: bytes
    fmt: int
    whiteout_device: bool


def read_directory(fd: int) -> list[Listed]:
    """What the directory behind an O_PATH descriptor holds, as it lies."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
    try:
        with os.scandir(readable) as entries:
            return [_listed(entry) for entry in entries]
    finally:
        os.close(readable)


def _listed(entry: os.DirEntry[str]) -> Listed:
    name = os.fsencode(entry.name)
    if entry.is_file(follow_symlinks=False):
        return Listed(name, stat.S_IFREG, False)
    if entry.is_dir(follow_symlinks=False):
        return Listed(name, stat.S_IFDIR, False)
    if entry.is_symlink():
        return Listed(name, stat.S_IFLNK, False)
    found = entry.stat(follow_symlinks=False)
    return Listed(name, stat.S_IFMT(found.st_mode), is_whiteout_device(found))
