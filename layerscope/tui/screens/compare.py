"""Two stacks of layers side by side: of one image, or of two."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from layerscope.errors import LayerscopeError
from layerscope.tui.aside import aside
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.compare import COMPARE
from layerscope.tui.models.compare_lines import CompareLines, compare_headings, summary
from layerscope.tui.models.tree_view import Sort
from layerscope.tui.safe_text import safe_text
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.session import Session
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import RowList
from layerscope.usecases.compare import Comparison, compare


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared: names of both sides, how, and where Enter goes (None: nowhere).

    ``targets`` have to be read first, as far as they weren't.
    """

    a: str
    b: str
    compare: Callable[[], Comparison]
    visit: Callable[[bytes], None] | None = None
    targets: tuple[str, ...] = ()


def pair_of_targets(session: Session, a: str, b: str, names: tuple[str, str]) -> Pair:
    """Two images, by what opens them and what they are called."""
    return Pair(*names, lambda: compare(session.open(a), session.open(b)), targets=(a, b))


class CompareScreen(ExplorerScreen):
    """Layers in common, config keys and files that differ."""

    ACTIONS = COMPARE
    BINDINGS = bindings(COMPARE)

    DEFAULT_CSS = """
    CompareScreen #summary { height: auto; padding: 1 1; }
    CompareScreen #differences { height: 1fr; }
    CompareScreen #filter { display: none; }
    """

    class Known(Message):
        """The differences are known."""

        def __init__(self, found: Comparison) -> None:
            super().__init__()
            self.found = found

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self._pair = pair
        self._found: Comparison | None = None
        self._sort = Sort.SIZE

    def body(self) -> Iterable[Widget]:
        """Summary, differences, filter."""
        yield Static("comparing …", id="summary", markup=False)
        yield Headings(compare_headings)
        yield RowList(id="differences")
        yield Prompt("part of a name, a/path, or *.so", id="filter")

    @property
    def rows(self) -> RowList:
        """The list."""
        return self.query_one("#differences", RowList)

    def on_mount(self) -> None:
        """Find the differences."""
        self.say(f"Compare — A: {self._pair.a} — B: {self._pair.b}")
        self.rows.focus()
        self._read()

    @work
    async def _read(self) -> None:
        """Have the targets read by other processes, then compare."""
        for number, target in enumerate(self._pair.targets):
            name = (self._pair.a, self._pair.b)[number]
            async for event in self.session.reader(target).events():
                if event["event"] == "error":
                    self._failed(LayerscopeError(event["what"], event["why"], event["hint"]))
                    return
                if event["event"] == "progress" and event["total"]:
                    share = event["done"] / event["total"]
                    words = f"reading {safe_text(name)}: layer {event['layer']}, {share:.0%}"
                    self.query_one("#summary", Static).update(words)
        try:
            self.post_message(self.Known(await aside(self._pair.compare)))
        except (LayerscopeError, OSError) as error:
            self._failed(error)

    def _failed(self, error: LayerscopeError | OSError) -> None:
        self.fail(error)
        self.query_one("#summary", Static).update(safe_text(str(error)))

    @on(Known)
    def _known(self, event: Known) -> None:
        self._found = event.found
        self._show()

    def _show(self) -> None:
        if self._found is None:
            return
        typed = self.query_one("#filter", Prompt).value
        lines = [f"A: {safe_text(self._pair.a)}", f"B: {safe_text(self._pair.b)}"]
        self.query_one("#summary", Static).update("\n".join([*lines, *summary(self._found)]))
        self.rows.show(CompareLines(self._found, self._sort, typed), 0)

    def action_sort(self) -> None:
        """By path, or by size."""
        self._sort = Sort.SIZE if self._sort is Sort.NAME else Sort.NAME
        self._show()

    def action_filter(self) -> None:
        """Ask for a pattern."""
        self.query_one("#filter", Prompt).ask()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.set_focus(self.rows)

    def _path(self) -> bytes | None:
        model = self.rows.model
        if not isinstance(model, CompareLines) or not len(model):
            return None
        file = model.file(self.rows.cursor)
        return None if file is None else file.path

    @on(RowList.Opened, "#differences")
    def action_visit(self) -> None:
        """Go to the file under the cursor."""
        path = self._path()
        if path is not None and self._pair.visit is not None:
            self.app.pop_screen()
            self._pair.visit(path)

    def action_copy_path(self) -> None:
        """The path under the cursor, to the terminal's clipboard."""
        path = self._path()
        if path is not None:
            self.copy_path(path)

    def action_back(self) -> None:
        """Out of the filter, or back."""
        if not self.query_one("#filter", Prompt).put_away(self.rows):
            super().action_back()
