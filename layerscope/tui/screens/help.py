"""The help page: every command that there is here, from the declarations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from layerscope.tui.commands.command import Command, key_words
from layerscope.tui.safe_text import fit
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.rows import RowList, Span

_KEYS, _WORDS = 16, 14


class HelpLines:
    """Commands by group, a line each."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._lines: list[list[Span]] = []
        for group in dict.fromkeys(command.group for command in commands):
            self._lines += [[("", "")]] if self._lines else []
            self._lines.append([(f" {group}", "strong")])
            self._lines += [_line(command) for command in commands if command.group == group]

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A line of the page."""
        return self._lines[index]


def _line(command: Command) -> list[Span]:
    keys = ", ".join(key_words(key) for key in command.keys)
    return [
        (f"   {fit(keys, _KEYS)}", "accent"),
        (fit(command.words, _WORDS), ""),
        (command.help, "dim"),
    ]


class HelpScreen(ExplorerScreen):
    """Every key of the screen it was called from."""

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands

    def body(self) -> Iterable[Widget]:
        """The list of commands."""
        yield RowList(id="help")

    def on_mount(self) -> None:
        """Fill it."""
        self.say("Help — Esc goes back")
        rows = self.query_one(RowList)
        rows.show(HelpLines(self._commands))
        rows.focus()
