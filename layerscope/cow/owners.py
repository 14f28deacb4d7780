"""Owner, mode and device of a file whose inode can't hold them.

An ordinary user can't chown, can't make devices and locks himself out with a mode of 0000. What
the inode can't say stands in an xattr, ``UID:GID:MODE[:TYPE]`` (fuse-overlayfs(1)).
"""

from __future__ import annotations

import os
import re
import stat
from typing import NamedTuple

from layerscope.cow import xattrs
from layerscope.cow.stat import Stat

_FORMATS = {
    "file": stat.S_IFREG,
    "dir": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "pipe": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
    "block": stat.S_IFBLK,
    "char": stat.S_IFCHR,
}
_WORDS = {fmt: word for word, fmt in _FORMATS.items()}
_VALUE = re.compile(rb"(\d+):(\d+):([0-7]+)(?::([a-z]+)(?:-(\d+)-(\d+))?)?")
_CARRIERS = (stat.S_IFREG, stat.S_IFDIR)


class Override(NamedTuple):
    """What the xattr says; ``fmt`` is None where the inode's own type stands."""

    uid: int
    gid: int
    perm: int
    fmt: int | None = None
    rdev: int = 0

    def value(self) -> bytes:
        """As it is stored."""
        text = f"{self.uid}:{self.gid}:{self.perm:o}"
        if self.fmt is not None:
            text += ":" + _WORDS[self.fmt]
        if self.fmt in (stat.S_IFBLK, stat.S_IFCHR):
            text += f"-{os.major(self.rdev)}-{os.minor(self.rdev)}"
        return text.encode()

    @classmethod
    def parse(cls, value: bytes) -> Override | None:
        """None for a value that makes no sense: another tool's, or edited by hand."""
        match = _VALUE.fullmatch(value.rstrip(b"\0"))
        if match is None:
            return None
        uid, gid, perm, word, major, minor = match.groups()
        fmt = _FORMATS.get(word.decode()) if word is not None else None
        if word is not None and fmt is None:
            return None
        rdev = os.makedev(int(major), int(minor)) if major is not None else 0
        return cls(int(uid), int(gid), int(perm, 8) & 0o7777, fmt, rdev)


def read_override(path: bytes | int, found: Stat) -> Override | None:
    """The override of a file, if its kind may carry one and it does."""
    if found.fmt not in _CARRIERS:
        return None
    value = xattrs.get(path, xattrs.OVERRIDE_STAT)
    if value is None:
        value = xattrs.get(path, xattrs.CONTAINERS_OVERRIDE_STAT)
    return Override.parse(value) if value is not None else None


def shown_as(found: Stat, override: Override | None, uid: int, gid: int) -> Stat:
    """How the container sees it: this process's own ``uid`` and ``gid`` are its root."""
    if override is None:
        return found._replace(
            uid=0 if found.uid == uid else found.uid, gid=0 if found.gid == gid else found.gid
        )
    fmt = found.fmt if override.fmt is None else override.fmt
    return found._replace(
        mode=fmt | override.perm, uid=override.uid, gid=override.gid, rdev=override.rdev
    )


def host_perm(fmt: int, perm: int) -> int:
    """The mode to give the inode so that its owner can always work on it."""
    return perm | (0o700 if fmt == stat.S_IFDIR else 0o600)


def needs_override(fmt: int, uid: int, gid: int, perm: int) -> bool:
    """Whether the inode of an ordinary user can't say this by itself.

    The set-id bits count: the kernel takes them away when an ordinary user writes.
    """
    return uid != 0 or gid != 0 or host_perm(fmt, perm) != perm or bool(perm & 0o6000)
