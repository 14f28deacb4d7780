"""How a writable layer's entries are read where they lie, while others write them."""

from __future__ import annotations

import os
import stat
from typing import Final

from layerscope.archive.overlay import Form, Owners
from layerscope.cow import owners, xattrs
from layerscope.cow.stat import Stat, is_whiteout_device

_CAPABILITY = "security.capability"
LETTERS: Final = {
    stat.S_IFREG: "-",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFCHR: "c",
    stat.S_IFBLK: "b",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
}
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Sight:
    """Reads a layer that is written in ``form``. Entries are named by the open directory that they
    are in and their name; all methods raise OSError for what is gone meanwhile."""

    def __init__(self, form: Form) -> None:
        self.real = form.owners is Owners.REAL
        self._prefix = form.namespace.value
        self._user = (os.geteuid(), os.getegid())

    def whiteout(self, fd: int, name: str, found: os.stat_result, marked: bool) -> bool:
        """Whether it deletes what is below; ``marked``: its directory tells of whiteouts that are
        empty files with an attribute."""
        if is_whiteout_device(found):
            return True
        if not marked or found.st_size or not stat.S_ISREG(found.st_mode):
            return False
        return self._xattr(fd, name, self._prefix + "whiteout") is not None

    def opaque(self, fd: int, name: str) -> bytes | None:
        """A directory's mark: ``b"y"`` hides what is below, ``b"x"`` tells of whiteouts."""
        return self._xattr(fd, name, self._prefix + "opaque")

    def shown(self, fd: int, name: str, found: os.stat_result) -> Stat:
        """The metadata as the container sees them."""
        plain = Stat.of(found)
        if self.real:
            return plain
        override = owners.read_override(xattrs.at(fd, os.fsencode(name)), plain)
        return owners.shown_as(plain, override, *self._user)

    def capability(self, fd: int, name: str) -> bytes | None:
        """The file capabilities."""
        return self._xattr(fd, name, _CAPABILITY)

    def _xattr(self, fd: int, name: str, attribute: str) -> bytes | None:
        return xattrs.get(xattrs.at(fd, os.fsencode(name)), attribute)


def open_directory(path: str, above: int | None = None) -> int:
    """A descriptor of a directory, through no symlink. Raises OSError."""
    return os.open(path, _DIRECTORY, dir_fd=above)
