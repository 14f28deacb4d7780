"""What a command is, and how one declaration becomes bindings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """Something a user can do: ``id`` names the screen's ``action_…`` method.

    ``keys`` are Textual's names of them, the first is shown; ``words`` go into footer and palette,
    ``help`` into the help page; commands of a ``group`` stand together there.
    """

    id: str
    keys: tuple[str, ...]
    words: str
    help: str
    group: str
    in_footer: bool = False
    urgent: bool = False  # before a widget with the focus sees the key

    @property
    def action(self) -> str:
        """Its ``id`` without what stands in brackets."""
        return self.id.partition("(")[0]


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """Textual's bindings of the commands."""
    return [
        Binding(
            ",".join(command.keys),
            command.id,
            command.words,
            show=command.in_footer,
            priority=command.urgent,
            key_display=key_words(command.keys[0]),
        )
        for command in commands
        if command.keys
    ]


_KEY_WORDS = {
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "colon": ":",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "plus": "+",
    "minus": "-",
    "asterisk": "*",
    "equals_sign": "=",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def key_words(key: str) -> str:
    """A key as people write it: ``Ctrl+P``, ``Esc``, ``?``."""
    if key in _KEY_WORDS:
        return _KEY_WORDS[key]
    head, plus, tail = key.rpartition("+")
    if plus:
        return f"{head.title()}+{tail.upper()}"
    named = len(key) > 1 and not key[1:].isdecimal()  # but for F1 …
    return key.title() if named else key.upper() if len(key) > 1 else key
