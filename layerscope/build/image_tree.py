"""The files of a stage or an image as something to copy from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial

from layerscope.archive.entry import Entry, Kind
from layerscope.build.copying import CAPABILITY, resolve
from layerscope.build.tree import Source
from layerscope.cow.engine import Engine
from layerscope.cow.stat import Stat

_CHUNK = 1 << 20
_SECOND = 1_000_000_000
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIR,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHAR,
    stat.S_IFBLK: Kind.BLOCK,
}


class ImageTree:
    """An engine's files, only read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def paths(self) -> Iterator[bytes]:
        """Every path, in tree order."""
        return (item.place for item in self._walk(b"", b"") if item.place)

    def below(self, path: bytes) -> Iterator[Source]:
        """What stands at ``path``, and all below. Raises FileNotFoundError."""
        return self._walk(resolve(self._engine, b"/" + path).strip(b"/"), b"")

    def _walk(self, place: bytes, path: bytes) -> Iterator[Source]:
        found = self._engine.stat(b"/" + place)
        kind = _KINDS.get(found.fmt)
        if kind is None:
            return
        entry = self._entry(place, path, kind, found)
        inode = (0, found.ino) if kind is not Kind.DIR and found.nlink > 1 else None
        yield Source(place, entry, partial(self._content, place), inode)
        if entry.kind is Kind.DIR:
            for name in sorted(self._engine.names(b"/" + place)):
                below = path + b"/" + name if path else name
                yield from self._walk(place + b"/" + name if place else name, below)

    def _entry(self, place: bytes, path: bytes, kind: Kind, found: Stat) -> Entry:
        return Entry(
            path,
            kind,
            mode=found.perm,
            uid=found.uid,
            gid=found.gid,
            size=found.size if kind is Kind.FILE else 0,
            mtime=found.mtime_ns // _SECOND,
            mtime_ns=found.mtime_ns % _SECOND,
            link=self._engine.readlink(b"/" + place) if kind is Kind.SYMLINK else b"",
            device=(os.major(found.rdev), os.minor(found.rdev)),
            xattrs=self._capability(place) if kind is Kind.FILE else {},
        )

    def _capability(self, place: bytes) -> dict[bytes, bytes]:
        path, name = b"/" + place, os.fsdecode(CAPABILITY)
        if name not in self._engine.listxattr(path):
            return {}
        return {CAPABILITY: self._engine.getxattr(path, name)}

    def _content(self, place: bytes) -> Iterator[bytes]:
        with self._engine.open(b"/" + place) as handle:
            offset = 0
            while data := handle.pread(_CHUNK, offset):
                offset += len(data)
                yield data
