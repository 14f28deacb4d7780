"""How an entry of a layer stands in an unpacked one, where its inode can't hold what it says.

Source: fuse-overlayfs(1) for what an ordinary user's inodes can't hold; the kernel's
Documentation/filesystems/overlayfs.rst ("nesting overlayfs mounts") for a layer's own attributes.
"""

from __future__ import annotations

import os

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.overlay import Namespace

OVERRIDE_STAT = "user.fuseoverlayfs.override_stat"

_WORDS = {Kind.FILE: "file", Kind.DIR: "dir", Kind.FIFO: "pipe"}


def needs_override(entry: Entry) -> bool:
    """Whether an ordinary user's inode can't say what ``entry`` does.

    His own id stands for root. The set-id bits count: they vanish when an ordinary user writes.
    """
    if entry.kind in (Kind.CHAR, Kind.BLOCK) or entry.uid or entry.gid:
        return True
    return host_mode(entry) != entry.mode or bool(entry.mode & 0o6000)


def host_mode(entry: Entry) -> int:
    """The mode to give an inode so that its owner can always work on it."""
    return entry.mode & 0o1777 | (0o700 if entry.kind is Kind.DIR else 0o600)


def override_value(entry: Entry) -> bytes:
    """``UID:GID:MODE:TYPE``, as fuse-overlayfs and the engine read it."""
    word = _WORDS.get(entry.kind)
    if word is None:
        word = f"{entry.kind.word}-{entry.device[0]}-{entry.device[1]}"
    return os.fsencode(f"{entry.uid}:{entry.gid}:{entry.mode:o}:{word}")


def stored_xattr(name: str, namespace: Namespace) -> str:
    """How a layer's own attribute is stored: its ``overlay.*`` are kept apart from ours."""
    prefix = namespace.value
    return prefix + "overlay." + name[len(prefix) :] if name.startswith(prefix) else name
