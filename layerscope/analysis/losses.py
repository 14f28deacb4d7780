"""What an image pays for and doesn't show: where each loss happened, and what would save it.

A file's bytes are lost in the layer that removes them, or that gives the file again. dive's figures
(see efficiency) count paths; these count bytes, so they sum up to what the layers hold and the
image hides, except for files with several names that are lost one name after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.index.tree import before

Column = npt.NDArray[Any]

_AGAIN = (Change.MODIFIED, Change.METADATA, Change.REPEATED)
_WHOLE, _WHOLE_OF = 19, 20  # of a directory's bytes: lost as good as whole


@dataclass(frozen=True, slots=True)
class Loss:
    """``bytes`` of the ``files`` at or below ``path`` that layer ``by`` made useless.

    A directory that was lost as good as whole is one loss. ``change`` is what the layer did, to
    most of the bytes: REMOVED, MODIFIED, METADATA (only mode, owner, times or xattrs) or REPEATED
    (nothing at all). ``made_by`` are the layers that the bytes are in.
    """

    path: bytes
    change: Change
    by: int
    made_by: tuple[int, ...]
    files: int
    bytes: int


def losses(stacks: Sequence[StackView], most: int = 10_000) -> list[Loss]:
    """The ``most`` largest losses of the image with these stacks, one a layer; largest first."""
    found: list[tuple[int, int, _Lost]] = []
    for below, stack in pairwise(stacks):
        lost = _Lost(below, stack)
        rows = lost.tops()
        found += zip(lost.bytes(rows).tolist(), rows.tolist(), repeat(lost))
    found.sort(key=lambda one: -one[0])
    return [lost.loss(row) for size, row, lost in found[:most] if size]


class _Lost:
    """What the top layer of ``stack`` made useless; columns are by row of it."""

    def __init__(self, below: StackView, stack: StackView) -> None:
        self._stack = stack
        self._change, self._end = stack.np("change"), stack.np("end")
        # What is alive below is what the next stack has, less its additions, in the same order.
        alive = np.flatnonzero(below.np("change") != Change.REMOVED)
        was_there = self._change != Change.ADDED
        under = alive[np.maximum(np.cumsum(was_there) - 1, 0)]
        all_before = below.np("bytes_before").astype(np.int64)
        was = np.where(was_there, all_before[under + 1] - all_before[under], 0)
        gone = np.diff(stack.np("removed_before").astype(np.int64))
        again = np.where(np.isin(self._change, _AGAIN), was, 0)
        lost = again + gone
        self._origin = below.np("layer")[under]
        self._was, self._again, self._lost = before(was), before(again), before(lost)
        self._files = before(lost > 0)

    def bytes(self, rows: Column) -> Column:
        """How many bytes are lost at and below rows."""
        lost: Column = self._lost[self._end[rows]] - self._lost[rows]
        return lost

    def tops(self) -> Column:
        """The rows to tell of: files, and directories that were lost as good as whole."""
        end = self._end
        is_removed = self._change == Change.REMOVED
        was, again = self._was[end] - self._was[:-1], self._again[end] - self._again[:-1]
        several = self._files[end] - self._files[:-1] > 1
        whole = is_removed | (several & (again * _WHOLE_OF >= was * _WHOLE))
        outermost = np.flatnonzero(whole & ~self._inside(whole))
        cover = np.bincount(outermost + 1, minlength=len(end) + 1)
        cover -= np.bincount(end[outermost], minlength=len(end) + 1)
        own = self._lost[1:] > self._lost[:-1]
        rows: Column = np.flatnonzero((whole | own) & (np.cumsum(cover[:-1]) == 0))
        return rows

    def _inside(self, whole: Column) -> Column:
        """Which rows are right below one of these."""
        inside: Column = whole[self._stack.np("parent")]
        inside[0] = False
        return inside

    def loss(self, row: int) -> Loss:
        """What there is to tell of a row."""
        rows = slice(row, self._end[row])
        sizes = np.diff(self._lost[row : self._end[row] + 1])
        by_change = np.bincount(self._change[rows], weights=sizes)
        return Loss(
            path=self._stack.path(row),
            change=Change(int(by_change.argmax())),
            by=self._stack.top,
            made_by=tuple(np.unique(self._origin[rows][sizes > 0]).tolist()),
            files=int(np.count_nonzero(sizes)),
            bytes=int(sizes.sum()),
        )
