"""The tree of files: a list of rows with directories that open and shut."""

from __future__ import annotations

from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.everywhere import OPEN, ROWS
from layerscope.tui.models.expansion import EVERYTHING, Fold
from layerscope.tui.models.file_lines import FileLines
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.widgets.rows import RowList


class FileTree(RowList, inherit_bindings=False):
    """Shows a TreeModel. ``place`` is the path that the user went to last.

    The cursor comes back to that path whenever a tree has it, and stands on the closest directory
    above it where one has it not.
    """

    BINDINGS = bindings((*ROWS, OPEN))

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown: TreeModel | None = None
        self.place = b""

    @property
    def path(self) -> bytes | None:
        """The path under the cursor."""
        if self.shown is None or not len(self.shown):
            return None
        return self.shown.stack.path(self.shown[self.cursor])

    def show_tree(self, tree: TreeModel) -> None:
        """Show another tree, with the cursor where it was; in one of matches on a match."""
        self.shown = tree
        index = tree.nearest(self.place)
        if tree.view.pattern and len(tree) and not tree.is_match(index):
            index = tree.first_match() or index
        self.show(FileLines(tree), index)

    def move_to(self, index: int, *, always: bool = False) -> None:
        """Put the cursor on a row."""
        super().move_to(index, always=always)
        if not always and (path := self.path) is not None:
            self.place = path

    def go_to(self, path: bytes) -> bool:
        """Put the cursor on a path, with the directories above it open; False if it isn't there."""
        index = self.shown.reveal(path) if self.shown is not None else None
        if index is None:
            return False
        self.place = path
        self.show(self.model, index)
        return True

    def next_match(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) match; False if there is none."""
        if self.shown is None:
            return False
        index = self.shown.next_match(min(self.cursor, len(self.shown) - 1), step)
        if index is None:
            return False
        self.show(self.model, index)
        self.place = self.path or b""
        return True

    def fold(self) -> None:
        """Open or shut the directory under the cursor."""
        if self.shown is None or self.path is None:
            return
        if self.shown.is_open(self.cursor):
            self.shown.close(self.cursor)
        else:
            self.shown.open(self.cursor)
        self.changed()

    def go_in(self) -> None:
        """Open the directory under the cursor, or go to what is in it."""
        if self.shown is None or self.path is None or not self.shown.can_fold(self.cursor):
            return
        if self.shown.is_open(self.cursor):
            self.move_to(self.cursor + 1)
        else:
            self.fold()

    def go_out(self) -> None:
        """Shut the directory under the cursor, or go to the one around."""
        if self.shown is None or self.path is None:
            return
        if self.shown.is_open(self.cursor):
            self.fold()
        elif (above := self.shown.parent(self.cursor)) is not None:
            self.move_to(above)

    def expand_below(self) -> None:
        """Open the directory under the cursor with all below it."""
        if self.shown is not None and self.path is not None:
            self.shown.fold_all_below(self.cursor, Fold(True))
            self.changed()

    def to_depth(self, depth: int = EVERYTHING) -> None:
        """Open all directories that are less deep, shut the others."""
        if self.shown is not None:
            self.shown.to_depth(depth)
            self.show_tree(self.shown)
