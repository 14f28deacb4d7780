"""The files of a stage or an image as something to copy from."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial

from layerscope.archive.entry import Entry, Kind
from layerscope.build.copying import resolve
from layerscope.build.tree import Source
from layerscope.cow.engine import Engine

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
        entry = self._entry(place, path)
        if entry is None:
            return
        yield Source(place, entry, partial(self._content, place))
        if entry.kind is Kind.DIR:
            for name in sorted(self._engine.names(b"/" + place)):
                below = path + b"/" + name if path else name
                yield from self._walk(place + b"/" + name if place else name, below)

    def _entry(self, place: bytes, path: bytes) -> Entry | None:
        found = self._engine.stat(b"/" + place)
        kind = _KINDS.get(found.fmt)
        if kind is None:
            return None
        return Entry(
            path,
            kind,
            mode=found.perm,
            size=found.size if kind is Kind.FILE else 0,
            mtime=found.mtime_ns // _SECOND,
            mtime_ns=found.mtime_ns % _SECOND,
            link=self._engine.readlink(b"/" + place) if kind is Kind.SYMLINK else b"",
            device=(os.major(found.rdev), os.minor(found.rdev)),
        )

    def _content(self, place: bytes) -> Iterator[bytes]:
        with self._engine.open(b"/" + place) as handle:
            offset = 0
            while data := handle.pread(_CHUNK, offset):
                offset += len(data)
                yield data
