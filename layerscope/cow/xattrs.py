"""Extended attributes by directory descriptor, and the overlay's private names.

Python (and kernels before 6.13) have no xattr calls relative to a directory. A path through
``/proc/self/fd`` is as safe: its first part is a descriptor, its last is never followed.
"""

from __future__ import annotations

import errno
import os

ABSENT = frozenset({errno.ENODATA, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES})

OVERRIDE_STAT = "user.fuseoverlayfs.override_stat"
CONTAINERS_OVERRIDE_STAT = "user.containers.override_stat"


def at(directory: int, name: bytes) -> bytes:
    """A host path for ``name`` in the directory open at ``directory``."""
    return b"/proc/self/fd/%d/%s" % (directory, name)


def get(path: bytes | int, name: str) -> bytes | None:
    """One attribute without following a symlink; None if it isn't there or can't be.

    A descriptor may be one that is open for its place only (O_PATH).
    """
    try:
        if isinstance(path, int):
            return os.getxattr(b"/proc/self/fd/%d" % path, name)
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def names(path: bytes | int) -> list[str]:
    """All attributes' names; none where the file system knows no attributes."""
    try:
        if isinstance(path, int):
            return os.listxattr(path)
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in ABSENT:
            return []
        raise


def escaped(name: str, prefix: str) -> str:
    """How a user's attribute is stored: his own ``overlay.*`` is kept apart from ours."""
    return prefix + "overlay." + name[len(prefix) :] if name.startswith(prefix) else name


def shown(name: str, prefix: str) -> str | None:
    """How a stored attribute is shown to the user, None if it is the overlay's own."""
    if name in (OVERRIDE_STAT, CONTAINERS_OVERRIDE_STAT):
        return None
    if not name.startswith(prefix):
        return name
    own = prefix + "overlay."
    return prefix + name[len(own) :] if name.startswith(own) else None


def is_private(name: str, prefix: str) -> bool:
    """Whether the attribute belongs to the overlay and is never copied up."""
    return name.startswith(prefix) and not name.startswith(prefix + "overlay.")
