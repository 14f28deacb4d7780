"""What is told of containers under watch, gathered."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from layerscope.accounting.live.figures import Figures
from layerscope.usecases.live_containers import LiveContainers
from layerscope.usecases.live_lines import Containers, Event, LiveContainer, Measured, Rows

_PATIENCE = 60.0
Kind = TypeVar("Kind", bound=Event)


class Watcher:
    """What the process that watches would have told so far."""

    def __init__(self, live: LiveContainers) -> None:
        self.live = live
        self.rows: dict[str, LiveContainer] = {}
        self.figures: dict[str, Figures] = {}
        self.events: list[Event] = []

    def until(self, holds: Callable[[], bool]) -> None:
        """Turn until something is so."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < end, (self.rows, self.figures, self.events[-5:])
            for event in self.live.turn():
                self.events.append(event)
                if isinstance(event, Containers):
                    self.rows = {row.name: row for row in event.rows}
                elif isinstance(event, Measured):
                    self.figures[event.id] = event.figures
            time.sleep(0.003)

    def marks(self, identity: str) -> set[str]:
        """The opened one's paths, as lines of `docker diff`."""
        found: dict[bytes, str] = {}
        for event in self.of(Rows):
            if event.id == identity:
                found = {} if event.first else found
                for path in event.gone:
                    found.pop(path, None)
                found |= {row.path: row.mark.value for row in event.rows}
        return {f"{mark} /{path.decode()}" for path, mark in found.items() if mark != "="}

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of a kind."""
        return [one for one in self.events if isinstance(one, kind)]
