"""What an image pays for and doesn't show: where each loss happened, and what would save it.

A file's bytes are lost in the layer that removes them, or that gives the file again. dive's figures
(see efficiency) count paths; these count bytes, so they sum up to what the layers hold and the
image hides, except for files with several names that are lost one name after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.index.change import Change
from layerscope.index.stack import StackView

Column = npt.NDArray[Any]

_REPLACED = (Change.MODIFIED, Change.METADATA, Change.REPEATED)


@dataclass(frozen=True, slots=True)
class Loss:
    """``bytes`` of the ``files`` at or below ``path`` that layer ``by`` made useless.

    ``change`` is what it did: REMOVED (a directory counts as one loss), MODIFIED, METADATA (only
    mode, owner, times or xattrs) or REPEATED (nothing at all). ``made_by`` are the layers that the
    bytes are in.
    """

    path: bytes
    change: Change
    by: int
    made_by: tuple[int, ...]
    files: int
    bytes: int


def losses(stacks: Sequence[StackView], most: int = 10_000) -> list[Loss]:
    """The ``most`` largest losses of the image with these stacks, one a layer; largest first."""
    found = [
        (lost, below, stack, row)
        for below, stack in pairwise(stacks)
        for row, lost in _lost(below, stack)
    ]
    found.sort(key=lambda one: -one[0])
    return [_loss(*one) for one in found[:most]]


def _lost(below: StackView, stack: StackView) -> Iterator[tuple[int, int]]:
    """(row, bytes) of each loss in the top layer of ``stack``."""
    change, parent, end = (stack.np(name) for name in ("change", "parent", "end"))
    gone = change == Change.REMOVED
    tops = np.flatnonzero(gone & ~gone[parent])
    before = stack.np("removed_before").astype(np.int64)
    yield from _costly(tops, before[end[tops]] - before[tops])
    again = np.flatnonzero(np.isin(change, _REPLACED))
    under = _rows_below(below, stack)[again]
    before = below.np("bytes_before").astype(np.int64)
    yield from _costly(again, before[under + 1] - before[under])


def _costly(rows: Column, sizes: Column) -> Iterator[tuple[int, int]]:
    costs = sizes > 0
    return zip(rows[costs].tolist(), sizes[costs].tolist(), strict=True)


def _rows_below(below: StackView, stack: StackView) -> Column:
    """The row of ``below`` for each row of ``stack`` that isn't ADDED.

    Both are in tree order; what is alive below is what the next stack has besides its additions.
    """
    alive = np.flatnonzero(below.np("change") != Change.REMOVED)
    rank = np.cumsum(stack.np("change") != Change.ADDED) - 1
    rows: Column = alive[np.maximum(rank, 0)]
    return rows


def _loss(lost: int, below: StackView, stack: StackView, row: int) -> Loss:
    change = Change(stack.change[row])
    path = stack.path(row)
    if change is not Change.REMOVED:
        under = below.find(path)
        origin = () if under is None else (below.layer[under],)
        return Loss(path, change, stack.top, origin, 1, lost)
    rows = slice(row, stack.end[row])
    before = stack.np("removed_before")[row : stack.end[row] + 1]
    costs = before[1:] > before[:-1]
    origins = np.unique(stack.np("layer")[rows][costs]).tolist()
    return Loss(path, change, stack.top, tuple(origins), int(costs.sum()), lost)
