"""A stack of unpacked layers, each a directory in the kernel's overlay form, as one tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from layerscope.archive.overlay import Namespace, Owners
from layerscope.cow import xattrs
from layerscope.cow.descriptors import Descriptors, Directory, open_root, read_directory
from layerscope.cow.host_file import HostFile
from layerscope.cow.origin import origin_value
from layerscope.cow.owners import read_override, shown_as
from layerscope.cow.stat import Stat, is_whiteout_device
from layerscope.cow.syscalls import file_system_uuid


class _Place:
    """One layer's directory: a part of a merged one."""

    __slots__ = ("fd", "marked", "name", "number", "parent")

    def __init__(self, number: int, parent: _Place | None, name: bytes) -> None:
        self.fd = -1
        self.number = number
        self.parent = parent
        self.name = name
        # Whether empty files with an xattr are whiteouts here (overlay.opaque is "x").
        self.marked = False

    def host_parent(self) -> Directory | None:
        return self.parent

    def host_name(self) -> bytes:
        return self.name


class DirectoryLower:
    """Unpacked layers, bottom first. Nothing is read before it is asked for.

    The directories may be written to by nobody while a container stands on them.
    """

    def __init__(
        self,
        layers: Sequence[Path],
        namespace: Namespace = Namespace.TRUSTED,
        owners: Owners = Owners.REAL,
    ) -> None:
        self.namespace = namespace
        self.owners = owners
        self.paths = tuple(layers)
        self.descriptors = Descriptors()
        self.user = (os.geteuid(), os.getegid())
        self._places = [_Place(number, None, b"") for number in range(len(layers))]
        try:
            for place, path in zip(self._places, layers, strict=True):
                place.fd = open_root(path)
        except OSError:
            self.close()
            raise
        self._uuids = [file_system_uuid_of(path) for path in layers]
        self._root = DirectoryNode(self, tuple(self._merge_roots()), b"")

    def _merge_roots(self) -> Iterator[_Place]:
        for place in reversed(self._places):
            mark = self.opaque(place, b".")
            place.marked = mark == b"x"
            yield place
            if mark == b"y":
                break

    @property
    def root(self) -> DirectoryNode:
        """The merged root."""
        return self._root

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self._places)

    def trim(self) -> None:
        """Close the descriptors above the limit."""
        self.descriptors.trim()

    def close(self) -> None:
        """Close every descriptor."""
        self.descriptors.close()
        for place in self._places:
            if place.fd >= 0:
                os.close(place.fd)
                place.fd = -1

    def opaque(self, place: _Place, name: bytes) -> bytes | None:
        """The mark of the directory ``name`` in ``place``; "x" is noted, it hides nothing."""
        fd = self.descriptors.get(place)
        return xattrs.get(xattrs.at(fd, name), self.namespace.value + "opaque")

    def uuid(self, number: int) -> bytes:
        """The UUID of the file system that layer ``number`` lies on."""
        return self._uuids[number]

    def is_whiteout(self, place: _Place, name: bytes, found: os.stat_result) -> bool:
        """Whether ``name`` in ``place`` deletes what is below."""
        if is_whiteout_device(found):
            return True
        if not place.marked or found.st_size or not stat.S_ISREG(found.st_mode):
            return False
        path = xattrs.at(self.descriptors.get(place), name)
        return xattrs.get(path, self.namespace.value + "whiteout") is not None

    def fmt(self, fd: int, name: bytes, found: os.stat_result) -> int:
        """The type as the container sees it: a device may be kept as an empty file."""
        if self.owners is Owners.REAL or found.st_size or not stat.S_ISREG(found.st_mode):
            return stat.S_IFMT(found.st_mode)
        return self.seen(xattrs.at(fd, name), found).fmt

    def seen(self, path: bytes | int, found: os.stat_result) -> Stat:
        """The metadata as the container sees them."""
        plain = Stat.of(found)
        if self.owners is Owners.REAL:
            return plain
        return shown_as(plain, read_override(path, plain), *self.user)


def file_system_uuid_of(path: Path) -> bytes:
    """The UUID of the file system that ``path`` lies on, zeros if it has none."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return file_system_uuid(fd)
    finally:
        os.close(fd)


class DirectoryNode:
    """One name of the merged directories. ``places`` are where it stands, top first.

    For a directory each place is that directory in one layer; for anything else there is one
    place, the directory that holds it.
    """

    __slots__ = ("_fmt", "layer", "lower", "name", "places")

    def __init__(
        self,
        lower: DirectoryLower,
        places: tuple[_Place, ...],
        name: bytes,
        fmt: int = stat.S_IFDIR,
    ) -> None:
        self.lower = lower
        self.places = places
        self.name = name
        self._fmt = fmt
        self.layer = places[0].number

    @property
    def fmt(self) -> int:
        """The type."""
        return self._fmt

    def _host(self) -> tuple[int, bytes]:
        place = self.places[0]
        fd = self.lower.descriptors.get(place)
        return (fd, b".") if self._fmt == stat.S_IFDIR else (fd, self.name)

    def lookup(self, name: bytes) -> DirectoryNode | None:
        """The child of that name, merged from the top down until something hides the rest."""
        lower = self.lower
        merged: list[_Place] = []
        for place in self.places:
            fd = lower.descriptors.get(place)
            try:
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not stat.S_ISDIR(found.st_mode):
                if merged or lower.is_whiteout(place, name, found):
                    break
                return DirectoryNode(lower, (place,), name, lower.fmt(fd, name, found))
            inner = _Place(place.number, place, name)
            merged.append(inner)
            mark = lower.opaque(place, name)
            inner.marked = mark == b"x"
            if mark == b"y":
                break
        return DirectoryNode(lower, tuple(merged), name) if merged else None

    def names(self) -> Iterator[tuple[bytes, int]]:
        """(name, type) of each child that a lookup finds."""
        seen: set[bytes] = set()
        for place in self.places:
            fd = self.lower.descriptors.get(place)
            for name, fmt, device in read_directory(fd):
                if name in seen:
                    continue
                seen.add(name)
                if device:
                    continue
                if fmt == stat.S_IFREG and (place.marked or self.lower.owners is Owners.OVERRIDE):
                    found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    if self.lower.is_whiteout(place, name, found):
                        continue
                    fmt = self.lower.fmt(fd, name, found)
                yield name, fmt

    def stat(self) -> Stat:
        """The top one's metadata."""
        fd, name = self._host()
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        return self.lower.seen(xattrs.at(fd, name), found)

    def readlink(self) -> bytes:
        """A symlink's target."""
        fd, name = self._host()
        return os.readlink(name, dir_fd=fd)

    def xattrs(self) -> Mapping[str, bytes]:
        """The top one's attributes, escaped ones under their stored name."""
        return _xattrs(xattrs.at(*self._host()), self.lower.namespace.value)

    def open(self) -> DirectoryFile:
        """A regular file's content."""
        fd, name = self._host()
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return DirectoryFile(os.open(name, flags, dir_fd=fd), self.lower, self.layer)

    def origin(self) -> bytes:
        """A handle of the file, as the kernel would write it."""
        dir_fd, name = self._host()
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
        try:
            return origin_value(fd, self.lower.uuid(self.layer))
        finally:
            os.close(fd)

    def strays(self) -> list[bytes]:
        """Listed as they lie where one layer alone has the directory and it is no copy."""
        fd = self.lower.descriptors.get(self.places[0])
        mark = self.lower.namespace.value + "origin"
        if len(self.places) > 1 or xattrs.get(xattrs.at(fd, b"."), mark) is not None:
            return []
        return [entry.name for entry in read_directory(fd) if entry.whiteout_device]


class DirectoryFile(HostFile):
    """A regular file of a layer: everything of it is asked through one descriptor."""

    def __init__(self, fd: int, lower: DirectoryLower, layer: int) -> None:
        super().__init__(fd)
        self._lower = lower
        self._layer = layer

    def stat(self) -> Stat:
        """Its metadata."""
        return self._lower.seen(self.fileno(), os.fstat(self.fileno()))

    def xattrs(self) -> Mapping[str, bytes]:
        """Its attributes, escaped ones under their stored name."""
        return _xattrs(self.fileno(), self._lower.namespace.value)

    def origin(self) -> bytes:
        """A handle of the file, as the kernel would write it."""
        return origin_value(self.fileno(), self._lower.uuid(self._layer))


def _xattrs(path: bytes | int, prefix: str) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for name in xattrs.names(path):
        if xattrs.is_private(name, prefix) or xattrs.shown(name, prefix) is None:
            continue
        value = xattrs.get(path, name)
        if value is not None:
            found[name] = value
    return found
