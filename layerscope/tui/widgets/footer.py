"""The line at the bottom: the keys that matter here."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from layerscope.tui.commands.command import Command, key_words


class KeyLine(Static):
    """Keys and words of commands, as many as fit, on one line; a click is as good as the key."""

    DEFAULT_CSS = "KeyLine { height: 1; background: $panel; color: $foreground; }"

    class Clicked(Message):
        """A command was clicked."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = [command for command in commands if command.in_footer]

    def render(self) -> Text:
        """The line."""
        line = Text(no_wrap=True, overflow="ellipsis")
        for command in self._commands:
            line.append(f" {key_words(command.keys[0])}", "bold")
            line.append(f" {command.words} ")
        return line

    def on_click(self, event: events.Click) -> None:
        """Tell which command stands there."""
        end = 0
        for command in self._commands:
            end += len(f" {key_words(command.keys[0])} {command.words} ")
            if event.x < end:
                self.post_message(self.Clicked(command))
                return
