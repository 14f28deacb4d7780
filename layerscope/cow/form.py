"""In which of its forms an overlay directory is written.

Source of the forms: the kernel's Documentation/filesystems/overlayfs.rst ("whiteouts and opaque
directories", "userxattr") and fuse-overlayfs(1) for the owners that an ordinary user can't write.
"""

from __future__ import annotations

import contextlib
import enum
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from layerscope.cow.stat import WHITEOUT_DEVICE


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


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing an overlay directory; reading understands all of them."""

    namespace: Namespace
    whiteouts: Whiteouts
    owners: Owners

    @property
    def prefix(self) -> str:
        """The start of every private xattr's name."""
        return self.namespace.value

    @classmethod
    def detect(cls, directory: Path) -> Form:
        """The best form that this process may write in ``directory``, found by trying."""
        probe = directory / f".form-{os.getpid()}"
        probe.mkdir(mode=0o700)
        try:
            trusted = _can_mark(probe, Namespace.TRUSTED)
            devices = _can_whiteout(probe / "whiteout")
        finally:
            with contextlib.suppress(FileNotFoundError):
                (probe / "whiteout").unlink()
            probe.rmdir()
        return cls(
            Namespace.TRUSTED if trusted else Namespace.USER,
            Whiteouts.DEVICE if devices else Whiteouts.XATTR,
            Owners.REAL if os.geteuid() == 0 else Owners.OVERRIDE,
        )


def _can_mark(directory: Path, namespace: Namespace) -> bool:
    try:
        os.setxattr(directory, namespace.value + "probe", b"y")
    except OSError:
        return False
    return True


def _can_whiteout(path: Path) -> bool:
    try:
        os.mknod(path, stat.S_IFCHR, WHITEOUT_DEVICE)
    except OSError:
        return False
    return True
