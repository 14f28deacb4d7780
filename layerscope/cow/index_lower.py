"""The layers of an image as they lie in their blobs: an index for the names, nothing unpacked."""

from __future__ import annotations

import errno
import os
import stat
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from layerscope.archive.entry import Entry, Kind
from layerscope.cow.origin import UNKNOWN
from layerscope.cow.stat import Stat
from layerscope.errors import LayerscopeError
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.oci.digest import Digest

# (layer, offset, size) -> bytes of the layer's uncompressed tar; fewer only at its end.
ReadLayer = Callable[[int, int, int], bytes]

_FORMATS = {
    Kind.FILE: stat.S_IFREG,
    Kind.HARDLINK: stat.S_IFREG,
    Kind.DIR: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.CHAR: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
    Kind.SOCKET: stat.S_IFSOCK,
}
_NUL = b"\0"
_BLOCK = 512
_SECOND = 1_000_000_000
# An inode number is its layer and its row there; no layer has so many rows.
_LAYER_BITS = 40


class DamagedLayer(OSError):
    """A layer's blob doesn't hold what its index says; ``layer`` is its diffID. An EIO."""

    def __init__(self, layer: Digest, path: bytes, why: str) -> None:
        text = f"layer {layer.short} is damaged: {why}"
        super().__init__(errno.EIO, text, "/" + os.fsdecode(path))
        self.layer = layer


class IndexLower:
    """A stack of indexed layers. ``read`` gives bytes of their uncompressed tars.

    Opening it costs the same for ten files and for a million.
    """

    def __init__(self, view: StackView, read: ReadLayer) -> None:
        self.view = view
        self.read = read
        self._root = IndexNode(self, 0, Kind.DIR)
        self.names_of_inodes = cache(self._count_names)

    @property
    def root(self) -> IndexNode:
        """The root directory."""
        return self._root

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.view.layers)

    def trim(self) -> None:
        """There is nothing to let go of."""

    def close(self) -> None:
        """The indexes and the reader belong to whoever made them."""

    def _count_names(self, layer: int) -> Counter[int]:
        """How many hard links each row of a layer has besides its own name."""
        index = self.view.layers[layer]
        rows = index.file.column("link_row")
        return Counter(
            target
            for row in rows
            if index.kind[row] == Kind.HARDLINK and (target := index.link_row(row)) >= 0
        )

    def find(self, directory: int, name: bytes) -> int | None:
        """The row of a child that is there."""
        view = self.view
        prefix = view.key(directory) + _NUL if directory else b""
        rows = range(directory + 1, view.end[directory])
        place = bisect_left(rows, prefix + name, key=view.key)
        if place == len(rows):
            return None
        row = rows[place]
        if view.change[row] == Change.REMOVED or view.key(row) != prefix + name:
            return None
        return row


class IndexNode:
    """One row of the stack."""

    __slots__ = ("_fmt", "layer", "lower", "row")

    def __init__(self, lower: IndexLower, row: int, kind: Kind) -> None:
        self.lower = lower
        self.row = row
        self.layer = lower.view.layer[row]
        fmt = _FORMATS[kind]
        if kind is Kind.HARDLINK:
            there, own = lower.view.source(row)
            fmt = _FORMATS[Kind(lower.view.layers[there].kind[own])]
        self._fmt = fmt

    @property
    def fmt(self) -> int:
        """The type."""
        return self._fmt

    def lookup(self, name: bytes) -> IndexNode | None:
        """The child of that name."""
        row = self.lower.find(self.row, name)
        return None if row is None else IndexNode(self.lower, row, self.lower.view.kind(row))

    def names(self) -> Iterator[tuple[bytes, int]]:
        """(name, type) of each child, by name."""
        view = self.lower.view
        for row in view.children(self.row):
            if view.change[row] != Change.REMOVED:
                yield view.name(row), IndexNode(self.lower, row, view.kind(row)).fmt

    def entry(self) -> Entry:
        """All that the layers say of it."""
        return self.lower.view.entry(self.row)

    def stat(self) -> Stat:
        """Its metadata; access time is modification time."""
        entry = self.entry()
        layer, own = self.lower.view.source(self.row)
        names = 1
        if self._fmt != stat.S_IFDIR:
            names += self.lower.names_of_inodes(layer)[own]
        when = entry.mtime * _SECOND + entry.mtime_ns
        size = len(entry.link) if self._fmt == stat.S_IFLNK else entry.size
        return Stat(
            mode=self._fmt | entry.mode,
            uid=entry.uid,
            gid=entry.gid,
            rdev=os.makedev(*entry.device),
            size=size if self._fmt in (stat.S_IFREG, stat.S_IFLNK) else 0,
            blocks=-(-entry.size // _BLOCK) if self._fmt == stat.S_IFREG else 0,
            nlink=names,
            ino=(layer << _LAYER_BITS) + own + 1,
            atime_ns=when,
            mtime_ns=when,
        )

    def readlink(self) -> bytes:
        """A symlink's target."""
        view = self.lower.view
        layer, own = view.source(self.row)
        return view.layers[layer].link(own)

    def xattrs(self) -> Mapping[str, bytes]:
        """Its extended attributes."""
        return {os.fsdecode(name): value for name, value in self.entry().xattrs.items()}

    def open(self) -> BlobFile:
        """A regular file's content."""
        return BlobFile(self)

    def origin(self) -> bytes:
        """What lies in a blob has no file handle."""
        return UNKNOWN

    def strays(self) -> list[bytes]:
        """A merged index holds no whiteouts."""
        return []


class BlobFile:
    """A file's content inside a layer. Read from start to end, it is checked against the index."""

    def __init__(self, node: IndexNode) -> None:
        from xxhash import xxh3_64

        view = node.lower.view
        self._node = node
        self._read = node.lower.read
        self._entry = node.entry()
        self._layer, own = view.source(node.row)
        index = view.layers[self._layer]
        self._diff_id = index.diff_id
        self._start = index.data_offset[own]
        self._size = self._entry.size
        self._hash = xxh3_64()
        self._hashed = 0

    def stat(self) -> Stat:
        """Its metadata."""
        return self._node.stat()

    def xattrs(self) -> Mapping[str, bytes]:
        """Its extended attributes."""
        return self._node.xattrs()

    def origin(self) -> bytes:
        """What lies in a blob has no file handle."""
        return UNKNOWN

    def fileno(self) -> None:
        """There is no descriptor of a part of a blob."""

    def extents(self) -> list[tuple[int, int]]:
        """The parts that aren't holes, as (offset, length) in bytes."""
        if self._entry.sparse is not None:
            return [extent for extent in self._entry.sparse if extent[1]]
        return [(0, self._size)] if self._size else []

    def pread(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``. Raises DamagedLayer."""
        size = max(0, min(size, self._size - offset))
        if not size:
            return b""
        if self._entry.sparse is not None:
            return self._sparse(size, offset)
        data = self._stored(offset, size)
        if offset == self._hashed:
            self._hash.update(data)
            self._hashed += size
            if self._hashed == self._size and self._hash.intdigest() != self._entry.xxh3:
                raise self._damaged("the file's content is not what was indexed")
        return data

    def _stored(self, offset: int, size: int) -> bytes:
        try:
            data = self._read(self._layer, self._start + offset, size)
        except LayerscopeError as error:
            raise self._damaged(error.why) from error
        except OSError as error:
            raise self._damaged(error.strerror or str(error)) from error
        if len(data) != size:
            raise self._damaged("it ends too early")
        return data

    def _sparse(self, size: int, offset: int) -> bytes:
        out = bytearray(size)
        stored = 0
        for start, length in self._entry.sparse or ():
            low, high = max(start, offset), min(start + length, offset + size)
            if low < high:
                data = self._stored(stored + low - start, high - low)
                out[low - offset : high - offset] = data
            stored += length
        return bytes(out)

    def _damaged(self, why: str) -> DamagedLayer:
        return DamagedLayer(self._diff_id, self._entry.path, why)

    def close(self) -> None:
        """There is nothing to close."""
