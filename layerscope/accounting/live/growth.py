"""Which paths grew most in the last minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

_STEP = 5.0  # seconds that are forgotten at once
_STEPS = 12
_PATHS = 5000  # that a step remembers at most


class Growth:
    """Adds up bytes by path; times are seconds of one clock."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, dict[bytes, int]]] = deque()

    def add(self, now: float, changes: Iterable[tuple[bytes, int]]) -> None:
        """(path, delta) pairs."""
        self._forget(now)
        if not self._steps or now - self._steps[-1][0] >= _STEP:
            self._steps.append((now, {}))
        step = self._steps[-1][1]
        for path, delta in changes:
            if delta and (path in step or len(step) < _PATHS):
                step[path] = step.get(path, 0) + delta

    def top(self, now: float, count: int) -> list[tuple[bytes, int]]:
        """The paths with most, largest first."""
        self._forget(now)
        sums: dict[bytes, int] = {}
        for _, step in self._steps:
            for path, delta in step.items():
                sums[path] = sums.get(path, 0) + delta
        return sorted(
            ((path, delta) for path, delta in sums.items() if delta > 0),
            key=lambda one: (-one[1], one[0]),
        )[:count]

    def _forget(self, now: float) -> None:
        while self._steps and now - self._steps[0][0] > _STEP * _STEPS:
            self._steps.popleft()
