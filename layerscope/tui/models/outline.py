"""The rows of a tree that a view keeps, in the order of the screen: positions instead of rows.

A position is a row's place when every directory is open. Subtrees are contiguous in any order, so
a directory at position ``p`` has what is in it at ``p + 1`` to ``end[p]``.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from layerscope.tui.models.tree_columns import Column, TreeColumns
from layerscope.tui.models.tree_view import Scope, Sort


class Outline:
    """``row`` and ``end`` by position; the root isn't among them."""

    def __init__(self, row: Column, end: Column, *, in_tree_order: bool) -> None:
        self.row = row
        self.end = end
        self._in_tree_order = in_tree_order
        self._position: Column | None = None

    def __len__(self) -> int:
        return len(self.row)

    def position(self, row: int) -> int | None:
        """Where a row of the stack is, None if it isn't kept."""
        if self._in_tree_order:
            at = int(np.searchsorted(self.row, row))
            return at if at < len(self.row) and self.row[at] == row else None
        if self._position is None:
            self._position = np.full(int(self.row.max(initial=0)) + 1, -1, np.int32)
            self._position[self.row] = np.arange(len(self.row))
        if row >= len(self._position) or self._position[row] < 0:
            return None
        return int(self._position[row])


def outline(columns: TreeColumns, kept: Column | None, sort: Sort, scope: Scope) -> Outline:
    """The kept rows (None: all) with the siblings in order; a kept row's parents must be, too."""
    if kept is None:
        row, end = np.arange(1, columns.count), columns.end[1:].astype(np.int64) - 1
    else:
        kept[0] = False
        row = np.flatnonzero(kept)
        before = np.zeros(columns.count + 1, np.int64)
        np.cumsum(kept, out=before[1:])
        end = before[columns.end[row]]
    if sort is Sort.NAME:
        return Outline(row, end, in_tree_order=True)
    weight = columns.shown_bytes(scope) if sort is Sort.SIZE else columns.mtime
    place = _sorted_places(columns, row, end, -weight[row].astype(np.int64))
    sorted_row, sorted_end = np.empty_like(row), np.empty_like(end)
    sorted_row[place] = row
    sorted_end[place] = place + (end - np.arange(len(row)))
    return Outline(sorted_row, sorted_end, in_tree_order=False)


def biggest(columns: TreeColumns, wanted: Column, scope: Scope) -> Outline:
    """The wanted rows that cost something themselves and aren't directories, biggest first."""
    cost = np.diff(columns.bytes_before(scope).astype(np.int64))
    row = np.flatnonzero(wanted & (cost > 0) & ~columns.is_dir)
    row = row[np.argsort(-cost[row], kind="stable")]
    return Outline(row, np.arange(1, len(row) + 1), in_tree_order=False)


def _sorted_places(columns: TreeColumns, row: Column, end: Column, key: Column) -> Column:
    """The position of each kept row once siblings are sorted by ``key``, a level at a time."""
    count = len(row)
    size = end - np.arange(count)
    parent = columns.parent[row].astype(np.int64)
    order = np.lexsort((key, parent))
    by_family = parent[order]
    first = (
        np.concatenate(([True], by_family[1:] != by_family[:-1])) if count else np.zeros(0, bool)
    )
    rows_before = np.cumsum(size[order]) - size[order]
    offset = np.empty(count, np.int64)
    offset[order] = rows_before - np.maximum.accumulate(np.where(first, rows_before, 0))
    parent_index = np.searchsorted(row, parent)
    place = offset
    depth = columns.depth[row]
    by_level = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[by_level], np.arange(1, int(depth.max(initial=0)) + 2))
    for start, stop in list(pairwise(bounds.tolist()))[1:]:
        level = by_level[start:stop]
        place[level] += place[parent_index[level]] + 1
    return place
