"""What a writable layer weighs, found by walking it: the two models that Docker has."""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerscope.cow.stat import NAME_MAX, PATH_MAX

_BLOCK = 512
_LONGEST = PATH_MAX - NAME_MAX - 2  # a directory's path with that of what is in it goes into one


class SizeModel(enum.Enum):
    """Whose figures."""

    CLASSIC = "bytes of files, as Docker's own storage drivers count"
    CONTAINERD = "disk blocks with directories, as containerd's snapshots count"


@dataclass(frozen=True, slots=True)
class Usage:
    """``size`` in bytes; ``inodes`` counts each file once, however many names it has."""

    size: int
    inodes: int


def layer_usage(
    upper: Path,
    model: SizeModel = SizeModel.CLASSIC,
    unread: Callable[[PermissionError], object] | None = None,
) -> Usage:
    """Walk a writable layer's directory.

    Classic: the length of everything but directories, symlinks by their target, sparse files
    whole, each inode once, whiteouts nothing. Containerd: the blocks of all of it, the directory
    itself included. What vanishes during the walk isn't counted; nor is what is in directories that
    this user may not read, each of which is told to ``unread``. Raises OSError if ``upper`` can't
    be read, or, without ``unread``, one of those.
    """
    seen: set[int] = set()
    size = 0
    for found in _inodes(upper, unread):
        if found.st_ino in seen:
            continue
        seen.add(found.st_ino)
        size += weight(found, model)
    return Usage(size, len(seen))


def weight(found: os.stat_result, model: SizeModel) -> int:
    """What one inode adds."""
    if model is SizeModel.CONTAINERD:
        return found.st_blocks * _BLOCK
    if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
        return found.st_size
    return 0


def _inodes(
    upper: Path, unread: Callable[[PermissionError], object] | None
) -> Iterator[os.stat_result]:
    yield os.lstat(upper)
    pending = [os.fsencode(upper)]
    while pending:
        directory = pending.pop()
        try:
            with _scanned(directory) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(directory + b"/" + os.fsencode(entry.name))
        except FileNotFoundError:
            continue
        except PermissionError as error:
            if unread is None or directory == os.fsencode(upper):
                raise
            unread(error)


def _scanned(directory: bytes) -> AbstractContextManager[Iterator[os.DirEntry[Any]]]:
    return os.scandir(directory) if len(directory) < _LONGEST else _scanned_along(directory)


@contextmanager
def _scanned_along(directory: bytes) -> Iterator[Iterator[os.DirEntry[str]]]:
    """A path that is too long for one system call is gone along in pieces."""
    fd = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while directory:
            piece, directory = _cut(directory)
            inner = os.open(piece, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
            os.close(fd)
            fd = inner
        with os.scandir(fd) as entries:
            yield entries
    finally:
        os.close(fd)


def _cut(path: bytes) -> tuple[bytes, bytes]:
    """The beginning of a path that is short enough, and the rest."""
    if len(path) < _LONGEST:
        return path, b""
    at = path.rindex(b"/", 0, _LONGEST)
    return path[:at], path[at + 1 :]
