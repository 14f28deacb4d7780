"""The line at the bottom: the keys that matter here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from layerscope.tui.commands.command import Command, key_words
from layerscope.tui.commands.everywhere import EVERYWHERE, PALETTE


class KeyLine(Static):
    """Keys and words of commands, as many as fit, on one line; a click is as good as the key.

    ``own`` gives the screen's commands, those worth most first.
    """

    DEFAULT_CSS = "KeyLine { height: 1; background: $panel; color: $foreground; }"

    class Clicked(Message):
        """A command was clicked."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(self, own: Callable[[], Sequence[Command]]) -> None:
        super().__init__()
        self._own = own

    def render(self) -> Text:
        """The line."""
        line = Text(no_wrap=True)
        for command in self._fitting():
            line.append(f" {key_words(command.keys[0])}", "bold")
            line.append(f" {command.words} ")
        return line

    def on_click(self, event: events.Click) -> None:
        """Tell which command stands there."""
        end = 0
        for command in self._fitting():
            end += _cells(command)
            if event.x < end:
                self.post_message(self.Clicked(command))
                return

    def _fitting(self) -> list[Command]:
        """Where room is short, the palette goes first, then the last of the screen's own."""
        own = [command for command in self._own() if self._is_offered(command)]
        common = [command for command in EVERYWHERE if command.in_footer]
        while own and sum(map(_cells, (*own, *common))) > self.size.width:
            if PALETTE in common:
                common.remove(PALETTE)
            else:
                own.pop()
        return own + common

    def _is_offered(self, command: Command) -> bool:
        return command.in_footer and self.screen.check_action(command.action, ()) is not False


def _cells(command: Command) -> int:
    return len(f" {key_words(command.keys[0])} {command.words} ")
