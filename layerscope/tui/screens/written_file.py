"""A file of a container: as it is now, as the image has it, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from layerscope.accounting.live.figures import Mark, Row
from layerscope.errors import LayerscopeError
from layerscope.tui.aside import aside
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.written_file import WRITTEN_FILE
from layerscope.tui.models.written_tree import origin_text
from layerscope.tui.safe_text import fit, safe_name
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.footer import KeyLine
from layerscope.tui.widgets.preview import Preview
from layerscope.tui.widgets.rows import RowList, Span
from layerscope.units import size_text
from layerscope.usecases.live_lines import LiveContainer
from layerscope.usecases.written_file import Line, WrittenFile, open_written

_ROLES = {"+": "added", "-": "removed", "@": "accent", " ": ""}


class DifferenceLines:
    """Lines that came, went and stayed."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A sign and the line."""
        line = self._lines[index]
        return [(fit(f"{line.sign} {safe_name(line.text)}", width), _ROLES[line.sign])]


class WrittenFileScreen(ExplorerScreen):
    """Left the file now, right the image's; ``d`` shows what differs instead."""

    ACTIONS = WRITTEN_FILE
    BINDINGS = bindings(WRITTEN_FILE)

    DEFAULT_CSS = """
    WrittenFileScreen #panes, WrittenFileScreen #differences { height: 1fr; }
    WrittenFileScreen #left, WrittenFileScreen #right { width: 1fr; }
    WrittenFileScreen #right { border-left: solid $panel; }
    WrittenFileScreen Static { height: 1; color: $text-muted; }
    WrittenFileScreen #differences { display: none; }
    WrittenFileScreen.-differences #differences { display: block; }
    WrittenFileScreen.-differences #panes { display: none; }
    WrittenFileScreen.-narrow #right { display: none; border: none; }
    WrittenFileScreen.-narrow.-other #right { display: block; }
    WrittenFileScreen.-narrow.-other #left { display: none; }
    """

    class Opened(Message):
        """Both versions can be read."""

        def __init__(self, file: WrittenFile) -> None:
            super().__init__()
            self.file = file

    class Compared(Message):
        """What differs is known."""

        def __init__(self, lines: Sequence[Line]) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, container: LiveContainer, row: Row) -> None:
        super().__init__()
        self._container, self._row = container, row
        self._file: WrittenFile | None = None

    def body(self) -> Iterable[Widget]:
        """Two contents side by side, or their differences."""
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Static("", id="now-name", markup=False)
                yield Preview(id="now")
            with Vertical(id="right"):
                yield Static("", id="below-name", markup=False)
                yield Preview(id="below")
        yield RowList(id="differences")

    def on_mount(self) -> None:
        """Open the file."""
        path = safe_name(self._row.path)
        self.say(f"/{path} in {self._container.name} — {origin_text(self._row)}")
        self.query_one("#now", Preview).focus()
        self._open()

    def on_unmount(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()

    @work
    async def _open(self) -> None:
        store, path = self.session.store, self._row.path
        try:
            file = await aside(
                partial(open_written, store, self._container, path), WrittenFile.close
            )
        except (LayerscopeError, OSError) as error:
            self.fail(error)
            return
        if not self.post_message(self.Opened(file)):
            file.close()

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        self._file = event.file
        name = safe_name(self._row.path.rpartition(b"/")[2])
        for side, content, words in (
            ("now", event.file.now, "NOW"),
            ("below", event.file.below, f"LAYER {self._row.from_layer}"),
        ):
            heading = self.query_one(f"#{side}-name", Static)
            if content is None:
                missing = "not there" if self._row.mark is Mark.DELETED else "no content"
                heading.update(f" {words}: {missing}" if side == "now" else " THE IMAGE HAS NONE")
                continue
            heading.update(f" {words}, {size_text(content.size)}")
            self.query_one(f"#{side}", Preview).load(content, name)
        if event.file.now is None and event.file.below is not None:
            self.query_one("#below", Preview).focus()

    @on(Preview.Broken)
    def _broken(self, event: Preview.Broken) -> None:
        self.fail(event.error)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of the differences there are no bytes, and no other side."""
        if action in ("switch_pane", "toggle_bytes") and self.has_class("-differences"):
            return False
        return super().check_action(action, parameters)

    def action_differences(self) -> None:
        """What differs, or both versions again."""
        if self.has_class("-differences"):
            self.remove_class("-differences")
            self.query_one(KeyLine).refresh()
            self.query_one("#now", Preview).focus()
        elif self._file is None or self._file.now is None or self._file.below is None:
            self.notify("there is only one version of it", timeout=3)
        else:
            self._compare(self._file)

    @work(thread=True, exclusive=True)
    def _compare(self, file: WrittenFile) -> None:
        try:
            self.post_message(self.Compared(file.differences()))
        except (LayerscopeError, OSError) as error:
            self.app.call_from_thread(self.fail, error)

    @on(Compared)
    def _compared(self, event: Compared) -> None:
        rows = self.query_one("#differences", RowList)
        rows.show(DifferenceLines(event.lines or [Line("@", b"the content is the same")]), 0)
        self.add_class("-differences")
        self.query_one(KeyLine).refresh()
        rows.focus()

    def action_switch_pane(self) -> None:
        """The other version."""
        now, below = self.query_one("#now", Preview), self.query_one("#below", Preview)
        wanted = below if now.has_focus else now
        self.show_side(wanted is below)
        wanted.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where there is room for one pane it is that of the focus."""
        if event.widget.id in ("now", "below"):
            self.show_side(event.widget.id == "below")

    def action_toggle_bytes(self) -> None:
        """Lines or bytes."""
        for preview in self.query(Preview):
            preview.toggle_bytes()

    def action_copy_path(self) -> None:
        """The path, to the terminal's clipboard."""
        self.copy_path(self._row.path)
