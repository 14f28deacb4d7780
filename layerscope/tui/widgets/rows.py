"""A list of rows of which only those on the screen are ever drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.everywhere import OPEN, ROWS

Span = tuple[str, str]  # text that is safe for the terminal, and the role of its style ("" is none)


class RowModel(Protocol):
    """Rows by number, free of Textual."""

    def __len__(self) -> int:
        """How many rows there are."""

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A row's text in ``width`` cells."""


class NoRows:
    """A model without rows."""

    def __len__(self) -> int:
        return 0

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Never asked for."""
        return ()


class RowList(ScrollView, can_focus=True):
    """Draws a RowModel by the line, with a cursor; cost does not grow with the rows."""

    ACTIONS = ROWS
    BINDINGS = bindings((*ROWS, OPEN))

    ROLES: ClassVar[tuple[str, ...]] = (
        "added",
        "modified",
        "removed",
        "dim",
        "strong",
        "accent",
        "warning",
        "error",
        "folder",
        "link",
        "bar",
        "match",
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"rows--{role}" for role in (*ROLES, "cursor", "idle")}

    DEFAULT_CSS = """
    RowList { background: $background; color: $foreground; scrollbar-size-vertical: 1;
              overflow-y: scroll; scrollbar-background: $background;
              scrollbar-background-hover: $background; scrollbar-background-active: $background; }
    RowList > .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground;
                              text-style: bold; }
    RowList > .rows--idle { background: $surface-lighten-2; }
    RowList:nocolor > .rows--cursor { text-style: bold reverse; }
    RowList:nocolor > .rows--idle { text-style: bold underline; }
    RowList > .rows--added { color: $text-success; }
    RowList > .rows--modified { color: $text-warning; }
    RowList > .rows--removed { color: $text-error; }
    RowList > .rows--dim { color: $text-muted; }
    RowList > .rows--strong { text-style: bold; }
    RowList > .rows--accent { color: $text-accent; }
    RowList > .rows--warning { color: $text-warning; text-style: bold; }
    RowList > .rows--error { color: $text-error; text-style: bold; }
    RowList > .rows--folder { color: $text-primary; text-style: bold; }
    RowList > .rows--link { color: $text-secondary; }
    RowList > .rows--bar { color: $primary; }
    RowList > .rows--match { text-style: underline; }
    """

    class Highlighted(Message):
        """The cursor went to another row."""

        def __init__(self, rows: RowList, index: int) -> None:
            super().__init__()
            self.rows, self.index = rows, index

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    class Opened(Message):
        """The user opened the row under the cursor."""

        def __init__(self, rows: RowList, index: int) -> None:
            super().__init__()
            self.rows, self.index = rows, index

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._model: RowModel = NoRows()
        self._cursor = 0
        self._strips: dict[tuple[int, int, bool, bool], Strip] = {}
        self._drawn: dict[int, Sequence[Span]] = {}
        self._styles: dict[str, Style] = {}

    @property
    def model(self) -> RowModel:
        """What is shown."""
        return self._model

    @property
    def cursor(self) -> int:
        """The number of the row under the cursor."""
        return self._cursor

    def show(self, model: RowModel, cursor: int | None = None) -> None:
        """Show another model, with the cursor at a row (or as near as there is to where it was)."""
        self._model = model
        self._strips.clear()
        self._drawn.clear()
        self._take_length()
        self.move_to(self._cursor if cursor is None else cursor, always=True)
        self.refresh()

    def go_on(self, model: RowModel, cursor: int | None = None) -> None:
        """Show a model that is much like the one before: only lines that differ are drawn anew."""
        self._model = model
        self._take_length()
        region, top = self.scrollable_content_region, self.scroll_offset.y
        same: set[int] = set()
        for index in range(top, top + region.height):
            spans = model.spans(index, region.width) if index < len(model) else None
            if spans is not None and self._drawn.get(index) == spans:
                same.add(index)
            elif spans is not None or index in self._drawn:
                self._refresh_row(index)
        self._strips = {key: strip for key, strip in self._strips.items() if key[0] in same}
        self._drawn = {index: spans for index, spans in self._drawn.items() if index in same}
        if not region.height:  # it is hidden: nothing that was drawn is right when it comes back
            self.refresh()
        self.move_to(self._cursor if cursor is None else cursor)

    def _take_length(self) -> None:
        """Scroll over as many rows as there are now; no other widget moves, so nothing is laid out
        anew."""
        size = Size(0, len(self._model))
        if size != self.virtual_size:
            self.set_reactive(RowList.virtual_size, size)
            self._scroll_update(size)

    def changed(self) -> None:
        """The model says something else now."""
        self.show(self._model)

    def move_to(self, index: int, *, always: bool = False) -> None:
        """Put the cursor on a row, or the nearest there is."""
        index = max(0, min(index, len(self._model) - 1))
        if index == self._cursor and not always:
            return
        old, self._cursor = self._cursor, index
        scrolled = self._reveal()
        if not scrolled:
            self._refresh_row(old)
            self._refresh_row(index)
        if len(self._model):
            self.post_message(self.Highlighted(self, index))

    def render_line(self, y: int) -> Strip:
        """The strip of a line of the widget."""
        width = self.scrollable_content_region.width
        index = self.scroll_offset.y + y
        base = self.style_of("")
        if index >= len(self._model):
            return Strip.blank(width, base)
        at_cursor = index == self._cursor
        key = (index, width, at_cursor, self.has_focus)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > 1000:
                self._strips.clear()
                self._drawn.clear()
            strip = self._strips[key] = self._draw(index, width, at_cursor, base)
        return strip

    def notify_style_update(self) -> None:
        """Colours changed: nothing drawn before is right."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def action_cursor_up(self) -> None:
        """One line up."""
        self.move_to(self._cursor - 1)

    def action_cursor_down(self) -> None:
        """One line down."""
        self.move_to(self._cursor + 1)

    def action_page_up(self) -> None:
        """One page up."""
        self.move_to(self._cursor - self._page)

    def action_page_down(self) -> None:
        """One page down."""
        self.move_to(self._cursor + self._page)

    def action_first(self) -> None:
        """The first line."""
        self.move_to(0)

    def action_last(self) -> None:
        """The last line."""
        self.move_to(len(self._model) - 1)

    def action_open(self) -> None:
        """Open what is under the cursor."""
        if len(self._model):
            self.post_message(self.Opened(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens."""
        index = self.scroll_offset.y + event.y
        if index >= len(self._model):
            return
        self.move_to(index)
        if event.chain == 2:
            self.action_open()

    def on_resize(self) -> None:
        """The cursor stays in view."""
        self._reveal()

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def _reveal(self) -> bool:
        """Scroll if the cursor is out of view: by half a page, so that few keys repaint it all."""
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if not height or top <= self._cursor < top + height:
            return False
        step = abs(self._cursor - (top if self._cursor < top else top + height - 1))
        half = height // 2 if step < height // 2 else height - 1
        above = self._cursor < top
        wanted = self._cursor - half if above else self._cursor - height + 1 + half
        self.scroll_to(y=max(0, wanted), animate=False, force=True, immediate=True)
        return True

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y
        region = self.scrollable_content_region
        if 0 <= y < region.height:
            self.refresh(Region(0, y, region.width, 1))

    def _draw(self, index: int, width: int, at_cursor: bool, base: Style) -> Strip:
        over = Style()
        if at_cursor:
            over = self.get_component_rich_style("rows--cursor" if self.has_focus else "rows--idle")
        spans = self._drawn[index] = self._model.spans(index, width)
        segments = [Segment(text, self.style_of(role) + over) for text, role in spans if text]
        return Strip(segments).adjust_cell_length(width, base + over).simplify()

    def style_of(self, role: str) -> Style:
        """What text of a role looks like; the role "" is none."""
        style = self._styles.get(role)
        if style is None:
            # Only the whole style has colours that are mixed with the background.
            style = self.get_component_rich_style(f"rows--{role}") if role else self.rich_style
            self._styles[role] = style
        return style
