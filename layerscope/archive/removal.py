"""Removes trees of the host, however deep, without following anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Gone = Callable[[bytes], object]


def remove(folder: int, name: bytes, path: bytes, gone: Gone) -> None:
    """Remove ``name`` in the directory open at ``folder`` and all below it.

    ``gone`` hears of each path that is no more, ``path`` being the one of ``name``. Raises
    OSError. Nobody else may change the tree meanwhile.
    """
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        _remove_tree(folder, name, path, gone)
    else:
        os.unlink(name, dir_fd=folder)
    gone(path)


def _remove_tree(folder: int, name: bytes, path: bytes, gone: Gone) -> None:
    """One descriptor at a time, back up by ``..``: depth costs neither descriptors nor stack."""
    at = os.open(name, _FLAGS, dir_fd=folder)
    try:
        inside = [(name, path, _unlink_files(at, path, gone))]
        while inside:
            name, path, below = inside[-1]
            if below:
                inner = below.pop()
                at = _replace(at, os.open(inner, _FLAGS, dir_fd=at))
                inner_path = path + b"/" + inner
                inside.append((inner, inner_path, _unlink_files(at, inner_path, gone)))
            else:
                at = _replace(at, os.open(b"..", _FLAGS, dir_fd=at))
                os.rmdir(name, dir_fd=at)
                gone(path)
                inside.pop()
    finally:
        os.close(at)


def _replace(old: int, new: int) -> int:
    os.close(old)
    return new


def _unlink_files(folder: int, path: bytes, gone: Gone) -> list[bytes]:
    """Unlink what is no directory, and give the names of what is one."""
    below = []
    for name in map(os.fsencode, os.listdir(folder)):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            below.append(name)
        else:
            os.unlink(name, dir_fd=folder)
            gone(path + b"/" + name)
    return below
