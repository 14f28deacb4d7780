"""The demo's guide: a line or two that tell what to look at, on every screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.widgets import Static

_SECONDS = 14.0  # that a caption stays, unless a key asks for the next


@dataclass(slots=True)
class Guide:
    """All captions, and how far the guide is; what all screens share."""

    captions: Sequence[str] = ()
    number: int = 0
    is_hidden: bool = False

    @property
    def text(self) -> str:
        """The caption of now, with its place among the others."""
        return f" {self.number + 1}/{len(self.captions)}  {self.captions[self.number]}"

    def go_on(self) -> None:
        """To the next caption, after the last to the first."""
        self.number = (self.number + 1) % len(self.captions)


class Caption(Static):
    """Shows the guide's caption; it goes on by itself while its screen is on top."""

    DEFAULT_CSS = """
    Caption { height: auto; max-height: 3; background: $primary-muted; color: $foreground; }
    Caption.-hidden { display: none; }
    """

    def __init__(self, guide: Guide) -> None:
        super().__init__(guide.text, markup=False)
        self._guide = guide
        self.set_class(guide.is_hidden, "-hidden")

    def on_mount(self) -> None:
        """Start turning."""
        self._timer = self.set_timer(_SECONDS, self._turn)

    def show(self) -> None:
        """Show what the guide says now, for as long as a caption stays."""
        self.set_class(self._guide.is_hidden, "-hidden")
        self.update(self._guide.text)
        self._timer.stop()
        self._timer = self.set_timer(_SECONDS, self._turn)

    def _turn(self) -> None:
        # Textual counts the screen below the top one as current, too.
        if self.app.screen is self.screen and not self._guide.is_hidden:
            self._guide.go_on()
            self.show()
