"""A text file's lines for the screen; only what is looked at is in memory."""

from __future__ import annotations

from collections.abc import Sequence

from layerscope.tui.models.highlight import Ink, Line
from layerscope.tui.models.line_starts import LineStarts, split
from layerscope.tui.models.pages import Pages
from layerscope.tui.safe_text import fit, fit_left, safe_text

Span = tuple[str, str]

_ROLES = {
    Ink.PLAIN: "",
    Ink.KEYWORD: "accent",
    Ink.STRING: "added",
    Ink.COMMENT: "dim",
    Ink.NUMBER: "modified",
    Ink.NAME: "folder",
}
_TAB = 8
_BLOCKS_KEPT = 8


class TextLines:
    """Lines with their numbers, from column ``left`` on; coloured once ``coloured`` is there."""

    def __init__(self, pages: Pages, starts: LineStarts) -> None:
        self.left = 0
        self.coloured: Sequence[Line] | None = None
        self._pages, self._starts = pages, starts
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def __len__(self) -> int:
        return self._starts.count

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A line; dots while its bytes aren't there."""
        digits = max(3, len(str(len(self))))
        number = (f" {fit_left(str(index + 1), digits)} ", "dim")
        words = self._words(index)
        if words is None:
            return [number, ("…", "dim")]
        return [number, *window(words, self.left, width - digits - 2)]

    def _words(self, index: int) -> list[Span] | None:
        if self.coloured is not None and index < len(self.coloured):
            return expanded([(word, _ROLES[ink]) for ink, word in self.coloured[index]])
        line = self._line(index)
        return None if line is None else expanded([(decoded(line.rstrip(b"\r\n")), "")])

    def _line(self, index: int) -> bytes | None:
        first, offset, end = self._starts.block(index)
        lines = self._blocks.get((offset, end))
        if lines is None:
            data = self._pages.read(offset, end - offset)
            if data is None:
                return None
            if len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks.clear()
            lines = self._blocks[offset, end] = split(data)
        return lines[index - first] if index - first < len(lines) else b""


def decoded(data: bytes) -> str:
    """Bytes as text: UTF-8, or Latin-1 where they can't be that."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def expanded(words: list[Span]) -> list[Span]:
    """Tabs as blanks up to the next stop, control characters escaped."""
    found: list[Span] = []
    column = 0
    for text, role in words:
        pieces = text.split("\t")
        for number, piece in enumerate(pieces):
            safe = safe_text(piece)
            column += len(safe)
            if number < len(pieces) - 1:
                blanks = _TAB - column % _TAB
                safe, column = safe + " " * blanks, column + blanks
            found.append((safe, role))
    return found


def window(words: list[Span], left: int, width: int) -> list[Span]:
    """What of the words is in the window; an ellipsis where they go on."""
    shown: list[Span] = []
    room = width
    for text, role in words:
        rest, left = text[left:], max(0, left - len(text))
        if rest and room > 0:
            shown.append((rest, role))
            room -= len(rest)
    if room < 0 and shown:
        text, role = shown[-1]
        shown[-1] = (fit(text, max(1, len(text) + room)), role)
    return shown
