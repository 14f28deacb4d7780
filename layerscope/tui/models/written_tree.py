"""A writable layer as a tree that changes while it is looked at.

Each change costs as much as its path is deep; what is drawn costs what is open on the screen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerscope.accounting.live.figures import Mark, Row
from layerscope.tui.safe_text import fit, fit_end, fit_left, safe_name
from layerscope.units import size_text

Span = tuple[str, str]

ROLES = {
    Mark.ADDED: "added",
    Mark.CHANGED: "modified",
    Mark.DELETED: "removed",
    Mark.UNCHANGED: "warning",
}
TOLD = "?"  # a row's kind where its size isn't known
_SIZE, _DELTA, _FROM = 8, 9, 20


@dataclass(slots=True)
class _Total:
    """A directory's files, and their bytes, with all below it."""

    size: int = 0
    first: int = 0
    files: int = 0


class WrittenTree:
    """Rows by path; ``first_sizes`` are those of when the explorer first saw the layer."""

    def __init__(self) -> None:
        self._rows: dict[bytes, Row] = {}
        self._children: dict[bytes, dict[bytes, None]] = {b"": {}}
        self._totals: dict[bytes, _Total] = {b"": _Total()}
        self._first: dict[bytes, int] | None = None
        self._open: set[bytes] = {b""}
        self._closed: set[bytes] = set()
        self._shown: list[bytes] | None = None
        self.by_size = False

    # -- what is there -------------------------------------------------------------------------

    def begin(self) -> None:
        """The whole list comes anew."""
        self._rows.clear()
        self._children = {b"": {}}
        self._totals = {b"": _Total(first=self._first_total())}
        self._shown = None

    def take(self, rows: Sequence[Row], gone: Sequence[bytes]) -> None:
        """Rows that are there now, others that aren't any more."""
        for path in gone:
            self._drop(path)
        for row in rows:
            self._put(row)
        self._shown = None

    def remember(self) -> None:
        """What there is now is what changes are told against, unless something was before."""
        if self._first is None:
            self._first = {path: row.size for path, row in self._rows.items() if row.size}
            for path, size in self._first.items():
                for above in _above(path):
                    self._totals[above].first += size

    def row(self, path: bytes) -> Row | None:
        """What is known of a path."""
        return self._rows.get(path)

    def __contains__(self, path: bytes) -> bool:
        return path in self._rows or path in self._totals

    def size(self, path: bytes) -> int:
        """Bytes at and below a path."""
        own = self._rows[path].size if path in self._rows else 0
        return own + (self._totals[path].size if path in self._totals else 0)

    def delta(self, path: bytes) -> int:
        """By how much that has grown since the explorer first saw it."""
        if self._first is None:
            return 0
        first, total = self._first, self._totals.get(path)
        before = first.get(path, 0) + (total.first if total else 0)
        return self.size(path) - before

    def is_folder(self, path: bytes) -> bool:
        """Whether there is something below it."""
        return bool(self._children.get(path))

    def _first_total(self) -> int:
        return sum((self._first or {}).values())

    def _put(self, row: Row) -> None:
        old = self._rows.get(row.path)
        self._rows[row.path] = row
        if old is None:
            self._link(row.path)
        grown = row.size - (old.size if old else 0)
        counted = _counts(row) - (_counts(old) if old else 0)
        for above in _above(row.path):
            total = self._totals[above]
            total.size += grown
            total.files += counted

    def _drop(self, path: bytes) -> None:
        row = self._rows.pop(path, None)
        if row is None:
            return
        for above in _above(path):
            total = self._totals[above]
            total.size -= row.size
            total.files -= _counts(row)
        self._unlink(path)

    def _link(self, path: bytes) -> None:
        while path:
            parent = path.rpartition(b"/")[0]
            siblings = self._children.setdefault(parent, {})
            if parent not in self._totals:
                first = self._first or {}
                inside = parent + b"/"
                below = (size for other, size in first.items() if other.startswith(inside))
                self._totals[parent] = _Total(first=sum(below))
            if path in siblings:
                return
            siblings[path] = None
            path = parent

    def _unlink(self, path: bytes) -> None:
        while path and path not in self._rows and not self._children.get(path):
            self._children.pop(path, None)
            self._totals.pop(path, None)
            parent = path.rpartition(b"/")[0]
            self._children.get(parent, {}).pop(path, None)
            path = parent

    # -- what is shown -------------------------------------------------------------------------

    @property
    def paths(self) -> Sequence[bytes]:
        """The paths on the screen's list, top to bottom."""
        if self._shown is None:
            self._shown = list(self._visible(b""))
        return self._shown

    def is_open(self, path: bytes) -> bool:
        """Whether what is in a directory follows it: by hand, else while it is not deep."""
        if path in self._closed:
            return False
        return path in self._open or path.count(b"/") < 2

    def toggle(self, path: bytes) -> None:
        """Open or shut a directory."""
        self.set_open(path, not self.is_open(path))

    def set_open(self, path: bytes, is_open: bool) -> None:
        """Open or shut a directory."""
        (self._open if is_open else self._closed).add(path)
        (self._closed if is_open else self._open).discard(path)
        self._shown = None

    def order_by_size(self, by_size: bool) -> None:
        """Largest first, or by name."""
        self.by_size, self._shown = by_size, None

    def _visible(self, folder: bytes) -> Iterator[bytes]:
        children = self._children.get(folder, {})
        ordered = (
            sorted(children, key=lambda path: (-self.size(path), path))
            if self.by_size
            else sorted(children)
        )
        for path in ordered:
            yield path
            if self._children.get(path) and self.is_open(path):
                yield from self._visible(path)


class WrittenLines:
    """The tree's lines."""

    def __init__(self, tree: WrittenTree) -> None:
        self.tree = tree
        self.paths = tree.paths

    def __len__(self) -> int:
        return len(self.paths)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Mark, size, change since the explorer opened, name, where it comes from."""
        path = self.paths[index]
        tree, row = self.tree, self.tree.row(path)
        mark = row.mark.value if row else " "
        role = ROLES[row.mark] if row else "dim"
        deleted = row is not None and row.mark is Mark.DELETED
        size = row.below if row is not None and deleted else tree.size(path)
        told = row is not None and row.kind == TOLD
        spans = [
            (f" {mark} ", role),
            (fit_left("" if told else size_text(size), _SIZE), "removed" if deleted else "strong"),
            (" " + fit_left(delta_text(tree.delta(path)), _DELTA), "accent"),
        ]
        room = width - sum(len(text) for text, _ in spans)
        origin = origin_text(row) if row else ""
        beside = _FROM if room > 50 else 0
        indent = "  " * path.count(b"/")
        sign = ("▾ " if tree.is_open(path) else "▸ ") if tree.is_folder(path) else "  "
        name = indent + sign + safe_name(path.rpartition(b"/")[2])
        spans.append((" " + fit_end(name, max(1, room - beside - 1)), _name_role(row)))
        if beside:
            spans.append((fit(f" {origin}", beside), "dim"))
        return spans


def path_at(model: object, index: int) -> bytes | None:
    """The path of a line of the tree."""
    if isinstance(model, WrittenLines) and index < len(model.paths):
        return model.paths[index]
    return None


def written_headings(width: int) -> str:
    """The words above the columns."""
    text = f"   {fit_left('SIZE', _SIZE)} {fit_left('SINCE', _DELTA)} "
    beside = _FROM if width - len(text) > 50 else 0
    return fit(text + "  PATH", width - beside) + (fit(" FROM", beside) if beside else "")


def origin_text(row: Row) -> str:
    """Where a path of the writable layer comes from."""
    if row.kind == TOLD:
        return "told by the daemon"
    if row.mark is Mark.DELETED:
        return f"deletes layer {row.from_layer}'s"
    if row.from_layer is None:
        return "new"
    if row.kind == "d":
        return "opaque" if row.opaque else ""
    if row.mark is Mark.UNCHANGED:
        return f"layer {row.from_layer}, unchanged"
    return f"copied up, layer {row.from_layer}"


def delta_text(delta: int) -> str:
    """A change of bytes with its sign; nothing for none."""
    if not delta:
        return ""
    return f"{'+' if delta > 0 else '-'}{size_text(abs(delta))}"


def _name_role(row: Row | None) -> str:
    if row is None or row.kind == "d":
        return "folder"
    return {"l": "link"}.get(row.kind, "")


def _counts(row: Row) -> int:
    return int(row.kind != "d" and row.mark is not Mark.DELETED)


def _above(path: bytes) -> Iterator[bytes]:
    """Every directory above a path, the root last."""
    while path:
        path = path.rpartition(b"/")[0]
        yield path
