"""The line at the bottom: the keys that matter here."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from layerscope.tui.commands.command import Command, key_words
from layerscope.tui.commands.everywhere import GROUP


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
        """Where room is short, those of all screens stay and the last of this one go."""
        own = [command for command in self._commands if command.group != GROUP]
        common = [command for command in self._commands if command.group == GROUP]
        while own and sum(map(_cells, (*own, *common))) > self.size.width:
            own.pop()
        return own + common


def _cells(command: Command) -> int:
    return len(f" {key_words(command.keys[0])} {command.words} ")
