"""Everything known of containers, from the events of the process that watches them."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from layerscope.accounting.live.figures import Figures, Happening, Moment, Row
from layerscope.tui.models.sparkline import Minutes
from layerscope.tui.models.written_tree import WrittenTree
from layerscope.usecases.live_lines import (
    OWN,
    Event,
    Fed,
    Growing,
    LiveContainer,
    Measured,
    Rows,
    Then,
    Timeline,
    Top,
)
from layerscope.usecases.live_lines import Containers as ContainersTold

_KEPT = 1000  # lines of the feed
_LATELY = 180  # moments that the last minutes have at most
_ENOUGH = 20  # pictures after which the rows of a busy layer count as all there


class Sort(enum.Enum):
    """What the table is ordered by; all but names have the largest first."""

    CREATED = "created"
    SIZE = "size"
    GROWTH = "growth"
    VIRTUAL = "virtual"
    FILES = "files"
    COPIED = "copied up"
    NAME = "name"
    STATE = "state"
    IMAGE = "image"
    SOURCE = "source"
    VOLUMES = "volumes"

    def following(self, *, others: bool) -> Sort:
        """The next in turn; by source only where there are others than the store."""
        every = [one for one in Sort if others or one is not Sort.SOURCE]
        return every[(every.index(self) + 1) % len(every)] if self in every else every[0]


class Pane(enum.Enum):
    """What is told of the chosen container."""

    FILES = "files"
    WHY = "why"
    FEED = "feed"
    GROWING = "growing"
    TIMELINE = "timeline"


@dataclass(slots=True)
class Details:
    """What is known of one container besides its figures; ``then`` is what was there at a moment,
    while somebody looks back."""

    tree: WrittenTree = field(default_factory=WrittenTree)
    feed: deque[Happening] = field(default_factory=lambda: deque(maxlen=_KEPT))
    growing: tuple[Growing, ...] = ()
    moments: tuple[Moment, ...] = ()
    then: Then | None = None
    _pictures: int = 0

    def take_rows(self, first: bool, rows: Sequence[Row], gone: Sequence[bytes]) -> None:
        """Paths that are there now, and others that aren't."""
        if first:
            self.tree.begin()
        self.tree.take(rows, gone)

    def take_happenings(self, happenings: Sequence[Happening]) -> None:
        """What happened; some is said again when more of it is known."""
        for one in happenings:
            told = replace(one, written=None)
            if one.written is not None and told in self.feed:
                self.feed[self.feed.index(told)] = one
            else:
                self.feed.append(one)

    def pictured(self, figures: Figures | None) -> None:
        """It is shown. Once its rows are all there, they are what changes are told against."""
        self._pictures += 1
        whole = figures is not None and self.tree.size(b"") == figures.size
        if whole or self._pictures > _ENOUGH:
            self.tree.remember()


class Containers:
    """Everything known of all containers, as the events tell it; ``others``: some aren't the
    store's."""

    def __init__(self) -> None:
        self.rows: Sequence[LiveContainer] = ()
        self.is_known = False
        self.others = False
        self.figures: dict[str, Figures] = {}
        self.minutes: dict[str, Minutes] = {}
        self._details: dict[str, Details] = {}

    def take(self, event: Event) -> None:
        """What the process that watches them tells."""
        match event:
            case ContainersTold(rows):
                self._listed(rows)
            case Measured(identity, figures):
                self._measured(identity, figures)
            case Rows(identity, first, rows, gone):
                self.details(identity).take_rows(first, rows, gone)
            case Fed(identity, happenings):
                self.details(identity).take_happenings(happenings)
            case Top(identity, growing):
                self.details(identity).growing = growing
            case Timeline(identity, moments):
                self.details(identity).moments = moments
                kept = [(moment.time, moment.size) for moment in moments[-_LATELY:]]
                self.minutes.setdefault(identity, Minutes()).recall(kept)
            case Then(identity):
                self.details(identity).then = event

    def details(self, identity: str) -> Details:
        """What is known of one besides its figures."""
        return self._details.setdefault(identity, Details())

    def _listed(self, rows: Sequence[LiveContainer]) -> None:
        """The containers there are."""
        self.rows, self.is_known = rows, True
        self.others = any(row.origin != OWN for row in rows)
        there = {row.id for row in rows}
        for known in (self.figures, self.minutes, self._details):
            for gone in known.keys() - there:
                del known[gone]

    def _measured(self, identity: str, figures: Figures) -> None:
        """What one holds."""
        self.figures[identity] = figures
        self.minutes.setdefault(identity, Minutes()).note(figures.time, figures.size)

    def virtual(self, row: LiveContainer) -> int | None:
        """Bytes with the image's, None if those are unknown."""
        figures = self.figures.get(row.id)
        if row.image_size is None:
            return None
        return row.image_size + (figures.size if figures else 0)

    def ordered(self, sort: Sort, text: str) -> list[LiveContainer]:
        """Those that have ``text`` in their name, image, ID, command or source, in order."""
        wanted = text.strip().lower()
        found = [
            row
            for row in self.rows
            if wanted in row.name.lower()
            or wanted in row.image.lower()
            or row.id.startswith(wanted)
            or wanted in row.command.lower()
            or (self.others and wanted in source_text(row))
        ]
        key = _KEYS[sort]
        return sorted(found, key=lambda row: key(self, row))


def source_text(row: LiveContainer) -> str:
    """``store``, or the engine whose it is."""
    return "store" if row.origin == OWN else row.origin


def _figure(get: Callable[[Figures], float]) -> Callable[[Containers, LiveContainer], Any]:
    def key(known: Containers, row: LiveContainer) -> Any:
        figures = known.figures.get(row.id)
        return -get(figures) if figures else 0.0

    return key


_KEYS: dict[Sort, Callable[[Containers, LiveContainer], Any]] = {
    Sort.CREATED: lambda known, row: 0,
    Sort.SIZE: _figure(lambda figures: figures.size),
    Sort.GROWTH: _figure(lambda figures: figures.rates.bytes),
    Sort.VIRTUAL: lambda known, row: -(known.virtual(row) or 0),
    Sort.FILES: _figure(lambda figures: figures.files),
    Sort.COPIED: _figure(lambda figures: figures.why.copied_up),
    Sort.NAME: lambda known, row: row.name,
    Sort.STATE: lambda known, row: (row.state != "running", row.state),
    Sort.IMAGE: lambda known, row: row.image,
    Sort.SOURCE: lambda known, row: (row.origin != OWN, row.origin),
    Sort.VOLUMES: lambda known, row: -len(row.volumes),
}
