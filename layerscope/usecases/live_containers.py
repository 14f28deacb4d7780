"""All containers under watch: who is there, what each holds and what happens in it.

Those that run, or that somebody looks at, keep a ledger that is fed by file events and walks. The
others are measured by one walk, and again when something hints at a change. Of those that can't be
read in place their daemon is asked.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from layerscope.accounting.live.layer import LiveLayer
from layerscope.errors import LayerscopeError
from layerscope.usecases.live_lines import OWN, Containers, Event, Failed, LiveContainer
from layerscope.usecases.live_own import OwnContainers
from layerscope.usecases.live_timeline import TimelineWriter
from layerscope.usecases.live_tracked import Tracked

if TYPE_CHECKING:
    from layerscope.store.store import Store
    from layerscope.usecases.live_others import OtherContainers
    from layerscope.usecases.live_subject import Subject

_LOOK = 0.2  # seconds between two looks who is there
_HINTS = 1.0
_MEASURING = 0.05  # seconds of measuring at a stretch
_APART = 0.02  # seconds between two turns while much is written
# (idle for less than so many seconds, seconds between two turns)
_PERIODS = ((4.0, 0.05), (float("inf"), 0.25))
_ASKING = ((2.0, 0.01), (10.0, 0.04), (float("inf"), 0.1))  # where events don't call

Keep = Callable[[LiveContainer], bool]


class LiveContainers:
    """``turn`` is to be called again and again, from one thread; it returns what is new.

    ``keep`` says which containers are to have a ledger besides those that run; ``others``: other
    engines' are watched, too.
    """

    def __init__(
        self, store: Store, keep: Keep = lambda container: False, *, others: bool = False
    ) -> None:
        self.store = store
        self.tracked: dict[str, Tracked] = {}
        self._keep = keep
        self._opened: str | None = None
        self._turned = 0.0
        self._next_look = self._next_hints = 0.0
        self._own = OwnContainers(store)
        self._others: OtherContainers | None = None
        self._seen: tuple[tuple[Subject, ...], tuple[Subject, ...]] | None = None
        self._rows: tuple[LiveContainer, ...] | None = None
        self._failed: set[str] = set()
        self._timeline = TimelineWriter(store)
        self.watch_others(others)

    def close(self) -> None:
        """Watch no more; what the timeline was told is kept."""
        self.watch_others(False)
        for tracked in self.tracked.values():
            self._timeline.tell(tracked, last=True)
            tracked.close()
        self._timeline.close()

    def watch_others(self, wanted: bool) -> None:
        """Other engines' containers as well, or no longer."""
        if wanted and self._others is None:
            from layerscope.usecases.live_others import OtherContainers

            self._others = OtherContainers()
        elif not wanted and self._others is not None:
            self._others.close()
            self._others = None
        self._next_look = 0.0

    @property
    def are_known(self) -> bool:
        """Whether all that are to be watched have been found, and what daemons told of them."""
        if self._others is None or not self._others.are_known:
            return self._others is None and self._rows is not None
        told = self._others.figures
        return all(one.figures is not None for key, one in self.tracked.items() if key in told)

    def turn(self) -> list[Event]:
        """Look at what there is to look at; what is new. Takes some milliseconds."""
        events = self._refresh()
        self._hints()
        until = time.monotonic() + _MEASURING
        crowd = sum(tracked.layer is not None for tracked in self.tracked.values())
        for tracked in list(self.tracked.values()):
            self._provide(tracked, events, until)
            if tracked.layer is not None:
                tracked.layer.pace.crowd = crowd
            events += tracked.turn(opened=tracked.container.id == self._opened)
            self._timeline.tell(tracked)
        events += self._timeline.events(self._opened)
        self._turned = time.monotonic()
        return events

    @property
    def period(self) -> float:
        """Seconds until the next turn is worth its cost: none while there is something to measure,
        and the more the longer nothing was written."""
        now, every = time.monotonic(), self.tracked.values()
        if any(one.wanted for one in every):
            return 0.0
        idle = now - max((one.changed_at for one in every), default=0.0)
        calls = all(one.calls is not None for one in every if one.layer is not None)
        periods = _PERIODS if calls else _ASKING
        period = next(seconds for limit, seconds in periods if idle < limit)
        due = min((one.due for one in every), default=now + period)
        return max(0.0, min(period, due - now))

    def wait(self, *others: int) -> None:
        """Until the next turn is worth its cost, or one of ``others`` can be read."""
        period = self.period
        if not period:
            return
        poll = select.poll()
        calls = (one.calls for one in self.tracked.values())
        for fd in (*others, *(fd for fd in calls if fd is not None)):
            poll.register(fd, select.POLLIN)
        if poll.poll(period * 1000):
            time.sleep(max(0.0, self._turned + _APART - time.monotonic()))

    def open(self, identity: str) -> None:
        """Send everything of one container from now on."""
        self.close_opened()
        self._opened = identity
        tracked = self.tracked.get(identity)
        if tracked is not None:
            tracked.open()
            self._timeline.wanted()

    def close_opened(self) -> None:
        """No more of that."""
        tracked = self.tracked.get(self._opened) if self._opened is not None else None
        self._opened = None
        if tracked is not None:
            tracked.close_rows()

    def at(self, identity: str, when: float) -> Event:
        """What was there at a time."""
        return self._timeline.at(identity, when)

    # -- who is there ----------------------------------------------------------------------

    def _refresh(self) -> list[Event]:
        now = time.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + _LOOK
        events: list[Event] = []
        own = self._own.look()
        theirs: tuple[Subject, ...] = ()
        if self._others is not None:
            theirs = self._others.look(self._opened)
            events += self._others.events()
        if self._seen is None or own is not self._seen[0] or theirs is not self._seen[1]:
            self._seen = (own, theirs)
            every = sorted((*own, *theirs), key=lambda one: one.row.created, reverse=True)
            self._follow(every)
            rows = tuple(one.row for one in every)
            if rows != self._rows:
                self._rows = rows
                events.insert(0, Containers(rows))
        if self._others is not None:
            for identity, figures in self._others.figures.items():
                if (tracked := self.tracked.get(identity)) is not None:
                    tracked.figures = figures
        return events

    def _follow(self, subjects: Iterable[Subject]) -> None:
        there = {subject.row.id: subject for subject in subjects}
        for identity in self.tracked.keys() - there.keys():
            self.tracked.pop(identity).close()
            self._timeline.forget(identity)
        for identity, subject in there.items():
            tracked = self.tracked.get(identity)
            if tracked is None or tracked.subject.upper != subject.upper:
                if tracked is not None:
                    tracked.close()
                self.tracked[identity] = tracked = Tracked(subject)
                if subject.row.origin == OWN:
                    self._timeline.meet(identity)
                if identity == self._opened:
                    tracked.open()
                    self._timeline.wanted()
            tracked.follow(subject)

    def _hints(self) -> None:
        now = time.monotonic()
        if now >= self._next_hints:
            self._next_hints = now + _HINTS
            for tracked in self.tracked.values():
                tracked.look_for_hints()

    # -- ledgers ---------------------------------------------------------------------------

    def _provide(self, tracked: Tracked, events: list[Event], until: float) -> None:
        """Give a container a ledger, or measure it once."""
        row = tracked.container
        if not tracked.subject.upper:
            return
        needed = row.is_up or row.id == self._opened or self._keep(row)
        if needed and tracked.layer is None:
            tracked.wanted = False
            tracked.layer = self._layer(tracked, events, watched=True)
        elif not needed and tracked.layer is not None:
            tracked.drop_when_settled()
        elif not needed and tracked.wanted and time.monotonic() < until:
            tracked.look_for_hints()  # what comes from now on is one
            tracked.wanted = False
            layer = self._layer(tracked, events, watched=False)
            if layer is not None:
                tracked.measure_once(layer)

    def _layer(self, tracked: Tracked, events: list[Event], *, watched: bool) -> LiveLayer | None:
        subject = tracked.subject
        if subject.below in self._failed:
            return None
        try:
            tracked.trees = subject.trees()
            return _layer_of(subject, watched=watched)
        except FileNotFoundError:
            # It is being made, or removed: its folder tells.
            pass
        except LayerscopeError as error:
            self._failed.add(subject.below)
            events.append(Failed(error.what, error.why, error.hint))
        except OSError as error:
            self._failed.add(subject.below)
            why = error.strerror or str(error)
            events.append(Failed(f"container {tracked.container.name!r}", why))
        return None


def _layer_of(subject: Subject, *, watched: bool) -> LiveLayer:
    judge = subject.judge()
    try:
        return LiveLayer(subject.upper, judge, watched=watched)
    except OSError:
        judge.close()
        raise
