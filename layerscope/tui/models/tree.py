"""The tree on the screen: which rows of a stack are visible, as numbers, never as objects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from layerscope.index.change import Change
from layerscope.tui.models.expansion import Expansion, Fold
from layerscope.tui.models.outline import Outline, biggest, outline
from layerscope.tui.models.tree_columns import Column, TreeColumns
from layerscope.tui.models.tree_view import Shape, TreeView

SCREENFUL = 40


class TreeModel:
    """The visible rows of a stack, top to bottom: ``model[i]`` is the i-th one's row.

    ``matches`` says which rows of the stack the view's pattern means (None: it has none). What is
    folded here is noted in ``expansion``; with a pattern, directories lead to the matches
    whatever the expansion says, and folding them is forgotten with the pattern.
    """

    def __init__(
        self,
        columns: TreeColumns,
        view: TreeView,
        expansion: Expansion,
        matches: Column | None = None,
    ) -> None:
        self.stack = columns.stack
        self.view = view
        self._columns = columns
        self._expansion = expansion if matches is None else Expansion()
        self._matches = matches
        self.outline = _outline(columns, view, matches)
        self._can_fold = self.outline.end > np.arange(1, len(self.outline) + 1)
        self._open = self._opened()
        self._visible = self._inside(0, len(self.outline))

    def __len__(self) -> int:
        return len(self._visible)

    def __getitem__(self, index: int) -> int:
        return int(self.outline.row[self._visible[index]])

    def rows(self, start: int, stop: int) -> Iterator[int]:
        """The rows of the stack at the given places of the screen's list."""
        rows: list[int] = self.outline.row[self._visible[start:stop]].tolist()
        return iter(rows)

    @property
    def total(self) -> int:
        """How many rows there are when every directory is open."""
        return len(self.outline)

    def index(self, row: int) -> int | None:
        """Where a row is shown, None if it isn't."""
        position = self.outline.position(row)
        return None if position is None else self._index_of(position)

    def nearest(self, path: bytes) -> int:
        """Where ``path`` is shown, or else the closest directory above it that is; 0 if none is."""
        while path:
            row = self.stack.find(path)
            index = None if row is None else self.index(row)
            if index is not None:
                return index
            path = path.rpartition(b"/")[0]
        return 0

    def can_fold(self, index: int) -> bool:
        """True for a directory with something to see in it."""
        return bool(self._can_fold[self._visible[index]])

    def is_open(self, index: int) -> bool:
        """True for a directory whose content follows."""
        position = self._visible[index]
        return bool(self._can_fold[position] and self._open[position])

    def is_match(self, index: int) -> bool:
        """True for a row that the view's pattern means."""
        return self._matches is not None and bool(self._matches[self[index]])

    def parent(self, index: int) -> int | None:
        """Where the directory around a visible row is shown; None at the top."""
        return self.index(self.stack.parent[self[index]])

    def open(self, index: int) -> None:
        """Show what is in a directory; one that holds nothing but a directory opens that, too."""
        position = int(self._visible[index])
        while self._can_fold[position]:
            self._note(position, Fold(True))
            only = position + 1
            if self.outline.end[only] != self.outline.end[position]:
                break
            position = only
        self._show_inside(index)

    def close(self, index: int) -> None:
        """Hide what is in a directory."""
        position = int(self._visible[index])
        if not self._can_fold[position]:
            return
        self._note(position, Fold(False))
        after = np.searchsorted(self._visible, self.outline.end[position])
        self._visible = np.concatenate((self._visible[: index + 1], self._visible[after:]))

    def fold_all_below(self, index: int, fold: Fold) -> None:
        """Open or shut a directory with every directory in it."""
        position = int(self._visible[index])
        self.close(index)
        self._note(position, Fold(fold.is_open, deep=True))
        self._open[position : self.outline.end[position]] = fold.is_open
        if fold.is_open:
            self._show_inside(index)

    def to_depth(self, depth: int | None) -> None:
        """Open every directory that is less deep than ``depth`` and shut the others."""
        self._expansion.to_depth(depth)
        self._open = self._opened_to_depth()
        self._visible = self._inside(0, len(self.outline))

    def reveal(self, path: bytes) -> int | None:
        """Open the directories above ``path`` and say where it is now; None if it isn't kept."""
        row = self.stack.find(path)
        position = None if row is None else self.outline.position(row)
        if position is None:
            return None
        if self.view.shape is Shape.TREE:
            self._open_above(path)
        return self._index_of(position)

    def next_match(self, index: int, step: int) -> int | None:
        """Where the next (``step`` 1) or previous (-1) match is, round the end; opened if need be.

        Without a pattern every row that the layer changed itself counts as one.
        """
        here = int(self._visible[index]) if len(self) else -1
        after = int(np.searchsorted(self._targets, here, "right"))
        return self._match(after if step > 0 else int(np.searchsorted(self._targets, here)) - 1)

    def first_match(self) -> int | None:
        """Where the first match is, opened if need be."""
        return self._match(0)

    @property
    def match_count(self) -> int:
        """How many rows :meth:`next_match` goes through."""
        return len(self._targets)

    def match_number(self, index: int) -> int | None:
        """Which of them a visible row is, counted from 1; None if it is none."""
        position = self._visible[index]
        at = int(np.searchsorted(self._targets, position))
        return at + 1 if at < len(self._targets) and self._targets[at] == position else None

    @cached_property
    def _targets(self) -> Column:
        """Positions that :meth:`next_match` goes to."""
        wanted = _changes(self._columns) if self._matches is None else self._matches
        wanted = wanted & _marks_shown(self._columns, self.view)
        return np.flatnonzero(wanted[self.outline.row])

    def _opened(self) -> Column:
        """Which directories are open by the rule and by hand, by position."""
        if self._matches is not None:
            return self._leading_to_matches()
        is_open = self._opened_to_depth()
        for path, fold in self._expansion.by_hand.items():
            row = self.stack.find(path)
            position = None if row is None else self.outline.position(row)
            if position is not None:
                end = self.outline.end[position] if fold.deep else position + 1
                is_open[position:end] = fold.is_open
        return is_open

    def _opened_to_depth(self) -> Column:
        depth = self._columns.depth[self.outline.row]
        limit = self._expansion.depth
        if limit is None:
            so_far = np.cumsum(np.bincount(depth, minlength=2))
            limit = max(1, int(np.searchsorted(so_far, SCREENFUL, "right")) - 1)
        is_open: Column = depth < limit
        return is_open

    def _leading_to_matches(self) -> Column:
        before = np.zeros(len(self.outline) + 1, np.int32)
        before[1 + self._targets] = 1
        np.cumsum(before, out=before)
        is_open: Column = before[self.outline.end] > before[1:]
        return is_open

    def _inside(self, start: int, end: int) -> Column:
        """The visible positions in a range that shut directories outside of it don't hide."""
        shut = start + np.flatnonzero((self._can_fold & ~self._open)[start:end])
        if not len(shut):
            return np.arange(start, end)
        steps = np.bincount(shut + 1 - start, minlength=end - start + 1)
        steps -= np.bincount(self.outline.end[shut] - start, minlength=end - start + 1)
        return start + np.flatnonzero(np.cumsum(steps[:-1]) == 0)

    def _match(self, number: int) -> int | None:
        if not len(self._targets):
            return None
        position = int(self._targets[number % len(self._targets)])
        return self.reveal(self.stack.path(int(self.outline.row[position])))

    def _index_of(self, position: int) -> int | None:
        at = int(np.searchsorted(self._visible, position))
        return at if at < len(self._visible) and self._visible[at] == position else None

    def _note(self, position: int, fold: Fold) -> None:
        self._open[position] = fold.is_open
        self._expansion.fold(self.stack.path(int(self.outline.row[position])), fold)

    def _show_inside(self, index: int) -> None:
        position = int(self._visible[index])
        end = int(self.outline.end[position])
        after = np.searchsorted(self._visible, end)
        parts = self._visible[: index + 1], self._inside(position + 1, end), self._visible[after:]
        self._visible = np.concatenate(parts)

    def _open_above(self, path: bytes) -> None:
        """Open the closed directories above ``path``, from the outermost in."""
        parts = path.split(b"/")
        for count in range(1, len(parts)):
            row = self.stack.find(b"/".join(parts[:count]))
            index = None if row is None else self.index(row)
            if index is not None and not self.is_open(index):
                self._note(int(self._visible[index]), Fold(True))
                self._show_inside(index)


def _marks_shown(columns: TreeColumns, view: TreeView) -> Column:
    """Which rows have a mark that the view wants."""
    shown: Column = np.array([view.shows(change) for change in Change])[columns.change]
    return shown


def _outline(columns: TreeColumns, view: TreeView, matches: Column | None) -> Outline:
    wanted = _marks_shown(columns, view)
    if matches is not None:
        wanted &= matches | columns.below_any(matches)
    if view.shape is Shape.BIGGEST:
        return biggest(columns, wanted, view.scope)
    kept = None if wanted.all() else columns.any_below(wanted)
    return outline(columns, kept, view.sort, view.scope)


def _changes(columns: TreeColumns) -> Column:
    """Which rows the layer changed; of a tree that it added or removed whole, the top."""
    change = columns.change
    whole = (change == Change.ADDED) | (change == Change.REMOVED)
    changes: Column = (change != Change.UNCHANGED) & ~(whole & (change == change[columns.parent]))
    return changes
