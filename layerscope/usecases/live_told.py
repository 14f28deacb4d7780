"""Figures of containers that only their daemon can tell of, asked for now and then."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from layerscope.accounting.live.figures import Figures, Mark, Rates, Row, Source, Why
from layerscope.errors import LayerscopeError
from layerscope.usecases.foreign import foreign_changes, foreign_figures
from layerscope.usecases.live_lines import Event, Rows

if TYPE_CHECKING:
    from layerscope.containers.foreign.container import ForeignContainer

_OPENED, _RUNNING = 2.0, 5.0  # seconds between two questions about a container
_LAZY = 20  # times as long as an answer took, it isn't asked again: the daemon walks the layer
_LOOK = 0.1
_CHUNK = 500  # rows in a line

Ask = Callable[["ForeignContainer"], None]


class ToldFigures:
    """Asks in a thread of its own. ``figures`` and ``image_sizes`` (bytes) are by container, and
    replaced whenever there is something new; ``asked`` are containers that were asked about,
    whatever came of it."""

    def __init__(self) -> None:
        self.figures: dict[str, Figures] = {}
        self.image_sizes: dict[str, int] = {}
        self.asked: set[str] = set()
        self._wanted: Sequence[ForeignContainer] = ()
        self._opened: str | None = None
        self._rows: queue.SimpleQueue[Rows] = queue.SimpleQueue()
        self._asked: dict[tuple[str, Ask], tuple[object, float]] = {}
        self._shown: tuple[str, tuple[Row, ...]] | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Ask no more; an answer that is under way is dropped."""
        self._ended.set()

    def want(self, containers: Sequence[ForeignContainer], opened: str | None) -> None:
        """Whom to ask about from now on, and whose paths are wanted as well."""
        if opened != self._opened:
            self._shown = None
        self._wanted, self._opened = containers, opened
        if containers and self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def events(self) -> list[Event]:
        """The paths of the opened one, where they are others than before."""
        found: list[Event] = []
        while not self._rows.empty():
            found.append(self._rows.get())
        return found

    def _run(self) -> None:
        while not self._ended.wait(_LOOK):
            for container in self._wanted:
                if container.id == self._opened:
                    self._ask(container, self._tell_changes)
                self._ask(container, self._tell_figures)
                self.asked.add(container.id)

    def _ask(self, container: ForeignContainer, ask: Ask) -> None:
        """About one that runs again and again, about others once for each state."""
        opened, began = container.id == self._opened, time.monotonic()
        key, seen = (container.id, ask), (container.state, opened)
        asked, due = self._asked.get(key, (None, 0.0))
        if self._ended.is_set() or (asked == seen and began < due):
            return
        again = container.state.is_up
        try:
            ask(container)
        except (LayerscopeError, OSError):
            again = True  # that it can't be asked is told by who lists its containers
        ended = time.monotonic()
        gap = max(_OPENED if opened else _RUNNING, _LAZY * (ended - began))
        self._asked[key] = (seen, ended + gap if again else float("inf"))

    def _tell_figures(self, container: ForeignContainer) -> None:
        now, before = time.time(), self.figures.get(container.id)
        found = foreign_figures(container)
        span = now - before.time if before is not None else 0.0
        grown = found.size_rw - before.size if before is not None else 0
        figures = Figures(
            time=now,
            why=Why(new=found.size_rw),
            files=0,
            rates=Rates(grown / span if span > 0 and container.state.is_up else 0.0),
            settled=not container.state.is_up,
            age=0.0,
            source=Source.DAEMON,
            note=container.blocked,
        )
        there = {one.id for one in self._wanted}
        kept = {key: value for key, value in self.figures.items() if key in there}
        self.figures = {**kept, container.id: figures}
        image_size = found.size_root_fs - found.size_rw
        if self.image_sizes.get(container.id) != image_size:
            self.image_sizes = {**self.image_sizes, container.id: image_size}

    def _tell_changes(self, container: ForeignContainer) -> None:
        changes = foreign_changes(container).list.changes
        rows = tuple(
            Row(one.path.lstrip(b"/"), Mark(one.kind.value), "?", 0, 0.0)
            for one in changes
            if one.path != b"/"
        )
        if self._shown == (container.id, rows):
            return
        self._shown = (container.id, rows)
        for start in range(0, max(len(rows), 1), _CHUNK):
            self._rows.put(Rows(container.id, not start, rows[start : start + _CHUNK]))
