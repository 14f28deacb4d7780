"""A layer by itself, as a tree: all that can be shown of it where a layer below can't be read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.archive.entry import Entry, Kind
from layerscope.index.change import Change
from layerscope.index.layer import LayerIndex
from layerscope.index.rows import Flag

if TYPE_CHECKING:
    import numpy.typing as npt


class LoneLayer:
    """Has what trees ask of a :class:`StackView`: rows are those of the layer.

    Nothing below is known, so all that the layer gives is ADDED, all that it hides REMOVED.
    """

    def __init__(self, number: int, layer: LayerIndex) -> None:
        self.top = number
        self.layers = {number: layer}
        self.parent = layer.parent
        self.end = layer.end
        self.moved: dict[int, bytes] = {}
        self._layer = layer

    def __len__(self) -> int:
        return len(self._layer)

    @cached_property
    def layer(self) -> memoryview[int]:
        """The number of the layer, for each row."""
        return memoryview(self.np("layer"))  # type: ignore[arg-type]

    @cached_property
    def change(self) -> memoryview[int]:
        """The mark of each row."""
        return memoryview(self.np("change"))  # type: ignore[arg-type]

    def np(self, column: str) -> npt.NDArray[Any]:
        """A column as a stack has it."""
        layer = self._layer
        if column == "layer":
            return np.full(len(self), self.top, np.uint16)
        if column == "row":
            return np.arange(len(self), dtype=np.uint32)
        if column == "removed_before":
            return np.zeros(len(self) + 1, np.uint64)
        if column == "change":
            return self._change
        return layer.np("bytes_before" if column == "own_before" else column)

    @cached_property
    def _change(self) -> npt.NDArray[Any]:
        kind, flags = self._layer.np("kind"), self._layer.np("flags")
        implied = np.where(flags & Flag.IMPLICIT, Change.UNCHANGED, Change.ADDED)
        return np.where(kind == Kind.WHITEOUT, Change.REMOVED, implied).astype(np.uint8)

    def gather(self, column: str) -> npt.NDArray[Any]:
        """A column of the layer's index."""
        return self._layer.np(column)

    def path(self, row: int) -> bytes:
        """The path, relative to the root."""
        return self._layer.path(row)

    def name(self, row: int) -> bytes:
        """The last component of the path."""
        return self._layer.name(row)

    def depth(self, row: int) -> int:
        """0 for the root."""
        return self._layer.depth(row)

    def find(self, path: bytes) -> int | None:
        """The row of ``path``."""
        return self._layer.find(path)

    def kind(self, row: int) -> Kind:
        """What the path is."""
        return Kind(self._layer.kind[row])

    def source(self, row: int) -> tuple[int, int]:
        """(layer, row there) that holds the content."""
        inside = self._layer.link_row(row)
        return self.top, inside if inside >= 0 else row

    def entry(self, row: int) -> Entry:
        """Everything known of a row."""
        return self._layer.entry(row)

    def subtree_size(self, row: int) -> int:
        """Bytes at and below a row."""
        return self._layer.subtree_size(row)

    def own_size(self, row: int) -> int:
        """The same: there is nothing else."""
        return self._layer.subtree_size(row)

    def removed_size(self, row: int) -> int:
        """Nobody knows what a whiteout hides."""
        return 0

    def changes(self, row: int) -> int:
        """How many rows at and below a row carry a mark."""
        return int(np.count_nonzero(self._change[row : self.end[row]]))
