"""The table that the benches print: a line for each thing measured, beside its limit and peers."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``value`` is in ``unit``; ``limit`` is the most that it should be, None if nothing is said.

    ``peers`` says what others took in the same run.
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    peers: str = ""

    @property
    def verdict(self) -> str:
        """Whether the limit holds."""
        if self.limit is None:
            return ""
        return "ok" if self.value <= self.limit else "OVER"


def show(rows: Iterable[Row]) -> Iterator[Row]:
    """Print the rows as they come, and pass them on."""
    for row in rows:
        limit = "" if row.limit is None else f"≤ {_amount(row.limit, row.unit)}"
        measured = _amount(row.value, row.unit)
        line = f"{row.what:54}{measured:>12}{limit:>14}  {row.verdict:4}  {row.peers}"
        print(line.rstrip(), flush=True)
        yield row


def _amount(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 2 if value < 10 else 1
    return f"{value:.{digits}f} {unit}"


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """How long ``work`` takes, the median of ``runs``."""
    return statistics.median(seconds(work) for _ in range(runs))


def percentile(values: Iterable[float], percent: int) -> float:
    """The value that ``percent`` of the values are not above."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
