"""Columns of a stack that its trees are made of; each is computed when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.archive.entry import Kind
from layerscope.tui.models.tree_source import TreeSource
from layerscope.tui.models.tree_view import Scope

Column = npt.NDArray[Any]

_THERE = {Scope.CHANGED: "own_before", Scope.ALL: "bytes_before"}


class TreeColumns:
    """All columns are by row of the stack."""

    def __init__(self, stack: TreeSource) -> None:
        self.stack = stack
        self.count = len(stack)
        self.end = stack.np("end")
        self.change = stack.np("change")

    @cached_property
    def depth(self) -> Column:
        """How deep each row lies: its number, less the subtrees that have ended before it."""
        ended = np.cumsum(np.bincount(self.end, minlength=self.count + 1)[: self.count])
        depth: Column = (np.arange(self.count) - ended).astype(np.int32)
        return depth

    @cached_property
    def parent(self) -> Column:
        """The row of the directory that each row is in; the root is its own."""
        return self.stack.np("parent")

    @cached_property
    def is_dir(self) -> Column:
        """Which rows are directories."""
        is_dir: Column = self.stack.gather("kind") == Kind.DIR
        return is_dir

    @cached_property
    def mtime(self) -> Column:
        """Seconds since the epoch."""
        return self.stack.gather("mtime")

    def bytes_before(self, scope: Scope) -> Column:
        """Prefix sums of what rows cost as the tree of ``scope`` shows it, removed ones too."""
        before: Column = self.stack.np(_THERE[scope]) + self.stack.np("removed_before")
        return before

    def shown_bytes(self, scope: Scope) -> Column:
        """The bytes that stand beside each row: what it and all below it cost, or, where that is
        nothing, what was removed there."""
        there, removed = (self.stack.np(name) for name in (_THERE[scope], "removed_before"))
        cost = there[self.end] - there[:-1]
        shown: Column = np.where(cost > 0, cost, removed[self.end] - removed[:-1])
        return shown

    def any_below(self, wanted: Column) -> Column:
        """Which rows are wanted or have a wanted one below them."""
        before = np.zeros(self.count + 1, np.int32)
        np.cumsum(wanted, out=before[1:])
        found: Column = before[self.end] > before[:-1]
        return found

    def below_any(self, chosen: Column) -> Column:
        """Which rows have a chosen one above them."""
        starts = np.flatnonzero(chosen)
        steps = np.bincount(starts + 1, minlength=self.count + 1)
        steps -= np.bincount(self.end[starts], minlength=self.count + 1)
        below: Column = np.cumsum(steps[: self.count]) > 0
        return below
