"""When Docker calls a path changed (moby, ``pkg/archive/changes``)."""

from __future__ import annotations

import stat

from layerscope.cow.stat import Stat

_SECOND = 1_000_000_000


def differs(old: Stat, new: Stat) -> bool:
    """Whether Docker calls this a change: mode, owner, device; and, for what is no directory, size
    or time. Its test for a directory takes in sockets and block devices as well."""
    if (old.mode, old.uid, old.gid, old.rdev) != (new.mode, new.uid, new.gid, new.rdev):
        return True
    if old.mode & stat.S_IFDIR:
        return False
    return old.size != new.size or not same_time(old.mtime_ns, new.mtime_ns)


def same_time(one: int, other: int) -> bool:
    """Equal seconds, and equal nanoseconds unless either has none (a tar without fractions)."""
    if one // _SECOND != other // _SECOND:
        return False
    return one % _SECOND == other % _SECOND or not one % _SECOND or not other % _SECOND
