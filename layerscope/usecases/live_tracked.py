"""One container under watch: its ledger, if it has one, and what is to be said of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from layerscope.accounting.live.copied import CopiedUp, Opened
from layerscope.accounting.live.entries import Entry
from layerscope.accounting.live.feed import happenings
from layerscope.accounting.live.figures import Figures, Happening, Rates, Row, Source
from layerscope.accounting.live.growth import Growth
from layerscope.accounting.live.layer import LiveLayer
from layerscope.accounting.live.ledger import Touch
from layerscope.accounting.live.looking import READ, open_file
from layerscope.usecases.live_lines import (
    Event,
    Fed,
    Growing,
    LiveContainer,
    Measured,
    Rows,
    Top,
)
from layerscope.usecases.live_subject import Subject

_FIGURES = 0.1  # seconds between two lines of figures of a container
_ROWS = 0.2
_TOP = 1.0
_RATES = 0.5  # seconds after which rates that fall are told again
_CHUNK = 500  # rows in a line: who reads it has keys to answer in between
_GROWING = 20
_MAX_PATHS = 5000  # that a point of the timeline chooses from
_MAX_TOUCHES = 20_000  # that wait to be told


class Tracked:
    """``wanted``: it is to be measured. ``heard`` gathers what was seen, once somebody has made it
    a list, and is that one's to empty. ``trees`` are the directories of the layers below, bottom
    first, where they are unpacked."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.layer: LiveLayer | None = None
        self.wanted = bool(subject.upper)
        self.figures: Figures | None = None
        self.changed_at = 0.0
        self.growth = Growth()
        self.heard: list[Touch] | None = None
        self.trees: Sequence[Path] = ()
        self._copied = CopiedUp(self._open_both)
        self.since_point: dict[bytes, int] = {}
        self._told: Figures | None = None
        self._happenings: list[Happening] = []
        self._next_sums = self._next_figures = self._next_rows = self._next_top = 0.0
        self._sending: Iterator[Row] | None = None
        self._first = False
        self._opened = False
        self._seen: tuple[int, ...] = ()
        self._top: Top | None = None

    @property
    def due(self) -> float:
        """When there is something to do even if nothing happens, by the monotonic clock."""
        if self.layer is None:
            return float("inf")
        return 0.0 if self._copied.busy else self.layer.due

    @property
    def calls(self) -> int | None:
        """What can be read when something happened; None where one has to ask."""
        hints = self.layer.hints if self.layer is not None else None
        return hints.fileno() if hints is not None else None

    @property
    def container(self) -> LiveContainer:
        """What is said of it."""
        return self.subject.row

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing could be found out, and nobody is about to."""
        return self.layer is None and not self.wanted and self.figures is None

    def close(self) -> None:
        """Watch no more."""
        layer, self.layer = self.layer, None
        self._copied.close()
        if layer is not None:
            layer.close()

    def follow(self, subject: Subject) -> None:
        """What is said of it now."""
        if subject.row.state != self.container.state:
            if self.layer is not None:
                self.layer.pace.changed()
            else:
                self.wanted = bool(subject.upper)
        self.subject = subject

    def look_for_hints(self) -> None:
        """Whoever works on a container without a process leaves traces in its folder."""
        upper = self.subject.upper
        if self.layer is not None or not upper:
            return
        folder = os.path.dirname(upper)
        names = (folder, upper, f"{folder}/work", f"{folder}/work/work")
        seen = tuple(map(_changed, names))
        if seen != self._seen:
            self.wanted = self.wanted or bool(self._seen)
            self._seen = seen

    def measure_once(self, layer: LiveLayer) -> None:
        """Walk the layer, keep the figures, let it go."""
        with suppress(OSError):
            layer.walk_now()
            self.figures = layer.figures()
        layer.close()

    def drop_when_settled(self) -> None:
        """It has ended and nobody looks: the figures stay."""
        layer = self.layer
        if layer is not None and layer.walked and layer.pace.settled:
            self.figures = replace(layer.figures(), rates=Rates())
            self._note_touches(layer)
            self.close()
            self.wanted = False
            self._seen = ()

    # -- what is new -----------------------------------------------------------------------

    def open(self) -> None:
        """Everything is to be told from now on."""
        self._opened = True
        self._restart()

    def close_rows(self) -> None:
        """No more rows."""
        self._opened, self._sending = False, None
        if self.layer is not None:
            self.layer.ledger.stale = None

    def turn(self, *, opened: bool) -> list[Event]:
        """Go on with the ledger; what is new."""
        layer, now = self.layer, time.monotonic()
        if layer is not None:
            self._work(layer, now)
        events: list[Event] = []
        if now >= self._next_figures:
            self._tell_figures(events, now)
        layer = self.layer
        if opened and layer is not None and layer.walked:
            self._tell_rows(layer, events, now)
            self._tell_top(layer, events, now)
        return events

    def _work(self, layer: LiveLayer, now: float) -> None:
        try:
            changed = layer.turn()
        except OSError:
            # Descriptors used up, or a disk that fails: a new ledger is tried for.
            self.close()
            return
        if changed:
            self.changed_at = now
            self._note_touches(layer)
        self._happenings += self._copied.turn(layer.ledger.find)
        if layer.walked and (changed or now >= self._next_sums):
            self.figures = layer.figures()
            still = self.figures.settled and self.figures.rates == Rates()
            self._next_sums = now + (_RATES if still else _FIGURES)

    def _open_both(self, entry: Entry) -> Opened | None:
        if self.layer is None or entry.under is None or entry.under.layer >= len(self.trees):
            return None
        tree = os.fsencode(self.trees[entry.under.layer])
        above = open_file(self.layer.ledger, entry)
        if above is None:
            return None
        try:
            return above, os.open(os.path.join(tree, entry.path), READ)
        except OSError:
            os.close(above)
            return None

    def _note_touches(self, layer: LiveLayer) -> None:
        touches = layer.touches()
        self.growth.add(time.monotonic(), ((touch.path, touch.delta) for touch in touches))
        told = happenings(touches, time.time())
        self._copied.note(told, (touch.path for touch in touches))
        self._happenings += told
        if self.heard is not None and len(self.heard) < _MAX_TOUCHES:
            self.heard += touches
        since = self.since_point
        for touch in touches:
            if touch.delta and (touch.path in since or len(since) < _MAX_PATHS):
                since[touch.path] = since.get(touch.path, 0) + touch.delta

    def _tell_figures(self, events: list[Event], now: float) -> None:
        figures, told = self.figures, self._told
        if figures is None or figures is told:
            pass
        elif told is None or _other(told, figures):
            self._next_figures = now + _FIGURES
            self._told = figures
            events.append(Measured(self.container.id, figures))
        if self._happenings:
            self._next_figures = now + _FIGURES
            events.append(Fed(self.container.id, tuple(self._happenings)))
            self._happenings = []

    # -- the opened one --------------------------------------------------------------------

    def _restart(self) -> None:
        self._sending, self._first = None, True

    def _tell_rows(self, layer: LiveLayer, events: list[Event], now: float) -> None:
        ledger = layer.ledger
        if self._first or ledger.stale is None:
            ledger.stale = set()
            rows = ledger.rows()
            ledger.stale.clear()
            self._first, self._sending = False, iter(rows)
            events.append(self._chunk(self._sending, first=True))
            return
        if self._sending is not None:
            chunk = self._chunk(self._sending, first=False)
            if chunk.rows:
                events.append(chunk)
                return
            self._sending = None
        if ledger.stale and now >= self._next_rows:
            self._next_rows = now + _ROWS
            ledger.why()
            paths = sorted(ledger.stale)
            ledger.stale.clear()
            starts = range(0, len(paths), _CHUNK)
            told = (self._differences(layer, paths[n : n + _CHUNK]) for n in starts)
            events += [one for one in told if one.rows or one.gone]

    def _chunk(self, rows: Iterator[Row], *, first: bool) -> Rows:
        return Rows(self.container.id, first, tuple(islice(rows, _CHUNK)))

    def _differences(self, layer: LiveLayer, paths: list[bytes]) -> Rows:
        now = [(path, layer.ledger.row(path)) for path in paths]
        rows = tuple(row for _, row in now if row is not None)
        gone = tuple(path for path, row in now if row is None and path)
        return Rows(self.container.id, False, rows, gone)

    def _tell_top(self, layer: LiveLayer, events: list[Event], now: float) -> None:
        if now < self._next_top:
            return
        self._next_top = now + _TOP
        growing = []
        for path, delta in self.growth.top(now, _GROWING):
            entry = layer.ledger.find(path)
            growing.append(Growing(path, delta, entry.length if entry is not None else 0))
        top = Top(self.container.id, tuple(growing))
        if top != self._top:
            self._top = top
            events.append(top)


def _other(told: Figures, now: Figures) -> bool:
    """Whether a person would see a difference; rates that change alone are told now and then."""
    same = replace(now, time=told.time, age=told.age, rates=told.rates) == told
    if not same or (now.source is Source.DAEMON and now.time != told.time):
        return True
    return told.rates != now.rates and (now.time - told.time >= _RATES)


def _changed(path: str) -> int:
    with suppress(OSError):
        return os.stat(path).st_mtime_ns
    return 0
