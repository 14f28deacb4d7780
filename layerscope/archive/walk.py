"""The entries of a directory of the host, as a layer would hold them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.folders import Folders, host_path
from layerscope.errors import LayerscopeError

Opener = Callable[[], Iterator[bytes]]

_CHUNK = 1 << 20
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIR,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHAR,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFSOCK: Kind.SOCKET,
}
_NO_XATTRS: Mapping[bytes, bytes] = MappingProxyType({})
# ENODATA: an attribute vanished between the list and the look.
_NO_SUCH_THING = frozenset((errno.ENOTSUP, errno.ENODATA))


class UnreadableTree(LayerscopeError):
    """Something in a directory of the host cannot be read."""


def walk_tree(root: Path) -> Iterator[tuple[Entry, Opener]]:
    """Everything in ``root``, in tree order: the root itself first, siblings by name bytes.

    Of an inode with several names the first is a file, the others hard links to it; sockets, which
    no tar holds, are sockets under all their names. The opener
    reads a file's content in chunks and may be called until the iterator goes on. What is mounted
    below ``root`` shows as an empty directory; a name that vanishes meanwhile is left out. Raises
    UnreadableTree.
    """
    with _errors_told(root, b""), Folders(root) as folders:
        yield from _Walk(root, folders).all()


def read_lone(path: Path) -> Iterator[tuple[Entry, Opener]]:
    """The entry of what is no folder, its own path empty; as :func:`walk_tree`."""
    folder, name = path.parent, os.fsencode(path.name)
    with _errors_told(folder, name), Folders(folder) as folders:
        walk = _Walk(folder, folders)
        entry, _ = walk.entry(name)
        yield replace(entry, path=b""), partial(walk.content, name)


@contextmanager
def _errors_told(root: Path, path: bytes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = str(root / os.fsdecode(path))
        raise UnreadableTree(what, error.strerror or str(error)) from error


class _Walk:
    def __init__(self, root: Path, folders: Folders) -> None:
        self._root = root
        self._folders = folders
        self._first: dict[tuple[int, int], bytes] = {}
        self._device = os.fstat(folders.fd(b"")).st_dev

    def all(self) -> Iterator[tuple[Entry, Opener]]:
        """Entries and openers, in tree order."""
        todo = [b""]
        while todo:
            path = todo.pop()
            try:
                with _errors_told(self._root, path):
                    entry, descend = self.entry(path)
                    names = self._names(path) if descend else []
            except UnreadableTree as error:
                if path and isinstance(error.__cause__, FileNotFoundError):
                    continue
                raise
            yield entry, partial(self.content, path)
            todo += [path + b"/" + name if path else name for name in names]

    def _names(self, path: bytes) -> list[bytes]:
        """Names in a directory, last first: they go onto a stack."""
        return sorted(map(os.fsencode, os.listdir(self._folders.fd(path))), reverse=True)

    def entry(self, path: bytes) -> tuple[Entry, bool]:
        """The entry at ``path``, and whether there is more below it."""
        folder, name = self._place(path)
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = _KINDS[stat.S_IFMT(found.st_mode)]
        link = os.readlink(name, dir_fd=folder) if kind is Kind.SYMLINK else b""
        size = found.st_size if kind is Kind.FILE else 0
        if kind not in (Kind.DIR, Kind.SOCKET) and found.st_nlink > 1:
            first = self._first.setdefault((found.st_dev, found.st_ino), path)
            if first != path:
                kind, link = Kind.HARDLINK, first
        entry = Entry(
            path=path,
            kind=kind,
            mode=stat.S_IMODE(found.st_mode),
            uid=found.st_uid,
            gid=found.st_gid,
            size=size,
            mtime=found.st_mtime_ns // 1_000_000_000,
            mtime_ns=found.st_mtime_ns % 1_000_000_000,
            link=link,
            device=(os.major(found.st_rdev), os.minor(found.st_rdev)),
            xattrs=read_xattrs(host_path(folder, name)),
        )
        return entry, kind is Kind.DIR and found.st_dev == self._device

    def _place(self, path: bytes) -> tuple[int, bytes]:
        parent, _, name = path.rpartition(b"/")
        return self._folders.fd(parent), name or b"."

    def content(self, path: bytes) -> Iterator[bytes]:
        """A file's content, in chunks."""
        with _errors_told(self._root, path):
            folder, name = self._place(path)
            # Not blocking: the file may have become a fifo since it was looked at.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            fd = os.open(name, flags, dir_fd=folder)
            try:
                while chunk := os.read(fd, _CHUNK):
                    yield chunk
            finally:
                os.close(fd)


def read_xattrs(path: bytes) -> Mapping[bytes, bytes]:
    """All extended attributes of ``path``, a symlink's own; none where there is no such thing."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
        if not names:
            return _NO_XATTRS
        return {os.fsencode(name): os.getxattr(path, name, follow_symlinks=False) for name in names}
    except PermissionError:
        return _NO_XATTRS
    except OSError as error:
        if error.errno in _NO_SUCH_THING:
            return _NO_XATTRS
        raise
