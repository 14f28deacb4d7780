"""A line to type into."""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Input


class Prompt(Input):
    """One line, without a border, without a blinking cursor: an idle screen sends nothing."""

    DEFAULT_CSS = """
    Prompt, Prompt:focus { height: 1; border: none; padding: 0 1; background: $panel; }
    """

    def __init__(self, placeholder: str, *, id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False

    def ask(self) -> None:
        """Show it, and let it have the keys at once: the very next one goes there."""
        self.display = True
        self.screen.set_focus(self)

    def put_away(self, then: Widget) -> bool:
        """Empty and hide it, and let ``then`` have the keys; False if it isn't shown."""
        if not self.display:
            return False
        self.value = ""
        self.screen.set_focus(then)
        self.display = False
        return True
