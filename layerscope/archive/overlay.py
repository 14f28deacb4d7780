"""In which of its forms an unpacked layer is written, so that an overlay can be mounted on it.

Source of the forms: the kernel's Documentation/filesystems/overlayfs.rst ("whiteouts and opaque
directories", "userxattr").
"""

from __future__ import annotations

import enum
from typing import NamedTuple


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


class Form(NamedTuple):
    """One way of writing an overlay directory."""

    namespace: Namespace
    whiteouts: Whiteouts
    owners: Owners
