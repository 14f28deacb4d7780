"""A container's files as its processes see them: its layers, and what is mounted in them."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import NamedTuple

from layerscope.archive.paths import follow as followed
from layerscope.archive.paths import join
from layerscope.archive.tar_format import InvalidTar
from layerscope.cow.core import fail
from layerscope.cow.engine import Engine, Origin
from layerscope.cow.handle import Handle
from layerscope.cow.rename import Mode
from layerscope.cow.stat import Stat

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Mounted(NamedTuple):
    """What is mounted: an engine with nothing below, and what of it is seen: all for ``b""``, or
    the file of that path, which begins with a slash."""

    engine: Engine
    path: bytes = b""
    read_only: bool = False


class WithMounts(Engine):
    """An engine over a container's layers that hands what happens in a mount to that mount's own.

    Events and sizes are those of the writable layer: what happens in a mount is nothing to it. Who
    opened the engines closes them.
    """

    def __init__(self, layers: Engine) -> None:
        self.core, self._lock, self._closed = layers.core, layers._lock, True
        self.umask = layers.umask
        self._mounts = {b"": Mounted(layers)}  # by canonical path

    def mount(self, target: bytes, mounted: Mounted) -> None:
        """Mount something where ``target`` leads by now. Raises OSError (ELOOP)."""
        self._mounts[self.canonical(target, follow=True)] = mounted

    @property
    def points(self) -> Mapping[bytes, Mounted]:
        """What is mounted, by canonical path, the layers at ``b""``."""
        return self._mounts

    def canonical(self, path: bytes, *, follow: bool) -> bytes:
        """The path without symlinks among its folders, nor, with ``follow``, at its end; no slash
        before it. Raises OSError (ELOOP)."""
        return self._resolved(path, follow)[0]

    def mount_of(self, path: bytes) -> bytes:
        """The mount point that a canonical path is at or below; ``b""`` for the layers."""
        while path and path not in self._mounts:
            path = path.rpartition(b"/")[0]
        return path

    def _resolved(self, path: bytes, follow: bool) -> tuple[bytes, bool]:
        """The canonical path, and whether it, or the way there, is in a mount."""
        points = set()

        def link(place: bytes) -> bytes | None:
            points.add(self.mount_of(place))
            mounted, inside = self._place(place)
            try:
                return mounted.engine.readlink(inside)
            except OSError:
                return None

        folder, _, name = path.rstrip(b"/").rpartition(b"/")
        try:
            if follow or name in (b"", b".", b".."):
                found = followed(path, link)
            else:
                found = join(followed(folder, link), name)
        except InvalidTar:
            raise fail(errno.ELOOP, path) from None
        points.add(self.mount_of(found))
        return found, points != {b""}

    def _place(self, path: bytes) -> tuple[Mounted, bytes]:
        """What a canonical path is in, and the path there."""
        point = self.mount_of(path)
        mounted = self._mounts[point]
        if not point:
            return mounted, b"/" + path
        return mounted, mounted.path + path[len(point) :] or b"/"

    def _located(self, path: bytes, follow: bool) -> tuple[Mounted, bytes]:
        """What ``path`` leads into, and the path there: as written where no mount is on the way."""
        if len(self._mounts) == 1:
            return self._mounts[b""], path
        found, mounts = self._resolved(path, follow or path.endswith(b"/"))
        if not mounts:
            return self._mounts[b""], path
        mounted, inside = self._place(found)
        return mounted, inside + b"/" if path.endswith(b"/") else inside

    def _at(self, path: bytes, follow: bool) -> tuple[Engine, bytes]:
        mounted, inside = self._located(path, follow)
        return mounted.engine, inside

    def _to(self, path: bytes, follow: bool = False) -> tuple[Engine, bytes]:
        """The same, to change it. Raises OSError (EROFS)."""
        mounted, inside = self._located(path, follow)
        if mounted.read_only:
            raise fail(errno.EROFS, path)
        return mounted.engine, inside

    def _away(self, path: bytes) -> tuple[Engine, bytes]:
        """The same, to take its name away. Raises OSError (EBUSY, EROFS)."""
        if self.canonical(path, follow=False) in self._mounts:
            raise fail(errno.EBUSY, path)
        return self._to(path)

    def _both(self, old: tuple[Engine, bytes], new: bytes) -> tuple[Engine, bytes, bytes]:
        engine, inside = self._to(new)
        if engine is not old[0]:
            raise fail(errno.EXDEV, new)
        return engine, old[1], inside

    # -- looking ---------------------------------------------------------------------------

    def stat(self, path: bytes, *, follow: bool = False) -> Stat:
        engine, inside = self._at(path, follow)
        return engine.stat(inside, follow=follow)

    def exists(self, path: bytes) -> bool:
        try:
            engine, inside = self._at(path, False)
        except OSError:
            return False
        return engine.exists(inside)

    def names(self, path: bytes) -> dict[bytes, int]:
        engine, inside = self._at(path, True)
        return engine.names(inside)

    def readdir(self, path: bytes) -> list[bytes]:
        engine, inside = self._at(path, True)
        return engine.readdir(inside)

    def readlink(self, path: bytes) -> bytes:
        engine, inside = self._at(path, False)
        return engine.readlink(inside)

    def origin(self, path: bytes) -> Origin:
        engine, inside = self._at(path, False)
        return engine.origin(inside)

    # -- opening ---------------------------------------------------------------------------

    def open(self, path: bytes, flags: int = os.O_RDONLY, mode: int = 0o666) -> Handle:
        exclusive = flags & os.O_CREAT and flags & os.O_EXCL
        find = self._to if flags & _WRITING else self._at
        engine, inside = find(path, not (exclusive or flags & os.O_NOFOLLOW))
        return engine.open(inside, flags, mode)

    def truncate(self, path: bytes, size: int) -> None:
        engine, inside = self._to(path, True)
        engine.truncate(inside, size)

    # -- names -----------------------------------------------------------------------------

    def mkdir(self, path: bytes, mode: int = 0o777) -> None:
        engine, inside = self._to(path)
        engine.mkdir(inside, mode)

    def mknod(self, path: bytes, mode: int, device: int = 0) -> None:
        engine, inside = self._to(path)
        engine.mknod(inside, mode, device)

    def symlink(self, target: bytes, path: bytes) -> None:
        engine, inside = self._to(path)
        engine.symlink(target, inside)

    def link(self, old: bytes, new: bytes, *, follow: bool = False) -> None:
        engine, old, new = self._both(self._at(old, follow), new)
        engine.link(old, new, follow=follow)

    def unlink(self, path: bytes) -> None:
        engine, inside = self._away(path)
        engine.unlink(inside)

    def rmdir(self, path: bytes) -> None:
        engine, inside = self._away(path)
        engine.rmdir(inside)

    def rename(self, old: bytes, new: bytes, mode: Mode = Mode.REPLACE) -> None:
        engine, old, new = self._both(self._away(old), new)
        engine.rename(old, new, mode)

    # -- metadata --------------------------------------------------------------------------

    def chmod(self, path: bytes, mode: int) -> None:
        engine, inside = self._to(path, True)
        engine.chmod(inside, mode)

    def chown(self, path: bytes, uid: int, gid: int, *, follow: bool = False) -> None:
        engine, inside = self._to(path, follow)
        engine.chown(inside, uid, gid, follow=follow)

    def utime(self, path: bytes, atime_ns: int, mtime_ns: int, *, follow: bool = False) -> None:
        engine, inside = self._to(path, follow)
        engine.utime(inside, atime_ns, mtime_ns, follow=follow)

    def listxattr(self, path: bytes, *, follow: bool = False) -> list[str]:
        engine, inside = self._at(path, follow)
        return engine.listxattr(inside, follow=follow)

    def getxattr(self, path: bytes, name: str, *, follow: bool = False) -> bytes:
        engine, inside = self._at(path, follow)
        return engine.getxattr(inside, name, follow=follow)

    def setxattr(
        self, path: bytes, name: str, value: bytes, flags: int = 0, *, follow: bool = False
    ) -> None:
        engine, inside = self._to(path, follow)
        engine.setxattr(inside, name, value, flags, follow=follow)

    def removexattr(self, path: bytes, name: str, *, follow: bool = False) -> None:
        engine, inside = self._to(path, follow)
        engine.removexattr(inside, name, follow=follow)
