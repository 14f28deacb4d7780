"""The tree as text: marks, modes, owners, sizes, layers and names, in the room that there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len

from layerscope.archive.entry import Kind
from layerscope.index.change import Change
from layerscope.tui.models.file_row import CHANGE_ROLES, FileRow, file_row
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_view import Shape
from layerscope.tui.safe_text import fit, fit_end, fit_left, safe_name
from layerscope.units import size_text

Span = tuple[str, str]

_NAME_ROOM = 28
_MARK, _SIZE = 3, 8
# Columns that come and go with the width: the first ones stay longest.
_WIDTHS = {"mode": 11, "layer": 4, "owner": 12, "time": 17}


class FileLines:
    """The visible rows of a tree, a line each."""

    def __init__(self, tree: TreeModel) -> None:
        self.tree = tree

    def __len__(self) -> int:
        return len(self.tree)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Mark, columns and name of a row."""
        row = file_row(self.tree, index)
        columns = _columns(width)
        spans = [(f" {row.letter} ", CHANGE_ROLES[row.change])]
        if "mode" in columns:
            spans.append((f"{row.mode_text} ", "dim"))
        if "owner" in columns:
            spans.append((f"{fit_left(f'{row.entry.uid}:{row.entry.gid}', 11)} ", "dim"))
        size = f"{'-' if row.is_loss else ''}{size_text(row.size)}"
        spans.append((f"{fit_left(size, _SIZE)} ", "removed" if row.is_loss else "strong"))
        if "layer" in columns:
            spans.append((f"{fit_left(str(row.layer), 3)} ", "dim"))
        if "time" in columns:
            spans.append((f"{time_text(row.entry.mtime)} ", "dim"))
        room = width - sum(len(text) for text, _ in spans)
        is_match = self.tree.is_match(index)
        if self.tree.view.shape is Shape.BIGGEST:
            path = fit_end("/" + safe_name(row.shown), max(1, room - 1))
            return [*spans, (" ", ""), (path, "match" if is_match else _name_role(row))]
        return [*spans, *_name(row, room, is_match)]


def file_headings(width: int) -> str:
    """The words above the columns."""
    columns = _columns(width)
    text = " " * _MARK
    text += fit("MODE", 11) if "mode" in columns else ""
    text += fit_left("OWNER", 11) + " " if "owner" in columns else ""
    text += fit_left("SIZE", _SIZE) + " "
    text += fit_left("L", 3) + " " if "layer" in columns else ""
    text += fit("MODIFIED", 17) if "time" in columns else ""
    return text + "  NAME"


def time_text(mtime: int) -> str:
    """A time in UTC, to the minute; 16 cells."""
    try:
        return f"{datetime.fromtimestamp(mtime, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return fit("out of range", 16)


def _columns(width: int) -> set[str]:
    left = width - _MARK - _SIZE - 1 - _NAME_ROOM
    shown: set[str] = set()
    for name, cells in _WIDTHS.items():
        left -= cells
        if left < 0:
            break
        shown.add(name)
    return shown


def _name(row: FileRow, room: int, is_match: bool) -> list[Span]:
    """Indentation, fold mark, name and where a link points."""
    indent = "  " * row.indent
    if len(indent) > room // 2:
        indent = "⋯ ".ljust(room // 2)
    name = safe_name(row.shown) + ("/" if row.entry.kind is Kind.DIR else "")
    role = "match" if is_match else _name_role(row)
    before = f"{indent}{row.folding.value} "
    room = max(1, room - len(before))
    target = safe_name(row.entry.link)
    if not target:
        return [(before, "dim"), (fit(name, room), role)]
    arrow = " = /" if row.entry.kind is Kind.HARDLINK else " → "
    name = name if cell_len(name) < room else fit(name, room)
    rest = fit(arrow + target, max(0, room - cell_len(name)))
    return [(before, "dim"), (name, role), (rest, "dim")]


def _name_role(row: FileRow) -> str:
    if row.change is Change.REMOVED:
        return "removed"
    return {Kind.DIR: "folder", Kind.SYMLINK: "link"}.get(row.entry.kind, "")
