"""In which of its forms an unpacked layer is written, so that an overlay can be mounted on it.

Source of the forms: the kernel's Documentation/filesystems/overlayfs.rst ("whiteouts and opaque
directories", "userxattr") and fuse-overlayfs(1) for what an ordinary user's inodes can't hold.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass

from layerscope.archive.entry import Entry, Kind

OVERRIDE_STAT = "user.fuseoverlayfs.override_stat"

_WORDS = {Kind.FILE: "file", Kind.DIR: "dir", Kind.FIFO: "pipe"}


class Namespace(enum.Enum):
    """Where the overlay's own xattrs stand."""

    TRUSTED = "trusted.overlay."
    USER = "user.overlay."


class Whiteouts(enum.Enum):
    """How a deleted name is marked."""

    DEVICE = "character device 0:0"
    XATTR = "empty file with an xattr"


class Owners(enum.Enum):
    """Where owner, mode and device number of a file are kept."""

    REAL = "in the inode"
    OVERRIDE = "in an xattr, where the inode can't hold them"
    OWN = "nowhere: all belongs to who unpacks it, and is root in a namespace of his own"


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing an overlay directory."""

    namespace: Namespace
    whiteouts: Whiteouts
    owners: Owners


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
