"""One line on stderr that tells how far long work is; only where stderr is a terminal."""

from __future__ import annotations

import sys
import threading
import time

from layerscope.progress import Progress, Silent
from layerscope.units import age_text, size_text

_EVERY = 0.1  # seconds between two repaints


def progress() -> Progress:
    """A line on the terminal, or nothing where there is none."""
    return ProgressLine() if sys.stderr.isatty() else Silent()


class ProgressLine:
    """Bytes, rate and time left of all tasks together, on one line that is erased at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, int | None] = {}
        self._done: dict[str, int] = {}
        self._open: set[str] = set()
        self._started = time.monotonic()
        self._painted = 0.0

    def begin(self, task: str, total: int | None) -> None:
        with self._lock:
            self._totals[task], self._done[task] = total, 0
            self._open.add(task)

    def advance(self, task: str, done: int) -> None:
        with self._lock:
            self._done[task] = done
            now = time.monotonic()
            if now - self._painted >= _EVERY:
                self._painted = now
                self._paint(now)

    def end(self, task: str) -> None:
        with self._lock:
            self._done[task] = self._totals.get(task) or self._done.get(task, 0)
            self._open.discard(task)
            if not self._open and self._painted:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()

    def check(self) -> None: ...

    def _paint(self, now: float) -> None:
        done = sum(self._done.values())
        rate = done / max(now - self._started, 1e-3)
        totals = list(self._totals.values())
        line = f"{size_text(done)}  {size_text(int(rate))}/s"
        if None not in totals:
            total = sum(total or 0 for total in totals)
            left = age_text(max(0, total - done) / max(rate, 1)).lower()
            line = f"{size_text(done)} of {size_text(total)}  {size_text(int(rate))}/s  {left} left"
        sys.stderr.write(f"\r{line}\x1b[K")
        sys.stderr.flush()
