"""LayerIndex: one layer's entries as columns in tree order."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope.archive.entry import Entry, Kind
from layerscope.index.columns import ColumnFile, InvalidIndex
from layerscope.index.facts import LayerFacts
from layerscope.index.tree_rows import TreeRows

if TYPE_CHECKING:
    import numpy.typing as npt

    from layerscope.oci.digest import Digest

MAGIC = b"LSLAYER2"
NOWHERE = 0xFFFFFFFF

_NUL, _SLASH = b"\0", b"/"


class LayerIndex(TreeRows):
    """A layer's rows, read from a mapped file. Row 0 is the root; a row is an int.

    Columns are indexed by row: ``kind`` (:class:`Kind`), ``flags`` (:class:`rows.Flag`), ``mode``,
    ``uid``, ``gid``, ``size`` (bytes; of a hard link its target's), ``mtime`` (seconds),
    ``mtime_ns``, ``data_offset`` (bytes into the uncompressed tar), ``xxh3`` (of the content),
    ``parent`` (row) and ``end`` (the row after the subtree). Whiteouts are found under the name
    that they hide.
    """

    def __init__(self, file: ColumnFile) -> None:
        self.file = file
        self.facts = LayerFacts.from_json(file.meta)
        self.kind = file.column("kind")
        self.flags = file.column("flags")
        self.mode = file.column("mode")
        self.uid = file.column("uid")
        self.gid = file.column("gid")
        self.size = file.column("size")
        self.mtime = file.column("mtime")
        self.mtime_ns = file.column("mtime_ns")
        self.data_offset = file.column("data_offset")
        self.xxh3 = file.column("xxh3")
        self.parent = file.column("parent")
        self.end = file.column("end")
        self._heap = file.raw("keys")
        self._key_start = file.column("key_start")
        self._bytes_before = file.column("bytes_before")
        self._link_row = file.column("link_row")

    @classmethod
    def open(cls, path: Path) -> LayerIndex:
        """Map the index at ``path``. Raises InvalidIndex or OSError."""
        file = ColumnFile(path, MAGIC)
        try:
            return cls(file)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidIndex(str(path), "its header is damaged") from error

    @property
    def diff_id(self) -> Digest:
        """The digest of the layer's uncompressed tar."""
        return self.facts.diff_id

    def __len__(self) -> int:
        return len(self.kind)

    def np(self, column: str) -> npt.NDArray[Any]:
        """A column as a numpy array."""
        return self.file.np(column)

    def key(self, row: int) -> bytes:
        """The path with ``/`` as NUL."""
        return bytes(self._heap[self._key_start[row] : self._key_start[row + 1] - 1])

    def keys(self) -> list[bytes]:
        """The key of every row."""
        return bytes(self._heap).split(_SLASH)[:-1]

    def heap(self) -> memoryview:
        """All keys, each followed by ``/``; :meth:`np` ``("key_start")`` has where each starts."""
        return self._heap

    def link(self, row: int) -> bytes:
        """A symlink's target as written, a hard link's target as a path from the root, or b""."""
        place = self._link_place(row)
        if place is None:
            return b""
        start = self.file.column("link_start")
        return bytes(self.file.raw("links")[start[place] : start[place + 1]])

    def link_row(self, row: int) -> int:
        """The row in this layer that a hard link shares its inode with; -1: none here."""
        place = self._link_place(row)
        target = NOWHERE if place is None else self.file.column("link_target")[place]
        return -1 if target == NOWHERE else target

    def loose_links(self) -> list[int]:
        """The rows of the hard links whose target the layer didn't have by then."""
        rows = self.np("link_row")[self.np("link_target") == NOWHERE]
        loose: list[int] = rows[self.np("kind")[rows] == Kind.HARDLINK].tolist()
        return loose

    def _link_place(self, row: int) -> int | None:
        place = bisect_left(self._link_row, row)
        found = place < len(self._link_row) and self._link_row[place] == row
        return place if found else None

    def entry(self, row: int) -> Entry:
        """Everything that the layer says of a row."""
        extra = self._extra(row)
        xattrs = {_from_text(k): base64.b64decode(v) for k, v in extra.get("xattrs", {}).items()}
        sparse = extra.get("sparse")
        major, minor = extra.get("device", (0, 0))
        return Entry(
            path=self.path(row),
            kind=Kind(self.kind[row]),
            mode=self.mode[row],
            uid=self.uid[row],
            gid=self.gid[row],
            size=self.size[row],
            mtime=self.mtime[row],
            mtime_ns=self.mtime_ns[row],
            link=self.link(row),
            device=(major, minor),
            xattrs=xattrs,
            sparse=tuple((a, b) for a, b in sparse) if sparse is not None else None,
            data_offset=self.data_offset[row],
            xxh3=self.xxh3[row],
        )

    def extra(self, row: int) -> bytes:
        """Xattrs, device number and sparse extents as canonical JSON; b"" if there are none."""
        rows = self.file.column("extra_row")
        place = bisect_left(rows, row)
        if place >= len(rows) or rows[place] != row:
            return b""
        start = self.file.column("extra_start")
        return bytes(self.file.raw("extras")[start[place] : start[place + 1]])

    def _extra(self, row: int) -> dict[str, Any]:
        text = self.extra(row)
        values: dict[str, Any] = json.loads(text) if text else {}
        return values


def encode_extra(
    xattrs: dict[bytes, bytes] | None,
    device: tuple[int, int] | None,
    sparse: tuple[tuple[int, int], ...] | None,
) -> bytes:
    """The form that :meth:`LayerIndex.extra` gives back."""
    values: dict[str, Any] = {}
    if xattrs:
        values["xattrs"] = {
            k.decode("latin-1"): base64.b64encode(v).decode() for k, v in sorted(xattrs.items())
        }
    if device:
        values["device"] = device
    if sparse is not None:
        values["sparse"] = sparse
    return json.dumps(values, separators=(",", ":")).encode()


def _from_text(name: str) -> bytes:
    return name.encode("latin-1")
