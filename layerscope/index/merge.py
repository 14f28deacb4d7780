"""Stacks built layer by layer: what each layer adds, hides and changes, by the OCI rules.

The two key lists are sorted already, so sorting them together is one merge; a key that comes twice
is a path that the layer gives again. Everything else is arithmetic on columns.
"""

from __future__ import annotations

from itertools import compress, islice
from operator import eq
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.archive.entry import Kind
from layerscope.archive.tar_format import InvalidTar, told
from layerscope.index.alive import Alive
from layerscope.index.change import Change
from layerscope.index.columns import write_columns
from layerscope.index.compare import changes_of
from layerscope.index.layer import LayerIndex
from layerscope.index.moved import placed_keys, through_lower_symlinks
from layerscope.index.rows import NUL, Flag
from layerscope.index.stack import MAGIC, StackView, Tally
from layerscope.index.tree import before, distinct, shape

Column = npt.NDArray[Any]

_REPEATS = (Change.REPEATED, Change.METADATA, Change.MODIFIED, Change.ADDED)


class StackBuilder:
    """Pushes layers, bottom first, and writes the stack after each."""

    def __init__(self) -> None:
        self.layers: list[LayerIndex] = []
        empty = np.zeros(0, np.int64)
        self._alive = Alive([], empty, empty, empty)
        self._moved: frozenset[bytes] = frozenset()

    @classmethod
    def resume(cls, stack: StackView) -> StackBuilder:
        """Go on from a stack that was built before."""
        builder = cls()
        builder.layers = list(stack.layers)
        alive = stack.np("change") != Change.REMOVED
        keys = [stack.key(row) for row in range(len(stack))]
        builder._keep(keys, stack.np("layer"), stack.np("row"), stack.np("end"), alive)
        builder._moved = frozenset(stack.moved.values())
        return builder

    def push(self, layer: LayerIndex, out: Path) -> StackView:
        """Add a layer on top and write the stack to ``out``.

        Raises InvalidTar for a hard link to what isn't there, OSError.
        """
        self.layers.append(layer)
        union = _Union(self._alive, self.layers)
        self._moved |= union.moved
        union.write(out, self._moved)
        self._keep(union.keys, union.layer, union.row, union.end, union.alive)
        return StackView.open(out, tuple(self.layers))

    def _keep(
        self, keys: list[bytes], layer: Column, row: Column, end: Column, alive: Column
    ) -> None:
        number = before(alive)
        self._alive = Alive(
            list(compress(keys, alive.tolist())),
            layer[alive].astype(np.int64),
            row[alive].astype(np.int64),
            number[end[alive].astype(np.int64)],
        )


class _Union:
    """The rows of the stack below and of the new layer, merged and marked."""

    def __init__(self, below: Alive, layers: list[LayerIndex]) -> None:
        self._below, self._layers, self._top = below, layers, len(layers) - 1
        self._new = layers[-1]
        own_keys, own_rows, self.moved = self._new_keys()
        self.keys, self._from_below, self._mine = _merge(below.keys, own_keys, own_rows)
        self._drop_whiteouts_of_nothing()
        self._removed = self._removals()
        self._choose()
        self._mark()
        self._check_hard_links()
        depth = np.fromiter((key.count(NUL) for key in self.keys), np.int64, len(self.keys)) + 1
        depth[0] = 0
        self.parent, self.end = shape(depth)

    @property
    def alive(self) -> Column:
        """Which rows are there once the layer is applied."""
        there: Column = self.change != Change.REMOVED
        return there

    def _new_keys(self) -> tuple[list[bytes], Column, frozenset[bytes]]:
        """The layer's keys in order, the row of each, and which aren't what the row is called."""
        keys = self._new.keys()
        moved = through_lower_symlinks(self._new, self._below, self._layers)
        rows = np.arange(len(keys))
        if not moved:
            return keys, rows, frozenset()
        placed, elsewhere = placed_keys(self._new, keys, moved)
        ordered = sorted(placed)
        return ordered, np.array([placed[key] for key in ordered]), elsewhere

    def _drop_whiteouts_of_nothing(self) -> None:
        kind = self._of_mine("kind", Kind.DIR)
        keep = (self._from_below >= 0) | (kind != Kind.WHITEOUT)
        if not keep.all():
            self.keys = list(compress(self.keys, keep.tolist()))
            self._from_below, self._mine = self._from_below[keep], self._mine[keep]

    def _of_mine(self, column: str, otherwise: int) -> Column:
        """A column of the new layer for each row of the union."""
        values = self._new.np(column)[np.maximum(self._mine, 0)].astype(np.int64)
        values[self._mine < 0] = otherwise
        return values

    def _removals(self) -> Column:
        """Which rows of the stack below are hidden by the layer, itself or through a parent."""
        both = np.flatnonzero((self._from_below >= 0) & (self._mine >= 0))
        start, mine = self._from_below[both], self._mine[both]
        kind, flags = self._new.np("kind")[mine], self._new.np("flags")[mine]
        whiteout = kind == Kind.WHITEOUT
        hides = whiteout | (kind != Kind.DIR) | ((flags & (Flag.OPAQUE | Flag.REPLACES)) != 0)
        depth = np.zeros(len(self._below.keys) + 1, np.int64)
        np.add.at(depth, (start + ~whiteout)[hides], 1)
        np.add.at(depth, self._below.end[start[hides]], -1)
        hidden = np.cumsum(depth[:-1]) > 0
        removed = np.zeros(len(self.keys), bool)
        lower = self._from_below >= 0
        removed[lower] = hidden[self._from_below[lower]]
        return removed

    def _choose(self) -> None:
        """Which layer's entry each row is: the new one's, unless it only implies a directory."""
        kind, flags = self._of_mine("kind", Kind.WHITEOUT), self._of_mine("flags", 0)
        implied = (flags & Flag.IMPLICIT != 0) & (flags & (Flag.OPAQUE | Flag.REPLACES) == 0)
        keeps_lower = implied & (self._from_below >= 0) & ~self._removed
        kept = np.flatnonzero(keeps_lower)
        lower_kind = self._below.gather(self._layers, "kind", self._from_below[kept])
        keeps_lower[kept[lower_kind != Kind.DIR]] = False
        self._is_mine = (self._mine >= 0) & (kind != Kind.WHITEOUT) & ~keeps_lower
        source = np.maximum(self._from_below, 0)
        lower_layer = self._below.layer[source] if len(self._below.keys) else np.zeros_like(source)
        lower_row = self._below.row[source] if len(self._below.keys) else np.zeros_like(source)
        self.layer = np.where(self._is_mine, self._top, lower_layer)
        self.row = np.where(self._is_mine, self._mine, lower_row)

    def _mark(self) -> None:
        self.change = np.zeros(len(self.keys), np.uint8)
        self.change[self._is_mine] = Change.ADDED
        self.change[self._removed & ~self._is_mine] = Change.REMOVED
        both = np.flatnonzero(self._is_mine & (self._from_below >= 0))
        self.change[both] = changes_of(
            self._below, self._from_below[both], self._layers, self._mine[both]
        )
        if not self._top:
            self.change[0] = Change.UNCHANGED

    def _check_hard_links(self) -> None:
        """A hard link's target is in its layer, before it, or in the stack below."""
        new, loose = self._new, self._new.loose_links()
        if not loose:
            return
        there = set(self._below.keys)
        for row in loose:
            if new.link(row).replace(b"/", NUL) not in there:
                what = f"{told(new.path(row))} is a hard link to {told(new.link(row))}"
                raise InvalidTar(f"layer {self._top}", f"{what}, which isn't there")

    def _own_bytes(self) -> Column:
        """Bytes that each row stands for: a hard-linked file counts at its first name."""
        source = Alive(self.keys, self.layer, self.row, self.end)
        every = np.arange(len(self.keys))
        kind = source.gather(self._layers, "kind", every)
        size = source.gather(self._layers, "size", every)
        counts = (kind == Kind.FILE) | (kind == Kind.SYMLINK)
        links = np.flatnonzero((kind == Kind.HARDLINK) & self.alive)
        for number in distinct(self.layer[links]).tolist():
            here = links[self.layer[links] == number]
            counts[
                _heirs(self._layers[number], self.row, here, self.alive & (self.layer == number))
            ] = True
        return np.where(counts, size, 0)

    def write(self, out: Path, moved: frozenset[bytes]) -> None:
        """Write the stack file; ``moved`` are keys that may not be what their row is called. Raises
        OSError."""
        size, marked = self._own_bytes(), self.change != Change.UNCHANGED
        own = np.isin(self.change, _REPEATS)
        tally = self._tally(size)
        columns = {
            "layer": ("H", self.layer.astype(np.uint16)),
            "row": ("I", self.row.astype(np.uint32)),
            "parent": ("I", self.parent.astype(np.uint32)),
            "end": ("I", self.end.astype(np.uint32)),
            "change": ("B", self.change),
            "bytes_before": ("Q", before(np.where(self.alive, size, 0)).astype(np.uint64)),
            "own_before": ("Q", before(np.where(own, size, 0)).astype(np.uint64)),
            "removed_before": ("Q", before(np.where(self.alive, 0, size)).astype(np.uint64)),
            "changes_before": ("I", before(marked).astype(np.uint32)),
        }
        places = [row for row, key in enumerate(self.keys) if key in moved] if moved else []
        stored = {str(row): self.keys[row].decode("latin-1") for row in places}
        write_columns(out, MAGIC, {"tally": tally.to_json(), "moved": stored}, columns)

    def _tally(self, size: Column) -> Tally:
        every = np.arange(len(self.keys))
        source = Alive(self.keys, self.layer, self.row, self.end)
        is_file = source.gather(self._layers, "kind", every) != Kind.DIR
        figures: dict[str, int] = {}
        for change in (*_REPEATS, Change.REMOVED):
            rows = (self.change == change) & is_file
            figures[change.name.lower()] = int(rows.sum())
            figures[f"{change.name.lower()}_bytes"] = int(size[rows].sum())
        return Tally(**figures)


def _merge(
    below: list[bytes], own: list[bytes], own_rows: Column
) -> tuple[list[bytes], Column, Column]:
    """Keys of both in order, once each; for each its row below and in the layer, -1 for none."""
    keys = below + own
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    in_order = [keys[i] for i in order.tolist()]
    count = len(in_order)
    again = np.fromiter(map(eq, islice(in_order, 1, None), in_order), bool, max(count - 1, 0))
    second = np.concatenate(([False], again))
    first = np.concatenate((again, [False]))
    is_below = order < len(below)
    from_below = np.where(is_below, order, -1)[~second]
    mine = np.where(is_below, -1, order - len(below))
    mine[:-1][first[:-1]] = mine[1:][again]
    mine = mine[~second]
    rows = np.where(mine >= 0, own_rows[np.maximum(mine, 0)], -1)
    return list(compress(in_order, (~second).tolist())), from_below, rows


def _heirs(index: LayerIndex, row: Column, links: Column, there: Column) -> list[int]:
    """Of hard links whose target is no longer there, the first name of each inode."""
    targets = np.array([index.link_row(own) for own in row[links].tolist()])
    orphans = (targets >= 0) & ~np.isin(targets, row[there])
    heirs = dict(zip(targets[orphans][::-1].tolist(), links[orphans][::-1].tolist(), strict=True))
    return list(heirs.values())
