"""One line of text that changes often."""

from __future__ import annotations

from textual.widgets import Static


class Line(Static):
    """As wide as there is room, so that another text never makes the screen be laid out anew."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(text, id=id, markup=False)
        self._text = text

    def show(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.update(text, layout=False)
