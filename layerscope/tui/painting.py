"""Only the cells that changed go to the terminal: a fraction of what Textual sends by the line.

Textual's updates are played onto a picture of the screen in memory; what differs from the picture
is sent, in the fewest codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console, ConsoleRenderable
from rich.segment import ControlType, Segment
from rich.style import Style
from textual._compositor import CompositorUpdate, LayoutUpdate

from layerscope.tui.looks import RESET, Look, change, look_of

_UNKNOWN = "\0"
_RIGHT_HALF = ""  # of a wide character
_BRIDGE = 4  # as many equal cells cost no more than a move of the cursor


class Painter:
    """Remembers what the terminal shows."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._chars: list[list[str]] = []
        self._looks: list[list[Look | None]] = []
        self._known: dict[Style | None, Look] = {}
        self._colors: ColorSystem | None = None

    def forget(self) -> None:
        """The terminal may show anything: the next update is sent whole."""
        self._size = (0, 0)

    def resize(self, width: int, height: int) -> None:
        """The screen is that large; if that is news, nothing on it is known."""
        if self._size != (width, height):
            self._size = width, height
            self._chars = [[_UNKNOWN] * width for _ in range(height)]
            self._looks = [[None] * width for _ in range(height)]

    def paint(self, segments: Iterable[Segment], console: Console) -> str:
        """What to send so that the terminal shows ``segments``, which say where they stand."""
        if (colors := console._color_system or ColorSystem.TRUECOLOR) is not self._colors:
            self._colors = colors
            self._known.clear()
        if self._size == (0, 0):
            self.resize(console.size.width, console.size.height)
        changed: dict[int, list[int]] = {}
        for x, y, cells, style in _placed(segments):
            if 0 <= y < self._size[1]:
                columns = self._put(x, y, cells[: max(0, self._size[0] - x)], self._look(style))
                if columns:
                    changed.setdefault(y, []).extend(columns)
        return self._send(changed)

    def _put(self, x: int, y: int, cells: list[str], look: Look) -> list[int]:
        """Draw onto the picture; the columns where it was another.

        Nobody knows what is left of a wide character that is drawn over by half.
        """
        stop = x + len(cells)
        chars, looks = self._chars[y], self._looks[y]
        old_chars, old_looks = chars[x:stop], looks[x:stop]
        same_look = old_looks == [look] * len(cells)
        if same_look and old_chars == cells:
            return []
        if old_chars[:1] == [_RIGHT_HALF]:
            chars[x - 1], looks[x - 1] = " ", None
        if chars[stop : stop + 1] == [_RIGHT_HALF]:
            chars[stop], looks[stop] = " ", None
        chars[x:stop] = cells
        looks[x:stop] = [look] * len(cells)
        if same_look:
            return [x + n for n, char in enumerate(cells) if char != old_chars[n]]
        return [
            x + n
            for n, char in enumerate(cells)
            if char != old_chars[n] or old_looks[n] is not look
        ]

    def _look(self, style: Style | None) -> Look:
        look = self._known.get(style)
        if look is None:
            look = self._known[style] = look_of(style, self._colors or ColorSystem.TRUECOLOR)
        return look

    def _send(self, changed: dict[int, list[int]]) -> str:
        out: list[str] = []
        now: Look | None = None
        for y in sorted(changed):
            chars, looks = self._chars[y], self._looks[y]
            at = None
            for start, stop in _runs(sorted(changed[y]), chars):
                out.append(f"\x1b[{y + 1};{start + 1}H" if at is None else f"\x1b[{start - at}C")
                at = stop
                for char, look in zip(chars[start:stop], looks[start:stop], strict=True):
                    if look is not now and look is not None:
                        out.append(change(now, look))
                        now = look
                    out.append(char)
        if out:
            out.append(RESET)
        return "".join(out)


class Changes(CompositorUpdate):
    """An update of Textual's, rendered by a Painter."""

    def __init__(self, update: CompositorUpdate, painter: Painter) -> None:
        self._update, self._painter = update, painter

    def render_segments(self, console: Console) -> str:
        """What to write to the terminal."""
        if isinstance(self._update, LayoutUpdate):
            self._painter.resize(*self._update.region.size)
        segments = console.render(cast("ConsoleRenderable", self._update))
        return self._painter.paint(segments, console)


def _placed(segments: Iterable[Segment]) -> Iterator[tuple[int, int, list[str], Style | None]]:
    """Where each segment starts, and its cells."""
    x = y = 0
    for text, style, control in segments:
        for code in control or ():
            if code[0] is ControlType.CURSOR_MOVE_TO:
                x, y = code[1], code[2]  # type: ignore[assignment, misc]
        if not control and text != "\n":
            cells = list(text) if text.isascii() else _cells(text)
            yield x, y, cells, style
            x += len(cells)


def _cells(text: str) -> list[str]:
    """The characters by cell; what has no width of its own joins the cell before it."""
    cells: list[str] = []
    for char in text:
        size = get_character_cell_size(char)
        if size:
            cells += [char, _RIGHT_HALF][:size]
        elif cells:
            at = len(cells) - 1 if cells[-1] != _RIGHT_HALF else len(cells) - 2
            cells[at] += char
    return cells


def _runs(columns: list[int], chars: list[str]) -> Iterator[tuple[int, int]]:
    """Stretches of a line to send: close ones together, unless nobody knows what is between them;
    wide characters whole."""
    start = stop = columns[0]
    for x in columns:
        if x - stop > _BRIDGE or _UNKNOWN in chars[stop:x]:
            yield _whole(start, stop, chars)
            start = x
        stop = x + 1
    yield _whole(start, stop, chars)


def _whole(start: int, stop: int, chars: list[str]) -> tuple[int, int]:
    while start > 0 and chars[start] == _RIGHT_HALF:
        start -= 1
    while stop < len(chars) and chars[stop] == _RIGHT_HALF:
        stop += 1
    return start, stop
