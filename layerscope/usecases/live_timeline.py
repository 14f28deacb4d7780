"""Keeps the timelines of containers under watch: those of the store's in its database, aside, for
that may make its writers wait; those of other engines' in memory."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING

from layerscope.accounting.live.entries import Folder
from layerscope.accounting.live.remembered import Remembered
from layerscope.accounting.live.timeline import (
    Point,
    Sizes,
    Snapshot,
    keep,
    moments,
    ranked,
    snapshot,
    tens,
    thin,
)
from layerscope.errors import LayerscopeError
from layerscope.usecases.live_lines import OWN, Event, Failed, Then, Timeline

if TYPE_CHECKING:
    from layerscope.accounting.live.figures import Moment
    from layerscope.accounting.live.layer import LiveLayer
    from layerscope.store.store import Store
    from layerscope.usecases.live_tracked import Tracked

_EVERY = 1.0  # seconds between two points
_THIN = 60.0
_SHOW = 5.0  # between two times that the opened one's timeline is told whole
_NAMES = 50
_LATELY = 180.0  # seconds of a timeline that are told of each container that is met


class TimelineWriter:
    """Is told of every container in every turn, and decides what is worth a point."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._next = self._next_thin = self._next_show = 0.0
        self._kept: dict[str, tuple[int, int]] = {}
        self._whole: dict[str, int] = {}  # the ten seconds that had the largest files last
        self._points: dict[str, Point] = {}
        self._shown: tuple[str, list[Moment]] | None = None
        self._remembered = Remembered()
        self._others: set[str] = set()
        self._met: list[str] = []

    def close(self) -> None:
        """Write what is left."""
        self._flush(last=True)
        if self._pool is not None:
            self._pool.shutdown()

    def wanted(self) -> None:
        """The opened container's timeline is to be told at once."""
        self._next_show, self._shown = 0.0, None

    def meet(self, identity: str) -> None:
        """A container of the store's is under watch from now on."""
        self._met.append(identity)

    def tell(self, tracked: Tracked, *, last: bool = False) -> None:
        """How a container stands; ``last``: nothing will be told of it after this."""
        figures, identity = tracked.figures, tracked.container.id
        layer = tracked.layer
        if figures is None or (layer is None and tracked.subject.upper):
            return
        now = time.monotonic()
        if self._kept.get(identity) == (figures.size, figures.files):
            return
        if now < self._next and not last:
            return
        self._kept[identity] = (figures.size, figures.files)
        since, unwritten = tracked.since_point, self._points.get(identity)
        for path, delta in unwritten.changes if unwritten else ():
            since[path] = since.get(path, 0) + delta
        changes = ranked(since)
        since.clear()
        if tracked.container.origin != OWN:
            self._others.add(identity)
        names_wait = unwritten is not None and unwritten.largest is not None
        largest = self._largest(identity, layer, is_due=names_wait) if layer is not None else None
        self._points[identity] = Point(identity, figures.size, figures.files, changes, largest)

    def _largest(self, identity: str, layer: LiveLayer, *, is_due: bool) -> Sizes | None:
        """The largest files, if it is time to name them, as the store has it."""
        ten = tens(time.time())
        if self._whole.get(identity) == ten and not is_due:
            return None
        self._whole[identity] = ten
        return largest_files(layer)

    def events(self, opened: str | None) -> list[Event]:
        """Keep what is due; the opened container's timeline if it has grown, and what was kept
        lately of those that were met."""
        now = time.monotonic()
        if self._points and now >= self._next:
            self._flush()
        return [*self._lately(), *self._opened(opened, now)]

    def _lately(self) -> list[Event]:
        met, self._met = self._met, []
        since = time.time() - _LATELY
        with suppress(LayerscopeError):
            kept = ((one, moments(self._store.database, one, since)) for one in met)
            return [Timeline(one, tuple(found)) for one, found in kept if found]
        return []

    def _opened(self, opened: str | None, now: float) -> list[Event]:
        if opened is None or now < self._next_show:
            return []
        self._next_show = now + _SHOW
        try:
            shown = (opened, self._moments(opened))
        except LayerscopeError as error:
            return [Failed(error.what, error.why, error.hint)]
        if shown == self._shown:
            return []
        self._shown = shown
        return [Timeline(opened, tuple(shown[1]))]

    def at(self, identity: str, when: float) -> Event:
        """What was there at a time."""
        try:
            found = self._snapshot(identity, when)
        except LayerscopeError as error:
            return Failed(error.what, error.why, error.hint)
        if found is None:
            return Then(identity, when, None)
        return Then(identity, when, found.time, tuple(found.largest), found.left_out, found.rest)

    def forget(self, identity: str) -> None:
        """A container is gone; what a store keeps of it goes with its row there."""
        self._others.discard(identity)
        self._remembered.forget(identity)
        self._kept.pop(identity, None)
        self._whole.pop(identity, None)

    def _moments(self, identity: str) -> list[Moment]:
        if identity in self._others:
            return self._remembered.moments(identity)
        return moments(self._store.database, identity)

    def _snapshot(self, identity: str, when: float) -> Snapshot | None:
        if identity in self._others:
            return self._remembered.snapshot(identity, when)
        return snapshot(self._store.database, identity, when)

    def _flush(self, *, last: bool = False) -> None:
        if self._writing is not None and not self._writing.done() and not last:
            return
        points = [one for one in self._points.values() if one.container not in self._others]
        for point in self._points.values():
            if point.container in self._others:
                self._remembered.keep(time.time(), point)
        self._points, now = {}, time.monotonic()
        self._next = now + _EVERY
        thinning = now >= self._next_thin
        if thinning:
            self._next_thin = now + _THIN
            self._remembered.thin(time.time())
        if points:
            self._pool = self._pool or ThreadPoolExecutor(1)
            self._writing = self._pool.submit(self._write, points, time.time(), thinning)

    def _write(self, points: list[Point], now: float, thinning: bool) -> None:
        # A full disk must not end the watch: the point is lost, the figures are not.
        with suppress(LayerscopeError):
            keep(self._store.database, now, points)
            for point in points if thinning else ():
                thin(self._store.database, point.container, now)


def largest_files(layer: LiveLayer) -> list[tuple[bytes, int]]:
    """Names and bytes."""
    every = [
        entry
        for entry in layer.ledger.root.everything()
        if entry.size and not entry.whiteout and not isinstance(entry, Folder)
    ]
    return [(one.path, one.size) for one in nlargest(_NAMES, every, key=attrgetter("size"))]
