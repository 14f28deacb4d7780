"""The files of a layer or a stack: which of them are shown, in which order, and where one is."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from layerscope.tui.models.expansion import Expansion
from layerscope.tui.models.file_lines import file_headings
from layerscope.tui.models.name_match import NameSearch
from layerscope.tui.models.pattern import Pattern
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_columns import TreeColumns
from layerscope.tui.models.tree_source import TreeSource
from layerscope.tui.models.tree_view import Mark, Scope, Shape, Sort, TreeView
from layerscope.tui.safe_text import fit_end, safe_name, safe_text
from layerscope.tui.widgets.file_tree import FileTree
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.line import Line
from layerscope.tui.widgets.path_suggester import PathSuggester, typed_path
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import RowList
from layerscope.units import size_text
from layerscope.usecases.paths import NoSuchPath, find

_KEPT_COLUMNS = 4
_AT_ONCE = 50_000  # rows that are searched and sorted before the next key is read


class FilesPane(Vertical):
    """Heading, columns, tree and a line about the row under the cursor, or about the filter."""

    DEFAULT_CSS = """
    FilesPane > #what { height: 1; text-style: bold; }
    FilesPane > #nothing { display: none; height: 1fr; padding: 1 2; color: $text-muted; }
    FilesPane > #where { height: 1; background: $surface; }
    FilesPane.-nothing > #tree, FilesPane.-nothing > #columns { display: none; }
    FilesPane.-nothing > #nothing { display: block; }
    FilesPane > Prompt { display: none; }
    """

    class Built(Message):
        """A tree was made elsewhere, for the view that has this number."""

        def __init__(self, generation: int, tree: TreeModel) -> None:
            super().__init__()
            self.generation, self.tree = generation, tree

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = TreeView()
        self._source: TreeSource | None = None
        self._titles: dict[Scope, str] = {}
        self._expansion = Expansion()
        self._search = NameSearch()
        self._columns: OrderedDict[int, TreeColumns] = OrderedDict()
        self._generation = 0
        self._wanted: tuple[int, TreeColumns, TreeView] | None = None
        self._is_making = False

    def compose(self) -> ComposeResult:
        """Heading, columns, tree, line, prompts."""
        yield Line(id="what")
        yield Headings(file_headings, id="columns")
        yield FileTree(id="tree")
        yield Static(id="nothing", markup=False)
        yield Line(id="where")
        yield Prompt("part of a name, a/path, or *.so", id="filter")
        yield Prompt("path", id="go-to")

    @property
    def file_tree(self) -> FileTree:
        """The tree."""
        return self.query_one(FileTree)

    def show(self, source: TreeSource, titles: dict[Scope, str]) -> None:
        """Show the files of a stack; ``titles`` say what the tree of each scope is."""
        self._source, self._titles = source, titles
        self.remove_class("-nothing")
        self._build()

    def show_nothing(self, title: str, why: str) -> None:
        """Say why there are no files to show."""
        self._source = None
        self._generation += 1
        self.file_tree.shown = None
        self.add_class("-nothing")
        self.query_one("#what", Line).show(f" {safe_text(title)}")
        lines = (safe_text(line) for line in why.splitlines())
        self.query_one("#nothing", Static).update("\n".join(lines))
        self.query_one("#where", Line).show("")

    def toggle_scope(self) -> None:
        """What this layer changed, or everything up to it."""
        self._look(replace(self.view, scope=self.view.scope.other))

    def toggle_mark(self, mark: Mark) -> None:
        """Show or hide a class of changes."""
        self._look(replace(self.view, hidden=self.view.hidden ^ {mark}))

    def sort(self) -> None:
        """By name, size or time, in turn."""
        self._look(replace(self.view, sort=self.view.sort.following, shape=Shape.TREE))

    def toggle_biggest(self) -> None:
        """A flat list of the biggest files, or the tree."""
        other = Shape.TREE if self.view.shape is Shape.BIGGEST else Shape.BIGGEST
        self._look(replace(self.view, shape=other))

    @property
    def filter_box(self) -> Prompt:
        """Where a pattern is typed."""
        return self.query_one("#filter", Prompt)

    @property
    def path_box(self) -> Prompt:
        """Where a path is typed."""
        return self.query_one("#go-to", Prompt)

    def visit(self, path: bytes, scope: Scope) -> None:
        """Go to a path, whatever is hidden now."""
        if self.filter_box.display:
            self.step_back()
        self._look(TreeView(scope, sort=self.view.sort))
        self.file_tree.place = path
        self.file_tree.go_to(path)

    def ask_filter(self) -> None:
        """Let a pattern be typed."""
        self.filter_box.ask()

    def ask_path(self) -> None:
        """Let a path be typed."""
        if self._source is None:
            return
        path = self.file_tree.path
        folder = path.rpartition(b"/")[0] if path else b""
        box = self.path_box
        box.suggester = PathSuggester(self._source)
        box.value = "/" + safe_name(folder + b"/" if folder else b"")
        box.cursor_position = len(box.value)
        box.ask()

    def _close(self, box: Prompt) -> None:
        self.screen.set_focus(self.file_tree)
        box.display = False

    def step_back(self) -> bool:
        """Leave a prompt, or take the filter away; False if there is neither."""
        if self.path_box.display:
            self._close(self.path_box)
        elif self.filter_box.put_away(self.file_tree):
            self._search.forget()
        else:
            return False
        return True

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self.view.pattern:
            self._look(replace(self.view, pattern=event.value))

    @on(Input.Submitted, "#filter")
    def _filtered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value:
            self.screen.set_focus(self.file_tree)
        else:
            self._close(self.filter_box)

    @on(Input.Submitted, "#go-to")
    def _go_to(self, event: Input.Submitted) -> None:
        event.stop()
        self._close(self.path_box)
        typed = typed_path(event.value)
        if not typed or self._source is None:
            return
        try:
            row = find(self._source, typed.encode("utf-8", "surrogateescape"), removed=True)
        except NoSuchPath:
            words = f"there is no /{safe_text(typed)} up to this layer"
            self.notify(words, markup=False, severity="warning", timeout=4)
            return
        path = self._source.path(row)
        if not self.file_tree.go_to(path):
            self.visit(path, Scope.ALL)

    def next_match(self, step: int) -> None:
        """Go to the next (1) or previous (-1) match."""
        if not self.file_tree.next_match(step):
            self.notify("no match", timeout=2)

    def _look(self, view: TreeView) -> None:
        self.view = view
        self._build()

    def _build(self) -> None:
        """Make the tree anew: at once if that takes no time, else elsewhere.

        Sorting and searching many rows takes longer than a key may wait.
        """
        self._generation += 1
        if self._source is None:
            return
        columns = self._columns_of(self._source)
        view = self.view
        plain = not view.pattern and view.sort is Sort.NAME and view.shape is Shape.TREE
        if plain or len(self._source) < _AT_ONCE:
            self._show(self._make(columns, view))
        else:
            self._wanted = (self._generation, columns, view)
            self._go_on()

    def _make(self, columns: TreeColumns, view: TreeView) -> TreeModel:
        matches = None
        if view.pattern:
            matches = self._search.matching(columns.stack, Pattern.parse(view.pattern))
        return TreeModel(columns, view, self._expansion, matches)

    def _go_on(self) -> None:
        """Make the tree that was asked for last, one at a time."""
        if self._wanted is not None and not self._is_making:
            self._is_making = True
            self._make_elsewhere(*self._wanted)
            self._wanted = None

    @work(thread=True, group="tree")
    def _make_elsewhere(self, generation: int, columns: TreeColumns, view: TreeView) -> None:
        self.post_message(self.Built(generation, self._make(columns, view)))

    @on(Built)
    def _take(self, event: Built) -> None:
        self._is_making = False
        if event.generation == self._generation:
            self._show(event.tree)
        self._go_on()

    def _show(self, tree: TreeModel) -> None:
        self.file_tree.show_tree(tree)
        self.query_one("#what", Line).show(f" {self._heading(tree)}")
        self.set_class(not len(tree), "-nothing")
        if not len(tree):
            why = self._why_empty(tree.view)
            self.query_one("#nothing", Static).update(why)
            self.query_one("#where", Line).show("")

    def _why_empty(self, view: TreeView) -> str:
        if view.pattern and view.scope is Scope.CHANGED:
            return "No file that this layer changed is like that: a looks in all of them."
        if view.pattern:
            return "No file is like that."
        if view.hidden:
            return "All of it is hidden: A, M, D and U show it again."
        if view.scope is Scope.CHANGED:
            return "This layer changed nothing: a shows everything up to it."
        return "There are no files."

    def _heading(self, tree: TreeModel) -> str:
        view = tree.view
        stack = tree.stack
        size = stack.own_size(0) if view.scope is Scope.CHANGED else stack.subtree_size(0)
        parts = [safe_text(self._titles.get(view.scope, "")), size_text(size)]
        if view.shape is Shape.BIGGEST:
            parts.append("biggest files")
        elif view.sort is not Sort.NAME:
            parts.append(f"by {view.sort.value}")
        if view.hidden:
            parts.append("without " + ", ".join(m.value for m in Mark if m in view.hidden))
        if view.pattern:
            parts.append(f"{tree.match_count:,} like {safe_text(view.pattern)}")
        return " · ".join(parts)

    def _columns_of(self, source: TreeSource) -> TreeColumns:
        key = id(source)
        if key not in self._columns:
            self._columns[key] = TreeColumns(source)
            if len(self._columns) > _KEPT_COLUMNS:
                self._columns.popitem(last=False)
        self._columns.move_to_end(key)
        return self._columns[key]

    def on_resize(self) -> None:
        """The place stands at the right."""
        self.call_after_refresh(self._say_where)

    @on(RowList.Highlighted, "#tree")
    def _moved(self, event: RowList.Highlighted) -> None:
        event.stop()
        self._say_where()

    def _say_where(self) -> None:
        tree, path = self.file_tree.shown, self.file_tree.path
        if tree is None or path is None:
            return
        number = tree.match_number(self.file_tree.cursor) if tree.view.pattern else None
        found = f"{number:,} of {tree.match_count:,} found · " if number else ""
        place = f"{found}{self.file_tree.cursor + 1:,}/{len(tree):,} "
        room = max(0, self.size.width - len(place) - 2)
        where = fit_end("/" + safe_name(path), room)
        self.query_one("#where", Line).show(f" {where} {place}")
