"""Numbers as a row of little bars, and the last minutes of a figure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last ``width`` values; the highest fills its cell, what is 0 or less stays flat."""
    shown = list(values)[-width:]
    highest = max(shown, default=0)
    if highest <= 0:
        return (_BARS[0] * len(shown)).rjust(width)
    steps = (round(max(0.0, value) / highest * (len(_BARS) - 1)) for value in shown)
    return "".join(_BARS[step] for step in steps).rjust(width)


class Minutes:
    """How much a figure grew in each of the last slots of time. ``slot`` is in seconds."""

    def __init__(self, slot: float = 5.0, slots: int = 36) -> None:
        self._slot = slot
        self._grown: deque[float] = deque(maxlen=slots)
        self._at: int | None = None
        self._last = 0.0

    @property
    def grown(self) -> Sequence[float]:
        """Growth by slot, oldest first; the last one is still going on."""
        return self._grown

    def note(self, time: float, value: float) -> None:
        """The figure is ``value`` at ``time`` (seconds)."""
        slot = int(time / self._slot)
        if self._at is None:
            self._at, self._last = slot, value
            self._grown.append(0.0)
        for _ in range(min(slot - self._at, self._grown.maxlen or 0)):
            self._grown.append(0.0)
        self._at = max(self._at, slot)
        self._grown[-1] += value - self._last
        self._last = value

    def recall(self, known: Sequence[tuple[float, float]]) -> None:
        """Take over what was kept of the time before the first note, as (seconds, value)."""
        earlier = Minutes(self._slot, self._grown.maxlen or 0)
        for time, value in known:
            earlier.note(time, value)
        if earlier._at is None:
            return
        grown = {earlier._at - ago: by for ago, by in enumerate(reversed(earlier._grown))}
        if self._at is None:
            self._at, self._last = earlier._at, earlier._last
            first = earlier._at + 1
        else:
            first = self._at + 1 - len(self._grown)
        start = max(min(grown), first - (self._grown.maxlen or 0))
        before = [grown.get(slot, 0.0) for slot in range(start, first)]
        self._grown = deque((*before, *self._grown), self._grown.maxlen)
