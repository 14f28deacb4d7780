"""What a writable layer weighs, found by walking it: the two models that Docker has."""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 512


class SizeModel(enum.Enum):
    """Whose figures."""

    CLASSIC = "bytes of files, as Docker's own storage drivers count"
    CONTAINERD = "disk blocks with directories, as containerd's snapshots count"


@dataclass(frozen=True, slots=True)
class Usage:
    """``size`` in bytes; ``inodes`` counts each file once, however many names it has."""

    size: int
    inodes: int


def layer_usage(upper: Path, model: SizeModel = SizeModel.CLASSIC) -> Usage:
    """Walk a writable layer's directory.

    Classic: the length of everything but directories, symlinks by their target, sparse files
    whole, each inode once, whiteouts nothing. Containerd: the blocks of all of it, the directory
    itself included. What vanishes during the walk isn't counted. Raises OSError if ``upper`` can't
    be read.
    """
    seen: set[int] = set()
    size = 0
    for found in _inodes(upper):
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


def _inodes(upper: Path) -> Iterator[os.stat_result]:
    yield os.lstat(upper)
    pending = [os.fsencode(upper)]
    while pending:
        directory = pending.pop()
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except FileNotFoundError:
            continue
