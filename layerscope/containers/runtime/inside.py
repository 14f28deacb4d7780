"""Paths of a container, looked up from outside: no symlink and no ``..`` leads out of its root."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

_MAX_LINKS = 40  # path_resolution(7)


@contextlib.contextmanager
def opened(root: int, path: bytes, make: int | None = None) -> Iterator[int]:
    """A descriptor (O_PATH) of what ``path`` is to a process whose root the folder ``root`` is.

    ``make`` is the type, ``S_IFDIR`` or ``S_IFREG``, of what is made where nothing is, with the
    folders above it. Raises OSError.
    """
    way = [os.dup(root)]  # the folders from the root down to where we are
    try:
        _walk(way, path, make)
        yield way[-1]
    finally:
        _leave(way, 0)


def _walk(way: list[int], path: bytes, make: int | None) -> None:
    todo = _parts(path)
    links = 0
    while todo:
        part = todo.pop()
        if part == b"..":
            _leave(way, max(1, len(way) - 1))
            continue
        kind = stat.S_IFDIR if todo and make is not None else make
        found = _step(way[-1], part, kind)
        if not stat.S_ISLNK(os.fstat(found).st_mode):
            way.append(found)
            continue
        target = os.readlink(b"", dir_fd=found)
        os.close(found)
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith(b"/"):
            _leave(way, 1)
        todo += _parts(target)


def _parts(path: bytes) -> list[bytes]:
    """The names of a path, the last first."""
    return [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]


def _step(folder: int, name: bytes, make: int | None) -> int:
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        if make is None:
            raise
    if make == stat.S_IFDIR:
        os.mkdir(name, 0o755, dir_fd=folder)
    else:
        os.mknod(name, stat.S_IFREG | 0o755, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder)


def _leave(way: list[int], kept: int) -> None:
    while len(way) > kept:
        os.close(way.pop())
