"""StackView: the union of the first layers of an image, marked against the stack below the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.archive.entry import Entry, Kind
from layerscope.index.columns import ColumnFile, InvalidIndex
from layerscope.index.layer import LayerIndex
from layerscope.index.tree_rows import TreeRows

if TYPE_CHECKING:
    import numpy.typing as npt

MAGIC = b"LSSTACK1"

_NUL, _SLASH = b"\0", b"/"


class Tally(NamedTuple):
    """What the top layer of a stack changed: paths that are no directories, and their bytes.

    ``modified`` has other content, ``metadata`` the same; ``repeated`` is exactly what was there.
    ``removed_bytes`` are those of lower layers that can't be seen any more.
    """

    added: int
    modified: int
    metadata: int
    repeated: int
    removed: int
    added_bytes: int
    modified_bytes: int
    metadata_bytes: int
    repeated_bytes: int
    removed_bytes: int

    def to_json(self) -> dict[str, int]:
        """As plain values, for the header of a stack file."""
        return self._asdict()


class StackView(TreeRows):
    """Layers 0 to ``top`` as one tree; rows in tree order, row 0 the root; a row is an int.

    What the top layer removed is still there, marked REMOVED, with all below it. Columns by row:
    ``layer`` and ``row`` (which layer's entry it is, and which there), ``parent``, ``end`` (the row
    after the subtree), ``change`` (:class:`change.Change`, of the top layer to the stack below).
    """

    def __init__(self, file: ColumnFile, layers: Sequence[LayerIndex]) -> None:
        self.file = file
        self.layers = layers
        self.top = len(layers) - 1
        self.tally = Tally(**file.meta["tally"])
        self.layer = file.column("layer")
        self.row = file.column("row")
        self.parent = file.column("parent")
        self.end = file.column("end")
        self.change = file.column("change")
        self._bytes_before = file.column("bytes_before")
        self._own_before = file.column("own_before")
        self._removed_before = file.column("removed_before")
        self._changes_before = file.column("changes_before")
        self.moved = _moved(file.meta["moved"])

    @classmethod
    def open(cls, path: Path, layers: Sequence[LayerIndex]) -> StackView:
        """Map the stack of ``layers`` (bottom first) at ``path``. Raises InvalidIndex, OSError."""
        file = ColumnFile(path, MAGIC)
        try:
            return cls(file, layers)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidIndex(str(path), "its header is damaged") from error

    def __len__(self) -> int:
        return len(self.layer)

    def np(self, column: str) -> npt.NDArray[Any]:
        """A column as a numpy array; those named ``…_before`` are prefix sums, one longer."""
        return self.file.np(column)

    def gather(self, column: str) -> npt.NDArray[Any]:
        """A column of the layers' indexes (``size``, ``mtime``, …) for every row of the stack."""
        import numpy as np

        layer, row = self.np("layer"), self.np("row")
        out = np.empty(len(self), self.layers[0].np(column).dtype)
        for number in np.unique(layer).tolist():
            here = np.flatnonzero(layer == number)
            out[here] = self.layers[number].np(column)[row[here]]
        return out

    def key(self, row: int) -> bytes:
        """The path with ``/`` as NUL."""
        if self.moved and (moved := self.moved.get(row)) is not None:
            return moved
        return self.layers[self.layer[row]].key(self.row[row])

    def counted(self, row: int) -> int:
        """Bytes that what is there at a row stands for: a file of several names counts at one."""
        return self._bytes_before[row + 1] - self._bytes_before[row]

    def own_size(self, row: int) -> int:
        """Bytes that the top layer itself holds at and below a row."""
        return self._own_before[self.end[row]] - self._own_before[row]

    def removed_size(self, row: int) -> int:
        """Bytes of lower layers that the top one removed at and below a row."""
        return self._removed_before[self.end[row]] - self._removed_before[row]

    def changes(self, row: int) -> int:
        """How many rows at and below a row carry a mark."""
        return self._changes_before[self.end[row]] - self._changes_before[row]

    def kind(self, row: int) -> Kind:
        """What the path is; a hard link is HARDLINK."""
        return Kind(self.layers[self.layer[row]].kind[self.row[row]])

    def size(self, row: int) -> int:
        """The file's own size in bytes; of a hard link its target's."""
        layer, own = self.source(row)
        return self.layers[layer].size[own]

    def source(self, row: int) -> tuple[int, int]:
        """(layer, row there) that holds the content: a hard link may point into a lower layer."""
        layer, own = self.layer[row], self.row[row]
        for _ in range(len(self.layers)):
            index = self.layers[layer]
            if index.kind[own] != Kind.HARDLINK:
                break
            inside = index.link_row(own)
            if inside >= 0:
                return layer, inside
            target = self.find(index.link(own))
            if target is None:
                break
            layer, own = self.layer[target], self.row[target]
        return layer, own

    def entry(self, row: int) -> Entry:
        """Everything known of a row; a hard link has its target's size, content and metadata."""
        layer, own = self.layer[row], self.row[row]
        entry = self.layers[layer].entry(own)
        if entry.kind is not Kind.HARDLINK:
            return replace(entry, path=self.path(row)) if self.moved else entry
        there, inode = self.source(row)
        shared = self.layers[there].entry(inode)
        return replace(shared, path=self.path(row), kind=Kind.HARDLINK, link=entry.link)


def _moved(stored: dict[str, str]) -> dict[int, bytes]:
    return {int(row): key.encode("latin-1") for row, key in stored.items()}
