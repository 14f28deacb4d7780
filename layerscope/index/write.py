"""Rows and entries out to the file that a LayerIndex reads."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.archive.entry import Kind
from layerscope.archive.paths import clean
from layerscope.archive.scan import ScannedEntries
from layerscope.index import layer
from layerscope.index.columns import write_columns
from layerscope.index.facts import LayerFacts
from layerscope.index.rows import NUL, Flag, Rows
from layerscope.index.tree import before

Column = npt.NDArray[Any]
_IMPLICIT_MODE = 0o755


class LayerTable:
    """A layer's columns on their way to a file."""

    def __init__(self, entries: ScannedEntries, rows: Rows) -> None:
        self._entries, self._rows = entries, rows
        self._from = np.maximum(rows.source, 0)
        self._implicit = rows.source < 0
        self.flags = rows.flags
        self.kind = rows.kind
        self.size = self._take(entries.size, "q", 0)
        self.size[self.kind != Kind.FILE] = 0
        self.offset = self._take(entries.offset, "Q", 0)
        self.xxh3 = self._take(entries.xxh3, "Q", 0)
        self.link_rows: list[int] = []
        self.links: list[bytes] = []
        self.targets: list[int] = []
        self._inodes: dict[int, int] = {}  # hard links that were followed before
        self._follow_links()

    @property
    def total_size(self) -> int:
        """Bytes of files and symlinks, each inode once."""
        return int(self._own_bytes().sum())

    @property
    def file_count(self) -> int:
        """Rows that are neither directories nor whiteouts."""
        return int(np.count_nonzero((self.kind != Kind.DIR) & (self.kind != Kind.WHITEOUT)))

    def write(self, path: Path, facts: LayerFacts) -> None:
        """Write the index file. Raises OSError."""
        entries, rows = self._entries, self._rows
        heap = b"/".join(rows.keys) + b"/"
        lengths = np.fromiter(map(len, rows.keys), np.int64, len(rows.keys)) + 1
        extra_rows, extras = self._extras()
        columns = {
            "kind": ("B", self.kind),
            "flags": ("B", self.flags),
            "mode": ("H", self._take(entries.mode, "H", _IMPLICIT_MODE)),
            "uid": ("I", self._take(entries.uid, "I", 0)),
            "gid": ("I", self._take(entries.gid, "I", 0)),
            "size": ("q", self.size),
            "mtime": ("q", self._take(entries.mtime, "q", 0)),
            "mtime_ns": ("I", self._take(entries.mtime_ns, "I", 0)),
            "data_offset": ("Q", self.offset),
            "xxh3": ("Q", self.xxh3),
            "parent": ("I", rows.parent.astype(np.uint32)),
            "end": ("I", rows.end.astype(np.uint32)),
            "bytes_before": ("Q", before(self._own_bytes()).astype(np.uint64)),
            "key_start": ("I", before(lengths).astype(np.uint32)),
            "keys": ("B", heap),
            "link_row": ("I", array("I", self.link_rows)),
            "link_target": ("I", array("I", self.targets)),
            "link_start": ("I", _starts(self.links)),
            "links": ("B", b"".join(self.links)),
            "extra_row": ("I", array("I", extra_rows)),
            "extra_start": ("I", _starts(extras)),
            "extras": ("B", b"".join(extras)),
        }
        write_columns(path, layer.MAGIC, facts.to_json(), columns)

    def _take(self, values: array[int], code: str, otherwise: int) -> Column:
        column = np.frombuffer(values, np.dtype(code)) if len(values) else np.zeros(1, code)
        taken: Column = column[self._from]
        taken[self._implicit] = otherwise
        return taken

    def _own_bytes(self) -> Column:
        return np.where((self.kind == Kind.FILE) | (self.kind == Kind.SYMLINK), self.size, 0)

    def _follow_links(self) -> None:
        """Give symlinks the length of their target, hard links their target's row and content."""
        entries, source = self._entries, self._rows.source.tolist()
        linked = np.flatnonzero((self.kind == Kind.SYMLINK) | (self.kind == Kind.HARDLINK))
        for row in linked.tolist():
            text, target = entries.links.get(source[row], b""), layer.NOWHERE
            if self.kind[row] == Kind.SYMLINK:
                self.size[row] = len(text)
            else:
                text = clean(text)
                target = self._inode(text, source[row])
            self.link_rows.append(row)
            self.links.append(text)
            self.targets.append(target)
        self._share_content()

    def _inode(self, path: bytes, until: int) -> int:
        """The row of the inode that a hard link to ``path`` names, if the layer had it by then."""
        keys, source = self._rows.keys, self._rows.source
        passed: list[int] = []
        found = layer.NOWHERE
        while True:
            key = path.replace(b"/", NUL)
            row = bisect_left(keys, key)
            if row == len(keys) or keys[row] != key or not 0 <= source[row] < until:
                break
            if row in self._inodes or self.kind[row] != Kind.HARDLINK:
                own = layer.NOWHERE if self.kind[row] in (Kind.DIR, Kind.WHITEOUT) else row
                found = self._inodes.get(row, own)
                break
            passed.append(row)
            path, until = clean(self._entries.links.get(source[row], b"")), source[row]
        self._inodes.update(dict.fromkeys(passed, found))
        return found

    def _share_content(self) -> None:
        pairs = [p for p in zip(self.link_rows, self.targets, strict=True) if p[1] != layer.NOWHERE]
        if not pairs:
            return
        rows, targets = np.array(pairs).T
        self.size[rows] = self.size[targets]
        self.offset[rows] = self.offset[targets]
        self.xxh3[rows] = self.xxh3[targets]

    def _extras(self) -> tuple[list[int], list[bytes]]:
        entries = self._entries
        if not (entries.xattrs or entries.devices or entries.sparse):
            return [], []
        having = entries.xattrs.keys() | entries.devices.keys() | entries.sparse.keys()
        rows, texts = [], []
        for row in np.flatnonzero(np.isin(self._rows.source, list(having))).tolist():
            if self.kind[row] == Kind.WHITEOUT:
                continue
            i = int(self._rows.source[row])
            extra = entries.xattrs.get(i), entries.devices.get(i), entries.sparse.get(i)
            rows.append(row)
            texts.append(layer.encode_extra(*extra))
            self.flags[row] |= Flag.EXTRA
        return rows, texts


def _starts(texts: list[bytes]) -> Column:
    return before(np.array([len(t) for t in texts], np.int64)).astype(np.uint32)
