"""Which commands there are just now, and what carries them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual.dom import DOMNode
from textual.screen import Screen

from layerscope.tui.commands.command import Command


@dataclass(frozen=True, slots=True)
class Offer:
    """A command and the node whose ``action_…`` it is."""

    command: Command
    node: DOMNode


def offered(screen: Screen[Any]) -> list[Offer]:
    """What can be done on a screen: its own commands, its widgets', and those of all screens.

    A class declares its commands in ``ACTIONS``. Of widgets that are alike the one with the focus
    is meant.
    """
    focused = screen.focused.ancestors_with_self if screen.focused else ()
    nodes = (screen, *focused, *screen.query("*"), screen.app)
    found: dict[Command, Offer] = {}
    for node in nodes:
        for command in _actions(node):
            if command not in found and node.check_action(command.action, ()) is not False:
                found[command] = Offer(command, node)
    return list(found.values())


def _actions(node: DOMNode) -> Iterator[Command]:
    """Those of the node's class and of the classes it is made from."""
    for kind in type(node).__mro__:
        yield from vars(kind).get("ACTIONS", ())
