"""A line to type into."""

from __future__ import annotations

from textual.widgets import Input


class Prompt(Input):
    """One line, without a border, without a blinking cursor: an idle screen sends nothing."""

    DEFAULT_CSS = """
    Prompt, Prompt:focus { height: 1; border: none; padding: 0 1; background: $panel; }
    """

    def __init__(self, placeholder: str, *, id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False
