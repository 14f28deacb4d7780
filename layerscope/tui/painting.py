"""Only the cells that changed go to the terminal: a fraction of what Textual sends by the line.

Over SSH a cursor key costs a third, a page half. Textual's updates are played onto a picture of the
screen in memory; what differs from the picture is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console, ConsoleRenderable
from rich.control import Control
from rich.segment import ControlType, Segment
from rich.style import Style
from textual._compositor import CompositorUpdate

Cell = tuple[str, Style | None]  # "" stands for the right half of a wide character
_UNKNOWN: Cell = ("\0", None)
_BRIDGE = 4  # as many equal cells cost no more than a move of the cursor
_RESET = "\x1b[0m"


class Painter:
    """Remembers what the terminal shows."""

    def __init__(self) -> None:
        self._lines: list[list[Cell]] = []
        self._codes: dict[Style, str] = {}
        self._colors: ColorSystem | None = None

    def forget(self) -> None:
        """The terminal may show anything: the next update is sent whole."""
        self._lines = []

    def paint(self, segments: Iterable[Segment], console: Console) -> str:
        """What to send so that the terminal shows ``segments``, which say where they stand."""
        colors = console._color_system or ColorSystem.TRUECOLOR
        if colors is not self._colors:
            self._colors = colors
            self._codes.clear()
        width, height = console.size
        if len(self._lines) != height or any(len(line) != width for line in self._lines[:1]):
            self._lines = [[_UNKNOWN] * width for _ in range(height)]
        changed: dict[int, set[int]] = {}
        for x, y, cell in _cells(segments):
            if 0 <= y < height and 0 <= x < width and self._lines[y][x] != cell:
                self._lines[y][x] = cell
                changed.setdefault(y, set()).add(x)
        return "".join(self._line(y, changed[y]) for y in sorted(changed))

    def _line(self, y: int, columns: set[int]) -> str:
        line = self._lines[y]
        out: list[str] = []
        style: Style | None = None
        for start, end in _runs(columns, line):
            out.append(Control.move_to(start, y).segment.text)
            for text, cell_style in line[start:end]:
                if cell_style is not style or cell_style is None:
                    out.append(self._switch(cell_style))
                    style = cell_style
                out.append(text)
        out.append(_RESET)
        return "".join(out)

    def _switch(self, style: Style | None) -> str:
        """The codes that begin a style, whatever was before."""
        if style is None:
            return _RESET
        codes = self._codes.get(style)
        if codes is None:
            assert self._colors is not None
            begin = style.render("\0", color_system=self._colors).partition("\0")[0]
            codes = self._codes[style] = "\x1b[0;" + begin[2:] if begin else _RESET
        return codes


class Changes(CompositorUpdate):
    """An update of Textual's, rendered by a Painter."""

    def __init__(self, update: CompositorUpdate, painter: Painter) -> None:
        self._update, self._painter = update, painter

    def render_segments(self, console: Console) -> str:
        """What to write to the terminal."""
        segments = console.render(cast("ConsoleRenderable", self._update))
        return self._painter.paint(segments, console)


def _cells(segments: Iterable[Segment]) -> Iterator[tuple[int, int, Cell]]:
    x = y = 0
    for text, style, control in segments:
        if control:
            for code in control:
                if code[0] is ControlType.CURSOR_MOVE_TO:
                    x, y = code[1], code[2]  # type: ignore[assignment, misc]
            continue
        if text.isascii():
            for char in text:
                if char != "\n":
                    yield x, y, (char, style)
                    x += 1
            continue
        for char in text:
            size = get_character_cell_size(char)
            if not size:
                continue
            yield x, y, (char, style)
            if size == 2:
                yield x + 1, y, ("", style)
            x += size


def _runs(columns: set[int], line: list[Cell]) -> Iterator[tuple[int, int]]:
    """Stretches of a line to send: close ones together, wide characters whole."""
    ordered = sorted(columns)
    start = end = -1
    for x in ordered:
        if start >= 0 and x - end <= _BRIDGE:
            end = x + 1
            continue
        if start >= 0:
            yield _whole(start, end, line)
        start, end = x, x + 1
    if start >= 0:
        yield _whole(start, end, line)


def _whole(start: int, end: int, line: list[Cell]) -> tuple[int, int]:
    while start > 0 and line[start][0] == "":
        start -= 1
    while end < len(line) and line[end][0] == "":
        end += 1
    return start, end
