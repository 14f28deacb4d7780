"""What is sent to the terminal makes it show what Textual drew, in fewer bytes."""

from __future__ import annotations

from io import StringIO

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from layerscope.tui.painting import Painter

_WIDTH, _HEIGHT = 24, 4
_STYLES = (
    None,
    Style(),
    Style(bold=True),
    Style(color="#5fafff", bgcolor="#121212"),
    Style(color="#5fafff", bgcolor="#262626", underline=True),
    Style(reverse=True, bold=True),
)
_PIECES = st.tuples(st.text("ab  ─中", min_size=1, max_size=12), st.sampled_from(_STYLES))
_LINES = st.tuples(st.integers(0, _HEIGHT - 1), st.lists(_PIECES, max_size=4))
_Line = tuple[int, list[tuple[str, Style | None]]]


class _Screen:
    def __init__(self) -> None:
        self.screen = pyte.Screen(_WIDTH, _HEIGHT)
        self._stream = pyte.Stream(self.screen)

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    @property
    def cells(self) -> list[list[object]]:
        return [[self.screen.buffer[y][x] for x in range(_WIDTH)] for y in range(_HEIGHT)]


def _console() -> Console:
    return Console(
        file=StringIO(), width=_WIDTH, height=_HEIGHT, color_system="256", force_terminal=True
    )


def _blank() -> list[Segment]:
    lines = ([Control.move_to(0, y).segment, Segment(" " * _WIDTH)] for y in range(_HEIGHT))
    return [segment for line in lines for segment in line]


def _segments(frame: list[_Line]) -> list[Segment]:
    """Whole lines, as Textual draws them."""
    segments = []
    for y, pieces in frame:
        line = Strip([Segment(*piece) for piece in pieces]).adjust_cell_length(_WIDTH)
        segments += [Control.move_to(0, y).segment, *line]
    return segments


@given(st.lists(st.lists(_LINES, max_size=4), max_size=5))
def test_the_terminal_shows_what_was_drawn(frames: list[list[_Line]]) -> None:
    console, painter = _console(), Painter()
    painted, plain = _Screen(), _Screen()
    for segments in [_blank(), *map(_segments, frames)]:
        painted.feed(painter.paint(segments, console))
        plain.feed("".join(_rendered(segment) for segment in segments))
        assert painted.cells == plain.cells


def _rendered(segment: Segment) -> str:
    if segment.control or not segment.style:
        return segment.text
    return segment.style.render(segment.text, color_system=ColorSystem.EIGHT_BIT)


def test_nothing_is_sent_for_what_is_there() -> None:
    console, painter = _console(), Painter()
    assert painter.paint(_blank(), console)
    assert painter.paint(_blank(), console) == ""


def test_everything_is_sent_to_a_terminal_that_may_show_anything() -> None:
    console, painter = _console(), Painter()
    first = painter.paint(_blank(), console)
    painter.forget()
    assert painter.paint(_blank(), console) == first


def test_one_changed_cell_is_a_move_and_a_character() -> None:
    console, painter = _console(), Painter()
    painter.paint(_blank(), console)
    sent = painter.paint([Control.move_to(3, 1).segment, Segment("x")], console)
    assert sent == "\x1b[2;4Hx\x1b[0m"


def test_what_nobody_knows_is_not_sent_between_what_changed() -> None:
    console, painter = _console(), Painter()
    drawn = [segment for x in (0, 2) for segment in (Control.move_to(x, 1).segment, Segment("x"))]
    sent = painter.paint(drawn, console)
    screen = _Screen()
    screen.feed(sent)
    assert screen.screen.display[1].rstrip() == "x x"
    assert sent == "\x1b[2;1Hx\x1b[1Cx\x1b[0m"


def test_a_colour_that_stays_is_not_sent_again() -> None:
    console, painter = _console(), Painter()
    painter.paint(_blank(), console)
    styles = [Style(color="#5fafff"), Style(color="#5fafff", bold=True), Style(color="#5fafff")]
    drawn = [Control.move_to(0, 0).segment, *(Segment("x", style) for style in styles)]
    assert painter.paint(drawn, console) == "\x1b[1;1H\x1b[38;5;75mx\x1b[1mx\x1b[0;38;5;75mx\x1b[0m"
