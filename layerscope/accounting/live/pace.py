"""When a writable layer is to be walked again: soon after the last write, rarely when idle."""

from __future__ import annotations

import time
from dataclasses import dataclass

_QUIET = 0.08  # seconds without an event after which the last write is taken for the last
_FIRST_GAP = 0.3  # seconds between the first walks after that; then they become rarer
_LONGEST = 60.0  # seconds that what no event tells of stays unseen at most


@dataclass(frozen=True, slots=True)
class Effort:
    """How often may be walked: at least ``idle`` seconds and ``share`` times a walk's length lie
    between two walks when nothing changes."""

    idle: float
    share: float


WATCHED = Effort(5.0, 200.0)
UNWATCHED = Effort(1.5, 50.0)
STOPPED = Effort(30.0, 1000.0)


class Pace:
    """Keeps the times, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.effort = WATCHED
        self.crowd = 1  # layers that share the effort
        self._changed = time.monotonic()
        self._began = 0.0
        self._ended = 0.0
        self._length = 0.0
        self._walked = -1.0  # when the last walk that is over began

    def changed(self) -> None:
        """Something was written, just now or before."""
        self._changed = time.monotonic()

    def begin(self) -> None:
        """A walk begins."""
        self._began = time.monotonic()

    def end(self, busy: float) -> None:
        """It is over and took ``busy`` seconds of work."""
        self._walked, self._ended, self._length = self._began, time.monotonic(), busy

    @property
    def settled(self) -> bool:
        """Whether a walk began after the last write that is known of."""
        return self._walked > self._changed

    @property
    def age(self) -> float:
        """What was written so many seconds ago or before was seen by a walk."""
        return time.monotonic() - self._walked if self._walked >= 0 else float("inf")

    @property
    def due(self) -> float:
        """The time of the next walk."""
        if self._walked < 0:
            return 0.0
        if not self.settled:
            quiet = max(self._changed + _QUIET, self._ended + 1.5 * self._length)
            return min(quiet, self._ended + max(1.0, 20 * self._length))
        share = self._length * self.crowd
        idle = min(max(self.effort.idle, self.effort.share * share), _LONGEST)
        gap = max(_FIRST_GAP, 10 * share, (self._walked - self._changed) / 2)
        return self._ended + min(gap, idle)
