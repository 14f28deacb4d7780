"""The help page: every command that there is here, from the declarations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap

from textual import events
from textual.widget import Widget

from layerscope.tui.commands.command import Command, key_words
from layerscope.tui.safe_text import fit
from layerscope.tui.screens.base import ExplorerScreen
from layerscope.tui.widgets.rows import RowList, Span

_BEFORE, _KEYS, _WORDS = 3, 16, 14


class HelpLines:
    """Commands by group, each in as many lines as it takes in ``width`` cells."""

    def __init__(self, commands: Sequence[Command], width: int) -> None:
        self._lines: list[list[Span]] = []
        for group in dict.fromkeys(command.group for command in commands):
            self._lines += [[("", "")]] if self._lines else []
            self._lines.append([(f" {group}", "strong")])
            for command in commands:
                self._lines += _lines(command, width) if command.group == group else []

    def __len__(self) -> int:
        return len(self._lines)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """A line of the page."""
        return self._lines[index]


def _lines(command: Command, width: int) -> list[list[Span]]:
    """Keys, words, and beside them what it does."""
    keys = ", ".join(key_words(key) for key in command.keys)
    columns = [keys], [command.words], wrap(command.help, max(1, width - _BEFORE - _KEYS - _WORDS))
    return [
        [(" " * _BEFORE + fit(key, _KEYS), "accent"), (fit(words, _WORDS), ""), (text, "dim")]
        for key, words, text in zip_longest(*columns, fillvalue="")
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
        """The list has the keys."""
        self.say("Help — Esc goes back")
        self.query_one(RowList).focus()

    def on_resize(self, event: events.Resize) -> None:
        """There is another width to fill; the last column is the scroll bar's."""
        super().on_resize(event)
        self.query_one(RowList).show(HelpLines(self._commands, event.size.width - 1))
