"""What an operation did to the writable layer, and what it cost."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple


class Did(enum.Enum):
    """The kinds of events."""

    CREATED = "created"
    COPIED_UP = "copied up"
    WHITED_OUT = "whited out"
    MADE_OPAQUE = "made opaque"
    REMOVED = "removed"
    MOVED = "moved"
    LINKED = "linked"
    RESIZED = "resized"
    CHANGED = "changed"


class Event(NamedTuple):
    """One thing that happened to ``path`` (relative to the root).

    ``delta`` is by how many bytes the layer's size (the classic model) changed. A copy-up tells
    the ``layer`` that it took ``copied`` bytes of data from: 0 for metadata alone. ``other`` is
    the path that something moved from or was linked to.
    """

    did: Did
    path: bytes
    delta: int = 0
    layer: int | None = None
    copied: int = 0
    other: bytes | None = None


Listener = Callable[[Event], None]


class Tally:
    """Running totals, kept without an event for each: what a ledger needs, at next to no cost.

    ``delta`` is the sum of all events' deltas, ``copied`` the bytes of data that copy-ups moved,
    ``events`` how many there were.
    """

    __slots__ = ("copied", "delta", "events")

    def __init__(self) -> None:
        self.delta = 0
        self.copied = 0
        self.events = 0
