"""What stat(2) says of a path in the union."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

# One file system's worth of a name and of a path (PATH_MAX counts the final NUL).
NAME_MAX = 255
PATH_MAX = 4096

WHITEOUT_DEVICE = os.makedev(0, 0)


class Stat(NamedTuple):
    """Metadata of one file. ``mode`` has the type bits; times are nanoseconds since 1970.

    ``size`` is bytes, ``blocks`` counts 512-byte units of disk (0 for what lies in a blob),
    ``ino`` is a number that is unique within one layer only.
    """

    mode: int
    uid: int
    gid: int
    rdev: int
    size: int
    blocks: int
    nlink: int
    ino: int
    atime_ns: int
    mtime_ns: int

    @property
    def fmt(self) -> int:
        """The type bits alone, as ``stat.S_IFMT`` gives them."""
        return stat.S_IFMT(self.mode)

    @property
    def perm(self) -> int:
        """The permission bits with suid, sgid and sticky."""
        return stat.S_IMODE(self.mode)

    @classmethod
    def of(cls, found: os.stat_result) -> Stat:
        """What the host says, as it says it."""
        return cls(
            found.st_mode,
            found.st_uid,
            found.st_gid,
            found.st_rdev,
            found.st_size,
            found.st_blocks,
            found.st_nlink,
            found.st_ino,
            found.st_atime_ns,
            found.st_mtime_ns,
        )


def is_whiteout_device(found: os.stat_result) -> bool:
    """Whether this is the kernel's whiteout: a character device 0:0."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == WHITEOUT_DEVICE
