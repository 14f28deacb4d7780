"""One line of the tree: what is known of a row; made only for lines on the screen."""

from __future__ import annotations

import enum
import stat
from dataclasses import dataclass

from layerscope.archive.entry import Entry, Kind
from layerscope.index.change import Change
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_source import TreeSource
from layerscope.tui.models.tree_view import Scope, Shape

CHANGE_LETTERS = {
    Change.UNCHANGED: " ",
    Change.ADDED: "A",
    Change.MODIFIED: "M",
    Change.METADATA: "m",
    Change.REMOVED: "D",
    Change.REPEATED: "=",
}
CHANGE_ROLES = {
    Change.ADDED: "added",
    Change.MODIFIED: "modified",
    Change.METADATA: "accent",
    Change.REMOVED: "removed",
    Change.REPEATED: "warning",
    Change.UNCHANGED: "dim",
}
_TYPES = {
    Kind.DIR: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.CHAR: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
    Kind.SOCKET: stat.S_IFSOCK,
}
CHANGED_BELOW = "·"


class Folding(enum.Enum):
    """What stands before a name."""

    NONE = " "
    OPEN = "▾"
    SHUT = "▸"


@dataclass(frozen=True, slots=True)
class FileRow:
    """``letter`` is the mark: A added, M other content, m other metadata, = repeated as it was,
    D removed, · something below is marked. ``size`` is bytes of the row with all below it, of what
    was removed if ``is_loss``. ``layer`` is where the entry comes from. ``indent`` is in levels.
    """

    row: int
    change: Change
    letter: str
    entry: Entry
    shown: bytes
    indent: int
    folding: Folding
    size: int
    is_loss: bool
    layer: int

    @property
    def mode_text(self) -> str:
        """As ``ls -l`` has it, with ``h`` for a further name of a hard-linked file."""
        text = mode_text(self.entry)
        return "h" + text[1:] if self.entry.kind is Kind.HARDLINK else text


def mode_text(entry: Entry) -> str:
    """Type and permissions as ``ls -l`` has them."""
    return stat.filemode(_TYPES.get(entry.kind, stat.S_IFREG) | (entry.mode & 0o7777))


def file_row(model: TreeModel, index: int) -> FileRow:
    """The line at ``index`` of the model."""
    stack, row = model.stack, model[index]
    change, entry = Change(stack.change[row]), stack.entry(row)
    flat = model.view.shape is Shape.BIGGEST
    there, removed = _bytes(stack, row, model.view.scope), stack.removed_size(row)
    return FileRow(
        row=row,
        change=change,
        letter=_letter(stack, row, change),
        entry=entry,
        shown=entry.path if flat else entry.name,
        indent=0 if flat else stack.depth(row) - 1,
        folding=_folding(model, index),
        size=there or removed,
        is_loss=removed > 0 and not there,
        layer=stack.layer[row],
    )


def _bytes(stack: TreeSource, row: int, scope: Scope) -> int:
    return stack.own_size(row) if scope is Scope.CHANGED else stack.subtree_size(row)


def _letter(stack: TreeSource, row: int, change: Change) -> str:
    if change is not Change.UNCHANGED:
        return CHANGE_LETTERS[change]
    return CHANGED_BELOW if stack.changes(row) else " "


def _folding(model: TreeModel, index: int) -> Folding:
    if not model.can_fold(index):
        return Folding.NONE
    return Folding.OPEN if model.is_open(index) else Folding.SHUT
