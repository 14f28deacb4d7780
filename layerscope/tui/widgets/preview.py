"""What is in a file: its lines or its bytes, read as they come into view."""

from __future__ import annotations

from threading import Lock

from textual import on, work
from textual.message import Message
from textual.strip import Strip
from textual.worker import get_current_worker

from layerscope.errors import LayerscopeError
from layerscope.tui.commands.command import bindings
from layerscope.tui.commands.everywhere import OPEN, ROWS
from layerscope.tui.models.hex_lines import HexLines, row_bytes
from layerscope.tui.models.highlight import LARGEST, Line, highlight
from layerscope.tui.models.line_starts import LineStarts
from layerscope.tui.models.pages import PAGE, Pages
from layerscope.tui.models.sniff import HEAD, Form, Sniffed, sniff
from layerscope.tui.models.text_lines import TextLines, decoded
from layerscope.tui.widgets.rows import NoRows, RowList
from layerscope.usecases.file_content import Content

_AHEAD = 5_000  # lines that are looked for beyond the cursor
_ALL = 1 << 62
_SIDEWAYS = 16


class Preview(RowList, inherit_bindings=False):
    """Shows a Content. Reading it never holds up a key."""

    BINDINGS = bindings((*ROWS, OPEN))

    class Judged(Message):
        """The first bytes are there."""

        def __init__(self, preview: Preview, content: Content, head: bytes) -> None:
            super().__init__()
            self.preview, self.content, self.head = preview, content, head
            self.sniffed = sniff(head)

    class Came(Message):
        """More of the content is there: pages, lines, colours; ``done``: all lines are known."""

        def __init__(self, content: Content, *, done: bool = False) -> None:
            super().__init__()
            self.content, self.done = content, done
            self.coloured: list[Line] | None = None

    class Broken(Message):
        """It can't be read."""

        def __init__(self, content: Content, error: LayerscopeError | OSError) -> None:
            super().__init__()
            self.content, self.error = content, error

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sniffed = Sniffed(Form.EMPTY)
        self.shows_bytes = False
        self._name = ""
        self._content: Content | None = None
        self._lock = Lock()
        self._pages = Pages(0)
        self._starts = LineStarts()
        self._wanted = 0
        self._is_scanning = self._to_end = False

    def load(self, content: Content, name: str) -> None:
        """Show a file; ``name`` tells the language of its text."""
        self._content, self._name = content, name
        self._pages, self._starts = Pages(content.size), LineStarts()
        self._wanted, self._is_scanning, self._to_end = 0, False, False
        self.show(NoRows(), 0)
        self._judge(content)

    def clear(self) -> None:
        """Show nothing."""
        self._content = None
        self.show(NoRows(), 0)

    def toggle_bytes(self) -> None:
        """Lines or bytes."""
        self.shows_bytes = not self.shows_bytes
        self._lay_out()

    @work(thread=True, exclusive=True, group="judge")
    def _judge(self, content: Content) -> None:
        head = self._read(content, 0, HEAD)
        if head is not None:
            self.post_message(self.Judged(self, content, head))

    @on(Judged)
    def _judged(self, event: Judged) -> None:
        if event.content is not self._content:
            event.stop()
            return
        self.sniffed = event.sniffed
        self.shows_bytes = self.sniffed.form is Form.BINARY
        self._lay_out()
        if self.sniffed.form is Form.TEXT and event.content.size <= LARGEST:
            self._colour(event.content, self._name)

    def _lay_out(self) -> None:
        if self._content is None:
            return
        if self.shows_bytes:
            width = self.scrollable_content_region.width
            self.show(HexLines(self._pages, row_bytes(width)), 0)
        else:
            self.show(TextLines(self._pages, self._starts), 0)
            self._want(_AHEAD)

    def on_resize(self) -> None:
        """A row of bytes is as wide as there is room."""
        super().on_resize()
        model = self.model
        if isinstance(model, HexLines):
            count = row_bytes(self.scrollable_content_region.width)
            if count != model.count:
                self.show(HexLines(self._pages, count), self.cursor * model.count // count)

    def render_line(self, y: int) -> Strip:
        """A line; what it misses is read."""
        strip = super().render_line(y)
        if self._pages.wanted:
            self.call_later(self._fetch)
        return strip

    def _fetch(self) -> None:
        if self._content is not None and self._pages.wanted:
            wanted = sorted(self._pages.wanted)
            self._pages.wanted.clear()
            self._fetch_pages(self._content, self._pages, wanted)

    @work(thread=True, group="fetch")
    def _fetch_pages(self, content: Content, pages: Pages, numbers: list[int]) -> None:
        for number in numbers:
            data = self._read(content, number * PAGE, PAGE)
            if data is None:
                return
            pages.put(number, data)
        self.post_message(self.Came(content))

    def _want(self, lines: int) -> None:
        """Go on looking for lines until so many are known."""
        self._wanted = max(self._wanted, lines)
        content = self._content
        if content is not None and not self._is_scanning and self._starts.fed < content.size:
            self._is_scanning = True
            self._scan(content, self._starts)

    @work(thread=True, exclusive=True, group="scan")
    def _scan(self, content: Content, starts: LineStarts) -> None:
        worker = get_current_worker()
        while starts.count < self._wanted and starts.fed < content.size:
            data = self._read(content, starts.fed, 16 * PAGE)
            if data is None or worker.is_cancelled or content is not self._content:
                return
            starts.feed(data)
            self.post_message(self.Came(content))
        if starts.fed >= content.size:
            starts.finish()
        self.post_message(self.Came(content, done=True))

    @work(thread=True, exclusive=True, group="colour")
    def _colour(self, content: Content, name: str) -> None:
        data = self._read(content, 0, LARGEST)
        lines = highlight(name, decoded(data)) if data else None
        if lines:
            event = self.Came(content)
            event.coloured = lines
            self.post_message(event)

    @on(Came)
    def _came(self, event: Came) -> None:
        event.stop()
        if event.content is not self._content:
            return
        model = self.model
        if isinstance(model, TextLines):
            model.coloured = event.coloured or model.coloured
        if event.done:
            self._is_scanning = False
            if self._to_end and self._starts.fed >= event.content.size:
                self._to_end = False
                self.show(model, len(model) - 1)
                return
        self.changed()

    def _read(self, content: Content, offset: int, size: int) -> bytes | None:
        try:
            with self._lock:
                return content.read(offset, size)
        except (LayerscopeError, OSError) as error:
            self.post_message(self.Broken(content, error))
            return None

    def move_to(self, index: int, *, always: bool = False) -> None:
        """Put the cursor on a row; more lines are looked for where they run out."""
        super().move_to(index, always=always)
        if isinstance(self.model, TextLines) and index + _AHEAD // 2 > len(self.model):
            self._want(index + _AHEAD)

    def action_last(self) -> None:
        """The last line, once it is known."""
        if isinstance(self.model, TextLines) and self._content is not None:
            self._to_end = self._starts.fed < self._content.size
            self._want(_ALL)
        super().action_last()

    def move_sideways(self, step: int) -> None:
        """Show what is to the right (1) or left (-1) of what the screen has room for."""
        if isinstance(self.model, TextLines):
            self.model.left = max(0, self.model.left + step * _SIDEWAYS)
            self.changed()
