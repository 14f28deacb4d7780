"""The table of containers: what each is, holds and costs, in an order, some left out."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
from typing import Any

from layerscope.accounting.live.figures import Figures, Source
from layerscope.tui.models.sparkline import Minutes, sparkline
from layerscope.tui.safe_text import fit, fit_left, safe_text
from layerscope.units import size_text
from layerscope.usecases.live_lines import LiveContainer

Span = tuple[str, str]

_SIZE, _RATE, _SPARK, _FILES, _STATE = 8, 10, 12, 7, 8
_STATES = {"running": "added", "exited": "dim", "created": "dim"}


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
    VOLUMES = "volumes"

    @property
    def following(self) -> Sort:
        """The next in turn."""
        every = list(Sort)
        return every[(every.index(self) + 1) % len(every)]


class Containers:
    """Everything known of all containers, as the events tell it."""

    def __init__(self) -> None:
        self.rows: Sequence[LiveContainer] = ()
        self.is_known = False
        self.figures: dict[str, Figures] = {}
        self.minutes: dict[str, Minutes] = {}
        self.first_size: dict[str, int] = {}

    def listed(self, rows: Sequence[LiveContainer]) -> None:
        """The containers there are."""
        self.rows, self.is_known = rows, True
        there = {row.id for row in rows}
        for known in (self.figures, self.minutes, self.first_size):
            for gone in known.keys() - there:
                del known[gone]

    def measured(self, identity: str, figures: Figures) -> None:
        """What one holds."""
        self.figures[identity] = figures
        self.first_size.setdefault(identity, figures.size)
        self.minutes.setdefault(identity, Minutes()).note(figures.time, figures.size)

    def virtual(self, row: LiveContainer) -> int:
        """Bytes with the image's."""
        figures = self.figures.get(row.id)
        return row.image_size + (figures.size if figures else 0)

    def ordered(self, sort: Sort, text: str) -> list[LiveContainer]:
        """Those that have ``text`` in their name, image, ID or command, in order."""
        wanted = text.strip().lower()
        found = [
            row
            for row in self.rows
            if wanted in row.name.lower()
            or wanted in row.image.lower()
            or row.id.startswith(wanted)
            or wanted in row.command.lower()
        ]
        key = _KEYS[sort]
        return sorted(found, key=lambda row: key(self, row))


def _figure(get: Callable[[Figures], float]) -> Callable[[Containers, LiveContainer], Any]:
    def key(known: Containers, row: LiveContainer) -> Any:
        figures = known.figures.get(row.id)
        return -get(figures) if figures else 0.0

    return key


_KEYS: dict[Sort, Callable[[Containers, LiveContainer], Any]] = {
    Sort.CREATED: lambda known, row: 0,
    Sort.SIZE: _figure(lambda figures: figures.size),
    Sort.GROWTH: _figure(lambda figures: figures.rates.bytes),
    Sort.VIRTUAL: lambda known, row: -known.virtual(row),
    Sort.FILES: _figure(lambda figures: figures.files),
    Sort.COPIED: _figure(lambda figures: figures.why.copied_up),
    Sort.NAME: lambda known, row: row.name,
    Sort.STATE: lambda known, row: (row.state != "running", row.state),
    Sort.IMAGE: lambda known, row: row.image,
    Sort.VOLUMES: lambda known, row: -len(row.volumes),
}


class ContainerLines:
    """The rows of the table."""

    def __init__(self, known: Containers, rows: Sequence[LiveContainer]) -> None:
        self.rows = rows
        self._known = known

    def __len__(self) -> int:
        return len(self.rows)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Name, state, size, growth, …; what doesn't fit is left out from the right."""
        row = self.rows[index]
        figures = self._known.figures.get(row.id)
        return _beside((f" {safe_text(row.name)}", ""), self._cells(row, figures), width)

    def _cells(self, row: LiveContainer, figures: Figures | None) -> list[Span]:
        size = size_text(figures.size) if figures else "…"
        unsettled = "" if figures is None or figures.settled else "~"
        minutes = self._known.minutes.get(row.id)
        spark = sparkline(minutes.grown if minutes else (), _SPARK)
        why = figures.why if figures else None
        return [
            (f" {fit(state_text(row), _STATE)}", _STATES.get(row.state, "")),
            (f" {fit_left(unsettled + size, _SIZE)}", "strong"),
            (f" {fit_left(rate_text(figures.rates.bytes) if figures else '', _RATE)}", ""),
            (f" {spark}", "bar"),
            (f" {fit_left(size_text(self._known.virtual(row)), _SIZE)}", "dim"),
            (f" {fit_left(f'{figures.files:,}' if figures else '', _FILES)}", ""),
            (f" {fit_left(size_text(why.copied_up) if why else '', _SIZE)}", "modified"),
            (f" {fit_left(str(len(row.volumes)), 4)}", "dim"),
            (f"  {fit(safe_text(row.image), 28)}", "dim"),
            (f" {row.id[:12]}", "dim"),
            (f" {fit(row.origin, 10)}", "dim"),
            (f" {fit(safe_text(row.command), 30)}", "dim"),
        ]


def container_headings(width: int, sort: Sort) -> str:
    """The words above the columns; the one that orders them is marked."""
    words = (
        (fit("STATE", _STATE), Sort.STATE),
        (fit_left("SIZE", _SIZE), Sort.SIZE),
        (fit_left("GROWTH", _RATE), Sort.GROWTH),
        (fit("3 MINUTES", _SPARK), None),
        (fit_left("VIRTUAL", _SIZE), Sort.VIRTUAL),
        (fit_left("FILES", _FILES), Sort.FILES),
        (fit_left("COPIED", _SIZE), Sort.COPIED),
        (fit_left("VOL", 4), Sort.VOLUMES),
        (" " + fit("IMAGE", 28), Sort.IMAGE),
        (fit("ID", 12), None),
        (fit("ENGINE", 10), None),
        (fit("COMMAND", 30), None),
    )
    cells = [((("↓" if of is sort else " ") + text), "") for text, of in words]
    name = "↑NAME" if sort is Sort.NAME else " NAME"
    return "".join(text for text, _ in _beside((name, ""), cells, width))


def _beside(name: Span, cells: list[Span], width: int) -> list[Span]:
    """The name in the room that the cells leave; the last go if that is too little."""
    while cells and width - sum(len(text) for text, _ in cells) < min(18, width):
        cells = cells[:-1]
    room = min(width - sum(len(text) for text, _ in cells), 40)
    return [(fit(name[0], room), name[1]), *cells]


def state_text(row: LiveContainer) -> str:
    """``running``, ``created``, ``exit 137``."""
    return f"exit {row.exit_code}" if row.state == "exited" else row.state


def rate_text(rate: float) -> str:
    """Bytes a second, with a sign; nothing for next to nothing."""
    if abs(rate) < 0.5:
        return ""
    return f"{'+' if rate > 0 else '-'}{size_text(round(abs(rate)))}/s"


def how_sure(figures: Figures, now: float | None = None) -> str:
    """Whether the figures are settled, or how old they may be, and where they come from."""
    age = figures.age + max(0.0, (time.time() if now is None else now) - figures.time)
    words = "settled" if figures.settled else f"up to {max(age, 0.1):.1f} s old"
    if figures.source is Source.WALKS:
        words += ", by walks alone"
    return words
