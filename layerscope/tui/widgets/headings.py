"""The words above the columns of a list."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.widget import Widget


class Headings(Widget):
    """Draws what ``text`` says for the width of the rows of a RowList just as wide as this."""

    DEFAULT_CSS = "Headings { height: 1; color: $text-muted; }"

    def __init__(self, text: Callable[[int], str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = text

    def render(self) -> Text:
        """The words; the last column is that of the rows' scroll bar."""
        return Text(self._text(max(0, self.size.width - 1)), no_wrap=True)
