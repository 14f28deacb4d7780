"""The table of containers as text: what each is, holds and costs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from layerscope.accounting.live.figures import Figures, Source
from layerscope.tui.models.containers import Containers, Sort, source_text
from layerscope.tui.models.sparkline import sparkline
from layerscope.tui.safe_text import fit, fit_left, safe_text
from layerscope.units import size_text
from layerscope.usecases.live_lines import LiveContainer

Span = tuple[str, str]

_SIZE, _RATE, _SPARK, _FILES, _STATE, _SOURCE = 8, 10, 12, 7, 8, 7
_STATES = {"running": "added", "exited": "dim", "created": "dim"}


class ContainerLines:
    """The rows of the table. Whose they are stands in front where they are of several."""

    def __init__(self, known: Containers, rows: Sequence[LiveContainer]) -> None:
        self.rows = rows
        self._known = known

    def __len__(self) -> int:
        return len(self.rows)

    def spans(self, index: int, width: int) -> Sequence[Span]:
        """Name, source, state, size, growth, …; what doesn't fit is left out from the right."""
        row = self.rows[index]
        figures = self._known.figures.get(row.id)
        return _beside((f" {safe_text(row.name)}", ""), self._cells(row, figures), width)

    def _cells(self, row: LiveContainer, figures: Figures | None) -> list[Span]:
        unknown = "" if row.blocked else "…"
        size = size_text(figures.size) if figures else unknown
        unsettled = "" if figures is None or figures.settled else "~"
        minutes = self._known.minutes.get(row.id)
        spark = sparkline(minutes.grown if minutes else (), _SPARK)
        why = figures.why if figures and is_whole(figures) else None
        virtual = self._known.virtual(row)
        files = f"{figures.files:,}" if figures and is_whole(figures) else ""
        source = [(f" {fit(source_text(row), _SOURCE)}", "accent")]
        return [
            *(source if self._known.others else ()),
            (f" {fit(state_text(row), _STATE)}", _STATES.get(row.state, "")),
            (f" {fit_left(unsettled + size, _SIZE)}", "strong"),
            (f" {fit_left(rate_text(figures.rates.bytes) if figures else '', _RATE)}", ""),
            (f" {spark}", "bar"),
            (f" {fit_left('' if virtual is None else size_text(virtual), _SIZE)}", "dim"),
            (f" {fit_left(files, _FILES)}", ""),
            (f" {fit_left(size_text(why.copied_up) if why else '', _SIZE)}", "modified"),
            (f" {fit_left(str(len(row.volumes)), 4)}", "dim"),
            (f"  {fit(safe_text(row.image), 28)}", "dim"),
            (f" {row.id[:12]}", "dim"),
            *(() if self._known.others else ((f" {fit(row.origin, 10)}", "dim"),)),
            (f" {fit(safe_text(row.command), 30)}", "dim"),
        ]


def container_headings(width: int, sort: Sort, *, others: bool = False) -> str:
    """The words above the columns; the one that orders them is marked. ``others``: as
    ``Containers`` has it."""
    source = (fit("SOURCE", _SOURCE), Sort.SOURCE)
    words = (
        *((source,) if others else ()),
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
        *(() if others else ((fit("ENGINE", 10), None),)),
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
    known = row.state == "exited" and row.exit_code is not None
    return f"exit {row.exit_code}" if known else row.state


def is_whole(figures: Figures) -> bool:
    """Whether more than the size is known."""
    return figures.source is not Source.DAEMON


def rate_text(rate: float) -> str:
    """Bytes a second, with a sign; nothing for next to nothing."""
    if abs(rate) < 0.5:
        return ""
    return f"{'+' if rate > 0 else '-'}{size_text(round(abs(rate)))}/s"


def how_sure(figures: Figures, now: float | None = None) -> str:
    """Whether the figures are settled, or how old they may be, and where they come from."""
    since = max(0.0, (time.time() if now is None else now) - figures.time)
    if figures.source is Source.DAEMON:
        return f"{figures.source.value} {since:.0f} s ago"
    age = figures.age + since
    words = "settled" if figures.settled else f"up to {max(age, 0.1):.1f} s old"
    if figures.source is Source.WALKS:
        words += ", by walks alone"
    return words
