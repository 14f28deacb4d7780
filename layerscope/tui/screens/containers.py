"""The containers, live: what each one's writable layer holds and costs while it is written."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable

from textual import events, on, work
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.containers import CONTAINERS
from layerscope.tui.live import Live
from layerscope.tui.models.container_lines import (
    FeedLines,
    GrowingLines,
    ThenLines,
    TimelineLines,
    WhyLines,
    advice_of,
)
from layerscope.tui.models.container_table import ContainerLines, container_headings, is_whole
from layerscope.tui.models.containers import Containers, Details, Pane, Sort
from layerscope.tui.models.written_tree import WrittenLines, path_at, written_headings
from layerscope.tui.safe_text import safe_text
from layerscope.tui.screens.base import NARROW
from layerscope.tui.screens.container_acts import ContainerActs
from layerscope.tui.widgets.headings import Headings
from layerscope.tui.widgets.line import Line
from layerscope.tui.widgets.prompt import Prompt
from layerscope.tui.widgets.rows import NoRows, RowList
from layerscope.units import counted, size_text
from layerscope.usecases import live_lines as lines
from layerscope.usecases.live_lines import LiveContainer

EMPTY = """\
 There are no containers yet.

 layerscope run -d IMAGE CMD…   runs one; create and apply need no process
 layerscope demo                five of them, and something going on in each
"""
_FRAME = 0.2  # seconds between two pictures of what changes all the time
_AHEAD = 4 * _FRAME  # after rest a few may follow each other without waiting for that
_TOGETHER = 0.01  # after rest: what is told of one change comes in several events
_AGE = 1.0  # seconds after which a figure that isn't live is a second older
_SETTLE = 0.1  # seconds that the cursor rests on a container before it is opened


class ContainersScreen(ContainerActs):
    """The table above; below the chosen container's files, and beside them why it costs."""

    ACTIONS = CONTAINERS
    BINDINGS = bindings(CONTAINERS)

    DEFAULT_CSS = """
    ContainersScreen #table { height: 2fr; }
    ContainersScreen #below { height: 3fr; border-top: solid $panel; }
    ContainersScreen #left { width: 3fr; }
    ContainersScreen #right { width: 2fr; border-left: solid $panel; }
    ContainersScreen #why { height: 12; }
    ContainersScreen #pane-name { height: 1; color: $text-muted; }
    ContainersScreen #side { height: 1fr; }
    ContainersScreen #empty { display: none; height: 1fr; padding: 1 0; }
    ContainersScreen #filter { display: none; }
    ContainersScreen.-empty #table, ContainersScreen.-empty #below { display: none; }
    ContainersScreen.-empty #empty { display: block; }
    ContainersScreen.-narrow #left, ContainersScreen.-narrow #right { width: 1fr; border: none; }
    ContainersScreen.-narrow #right { display: none; }
    ContainersScreen.-narrow.-beside #right { display: block; }
    ContainersScreen.-narrow.-beside #left { display: none; }
    ContainersScreen.-narrow #why { display: none; height: 1fr; }
    ContainersScreen.-narrow.-why #why { display: block; }
    ContainersScreen.-narrow.-why #side, ContainersScreen.-narrow.-why #pane-name { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._all = Containers()
        self._opened: str | None = None
        self._sort = Sort.SIZE
        self._pane = Pane.FEED
        self._is_waiting = False
        self._next_frame = 0.0  # when it would come at an even pace, by the monotonic clock
        self._live: Live | None = None

    def body(self) -> Iterable[Widget]:
        """The table, the panes, what is said where there is nothing, the filter."""
        yield Headings(self._headings, id="headings")
        yield RowList(id="table")
        with Horizontal(id="below"):
            with Vertical(id="left"):
                yield Headings(self._left_headings, id="left-headings")
                yield RowList(id="files")
            with Vertical(id="right"):
                yield RowList(id="why")
                yield Line(id="pane-name")
                yield RowList(id="side")
        yield Static(EMPTY, id="empty", markup=False)
        yield Prompt("a part of a name, image, ID, command or source", id="filter")

    @property
    def table(self) -> RowList:
        """The containers."""
        return self.query_one("#table", RowList)

    @property
    def files(self) -> RowList:
        """What the chosen one wrote, or what was there at a moment."""
        return self.query_one("#files", RowList)

    @property
    def side(self) -> RowList:
        """Feed, growing files or timeline."""
        return self.query_one("#side", RowList)

    def on_mount(self) -> None:
        """Start to watch."""
        self._live = Live(self.session.root, others=self.session.others)
        self.say(f"Containers — {self.session.root}")
        self.table.focus()
        self._listen(self._live)
        self.set_interval(_AGE, self._show_age)

    # -- what comes ----------------------------------------------------------------------------

    @work(group="live")
    async def _listen(self, live: Live) -> None:
        try:
            async with contextlib.aclosing(live.events()) as told:
                async for event in told:
                    self._take(event)
                    await asyncio.sleep(0)  # a key may wait among many events
        except OSError as error:
            self.fail(error)

    def _take(self, event: lines.Event) -> None:
        if isinstance(event, lines.Failed):
            self.fail(LayerscopeError(event.what, event.why, event.hint))
        before = self._all.others
        self._all.take(event)
        if self._all.others is not before:
            self.query_one("#headings", Headings).refresh()
        self._paint_soon()

    def _paint_soon(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            wait = self._next_frame - _AHEAD - time.monotonic()
            self.set_timer(max(_TOGETHER, wait), self._paint)

    # -- what is shown -------------------------------------------------------------------------

    def _paint(self) -> None:
        self._is_waiting = False
        self._next_frame = max(self._next_frame, time.monotonic()) + _FRAME
        if not self.is_mounted:
            return
        self._show_table()
        self._show_below()

    def _show_table(self) -> None:
        before = self.chosen()
        rows = self._all.ordered(self._sort, self.query_one("#filter", Input).value)
        self.set_class(self._all.is_known and not self._all.rows, "-empty")
        ids = [row.id for row in rows]
        cursor = ids.index(before.id) if before is not None and before.id in ids else None
        had_rows = bool(len(self.table.model))
        self.table.go_on(ContainerLines(self._all, rows), cursor)
        if had_rows != bool(rows):
            self.query_one("#headings", Headings).refresh()
        self._highlight()  # another container may stand under the cursor that didn't move
        if self.focused is None and rows:
            self.table.focus()  # it was not there to have the focus
        running = sum(row.state == "running" for row in self._all.rows)
        total = sum(figures.size for figures in self._all.figures.values())
        count = counted(len(self._all.rows), "container")
        words = f"{count}, {running} running, {size_text(total)} written"
        self.say(f"Containers — {words}, by {self._sort.value} — {self.session.root}")

    def _show_below(self) -> None:
        row = self.chosen()
        if row is None:
            for rows in (self.files, self.side, self.query_one("#why", RowList)):
                rows.show(NoRows(), 0)
            self.query_one("#pane-name", Line).show("")
            return
        known, figures = self._all.details(row.id), self._all.figures.get(row.id)
        known.pictured(figures)
        advice = advice_of(row, known.feed)
        self.query_one("#why", RowList).go_on(WhyLines(row, figures, advice))
        self._show_files(known)
        pane = Pane.FEED if self._pane in (Pane.FILES, Pane.WHY) else self._pane
        if pane is Pane.FEED:
            self._show_side(FeedLines(list(known.feed)), "what happened, newest first")
        elif pane is Pane.GROWING:
            self._show_side(GrowingLines(known.growing), "grew most in the last minute")
        else:
            self._show_side(TimelineLines(known.moments), "size over time; Enter: what was there")

    def _show_side(self, model: FeedLines | GrowingLines | TimelineLines, words: str) -> None:
        self.query_one("#pane-name", Line).show(f" {words.upper()}")
        if isinstance(model, TimelineLines) and self.side.has_focus:
            old = self.side.model
            shift = len(model) - len(old) if isinstance(old, TimelineLines) else 0
            self.side.go_on(model, self.side.cursor + (shift if self.side.cursor else 0))
            return
        self.side.go_on(model)

    def _show_files(self, known: Details) -> None:
        looked_back = isinstance(self.files.model, ThenLines)
        self._show_tree_or_then(known)
        if looked_back != isinstance(self.files.model, ThenLines):
            self.query_one("#left-headings", Headings).refresh()

    def _show_tree_or_then(self, known: Details) -> None:
        if known.then is not None:
            self.files.go_on(ThenLines(known.then))
            return
        path, place = path_at(self.files.model, self.files.cursor), self.files.cursor
        model = WrittenLines(known.tree)
        moved = path is not None and model.paths[place : place + 1] != [path]
        there = moved and path in model.paths
        self.files.go_on(model, model.paths.index(path) if there and path is not None else None)

    def _show_age(self) -> None:
        """What a daemon told is told with its age."""
        row = self.chosen()
        figures = self._all.figures.get(row.id) if row is not None else None
        if figures is not None and not is_whole(figures):
            self._paint_soon()

    def _headings(self, width: int) -> str:
        if self._all.rows and not len(self.table.model):
            return " No container has this in it."
        return container_headings(width, self._sort, others=self._all.others)

    def _left_headings(self, width: int) -> str:
        model = self.query_one("#files", RowList).model
        return "" if isinstance(model, ThenLines) else written_headings(width)

    # -- choosing ------------------------------------------------------------------------------

    def chosen(self) -> LiveContainer | None:
        """The container under the cursor."""
        model = self.table.model
        if isinstance(model, ContainerLines) and self.table.cursor < len(model):
            return model.rows[self.table.cursor]
        return None

    def weight(self, row: LiveContainer) -> tuple[int, int]:
        """Bytes and files of its writable layer."""
        figures = self._all.figures.get(row.id)
        return (figures.size, figures.files) if figures else (0, 0)

    @on(RowList.Highlighted, "#table")
    def _highlight(self) -> None:
        row = self.chosen()
        if row is not None and row.id != self._opened:
            self._opened = row.id
            self._all.details(row.id).then = None
            self.set_timer(_SETTLE, self._open_chosen)

    def _open_chosen(self) -> None:
        row = self.chosen()
        if row is not None and row.id == self._opened and self._live is not None:
            self._live.open(lines.Open(row.id))
            self._show_below()

    @on(RowList.Opened, "#table")
    def action_open_container(self) -> None:
        """To its files."""
        if self.files.has_focus:
            self.files.action_open()
            return
        self.action_pane(Pane.FILES.value)

    @on(RowList.Opened, "#files")
    def _open_file(self, event: RowList.Opened) -> None:
        row, path = self.chosen(), path_at(self.files.model, event.index)
        if row is None or path is None:
            return
        tree = self._all.details(row.id).tree
        if tree.is_folder(path):
            self.action_fold()
            return
        if row.blocked:
            words = f"its files can't be read here: {row.blocked}"
            self.notify(safe_text(words), severity="warning", markup=False, timeout=4)
            return
        from layerscope.tui.screens.written_file import WrittenFileScreen

        written = tree.row(path)
        if written is not None:
            self.app.push_screen(WrittenFileScreen(row, written))

    @on(RowList.Opened, "#side")
    def _open_side(self, event: RowList.Opened) -> None:
        row, model = self.chosen(), event.rows.model
        moment = model.moment(event.index) if isinstance(model, TimelineLines) else None
        if row is not None and moment is not None and self._live is not None:
            self._live.ask(lines.At(row.id, moment.time))
            self.set_class(False, "-beside")

    @on(RowList.Highlighted, "#side")
    def _look_back(self, event: RowList.Highlighted) -> None:
        """In wide terminals the moment under the cursor is shown at once."""
        if self.side.has_focus and self.size.width >= NARROW:
            self._open_side(RowList.Opened(event.rows, event.index))

    # -- keys ----------------------------------------------------------------------------------

    def action_pane(self, name: str) -> None:
        """Files, why, feed, growing or timeline."""
        self._pane = Pane(name)
        row = self.chosen()
        if row is not None:
            self._all.details(row.id).then = None
        self.set_class(self._pane is not Pane.FILES, "-beside")
        self.set_class(self._pane is Pane.WHY, "-why")
        self._show_below()
        if self._pane is Pane.FILES:
            self.files.focus()
        else:
            (self.query_one("#why", RowList) if self._pane is Pane.WHY else self.side).focus()

    def action_switch_pane(self) -> None:
        """The table, or what is below it."""
        if not self.table.has_focus:
            self.table.focus()
            return
        beside = self.has_class("-beside")
        (self.side if beside and self._pane is not Pane.WHY else self.files).focus()

    def action_sort(self) -> None:
        """By the next column."""
        self._sort = self._sort.following(others=self._all.others)
        self.query_one("#headings", Headings).refresh()
        self._show_table()

    def action_fold(self) -> None:
        """Open or shut the directory under the cursor."""
        row, path = self.chosen(), path_at(self.files.model, self.files.cursor)
        if row is not None and path is not None:
            self._all.details(row.id).tree.toggle(path)
            self._show_files(self._all.details(row.id))

    def action_by_size(self) -> None:
        """Largest first, or by name."""
        row = self.chosen()
        if row is not None:
            tree = self._all.details(row.id).tree
            tree.order_by_size(not tree.by_size)
            self._show_files(self._all.details(row.id))

    def action_copy_path(self) -> None:
        """The path under the cursor, or the container's ID."""
        path, row = path_at(self.files.model, self.files.cursor), self.chosen()
        if self.files.has_focus and path is not None:
            self.copy_path(path)
        elif row is not None:
            self.app.copy_to_clipboard(row.id)
            self.notify(f"copied {row.id}", markup=False, timeout=2)

    def action_store(self) -> None:
        """Who shares what."""
        from layerscope.tui.screens.store import StoreScreen

        self.app.push_screen(StoreScreen())

    def action_others(self) -> None:
        """Show what other engines run, or hide it."""
        self.toggle_others()
        if self._live is not None:
            self._live.watch_others(self.session.others)

    def action_filter(self) -> None:
        """Ask for a text."""
        self.query_one("#filter", Prompt).ask()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._show_table()
        self._show_below()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.table.focus()

    def action_back(self) -> None:
        """Out of the filter, back from a moment, to the table, or off the screen."""
        row = self.chosen()
        if self.query_one("#filter", Prompt).put_away(self.table):
            return
        if row is not None and self._all.details(row.id).then is not None:
            self._all.details(row.id).then = None
            self.set_class(self._pane is not Pane.FILES, "-beside")
            self._show_below()
        elif not self.table.has_focus:
            self.table.focus()
        else:
            super().action_back()

    def on_resize(self, event: events.Resize) -> None:
        """The panes have another width."""
        super().on_resize(event)
        self._paint_soon()
