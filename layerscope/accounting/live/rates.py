"""How fast a writable layer changes, over the last seconds."""

from __future__ import annotations

from collections import deque

from layerscope.accounting.live.figures import Rates

_WINDOW = 3.0  # seconds
_STEP = 0.1


class RateMeter:
    """Is told the totals now and then; times are in seconds of one clock."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int, int, int]] = deque()

    def tell(self, now: float, size: int, files: int, copied: int) -> None:
        """The size in bytes, the files, the bytes copied up since the beginning."""
        points = self._points
        if len(points) > 1 and now - points[-2][0] < _STEP:
            points.pop()
        points.append((now, size, files, copied))
        while len(points) > 2 and points[1][0] <= now - _WINDOW:
            points.popleft()

    def rates(self, now: float) -> Rates:
        """A second's worth."""
        points = self._points
        if not points or points[0][1:] == points[-1][1:]:
            return Rates()
        _, size, files, copied = points[0]
        # Before the first point it was the same as there.
        span = max(now - points[0][0], 1.0)
        last = points[-1]
        return Rates((last[1] - size) / span, (last[2] - files) / span, (last[3] - copied) / span)
