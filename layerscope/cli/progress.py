"""One line on stderr that tells how far long work is; only where stderr is a terminal."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

from layerscope.errors import Cancelled
from layerscope.progress import Progress
from layerscope.signals import ENDING, heeded, leave
from layerscope.units import age_text, size_text

_EVERY = 0.1  # seconds between two repaints
_FIRST = 0.3  # seconds of work that are too short to tell of
_TURN = 1.0  # seconds of waiting for others that are


class Stop:
    """Whether somebody pressed Ctrl+C, or told this process to end; work in other threads asks
    :meth:`check`.

    A second Ctrl+C doesn't wait for the work to stop.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._before = {number: signal.signal(number, self._on_signal) for number in heeded(ENDING)}

    def check(self) -> None:
        """Raise Cancelled if it was pressed."""
        if self._asked.is_set():
            raise Cancelled

    def close(self) -> None:
        """Leave the signals to who had them before."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked.set()
        if number != signal.SIGINT:
            leave(number, frame)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        raise KeyboardInterrupt


class Unseen:
    """Progress where there is no terminal to show it: only Ctrl+C matters."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def begin(self, task: str, total: int | None) -> None: ...

    def advance(self, task: str, done: int) -> None: ...

    def end(self, task: str) -> None: ...

    def check(self) -> None:
        """Raise Cancelled if Ctrl+C was pressed."""
        self._stop.check()


class ProgressLine:
    """Bytes, rate and time left of all tasks together, on one line that is erased at the end.

    It is written with spaces and returns alone, so that any terminal understands it.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._totals: dict[str, int | None] = {}
        self._done: dict[str, int] = {}
        self._started = time.monotonic()
        self._next = self._started + _FIRST
        self._shown = 0

    def begin(self, task: str, total: int | None) -> None:
        """A task starts; ``total`` is its size in bytes, None if nobody knows."""
        with self._lock:
            self._totals[task], self._done[task] = total, 0

    def advance(self, task: str, done: int) -> None:
        """``done`` bytes of the task are through."""
        with self._lock:
            self._done[task] = done
            now = time.monotonic()
            if now >= self._next:
                self._next = now + _EVERY
                self._paint(self._line(now))

    def end(self, task: str) -> None:
        """The task is done."""
        with self._lock:
            self._done[task] = self._totals.get(task) or self._done.get(task, 0)

    def check(self) -> None:
        """Raise Cancelled if Ctrl+C was pressed."""
        self._stop.check()

    def close(self) -> None:
        """Erase the line; nothing is painted any more."""
        with self._lock:
            self._next = float("inf")
            if self._shown:
                self._paint("")

    def _line(self, now: float) -> str:
        done = sum(self._done.values())
        rate = done / max(now - self._started, 1e-3)
        totals = list(self._totals.values())
        if None in totals:
            return f"{size_text(done)}  {size_text(int(rate))}/s"
        total = sum(size or 0 for size in totals)
        left = age_text(max(0, total - done) / max(rate, 1)).lower()
        return f"{size_text(done)} of {size_text(total)}  {size_text(int(rate))}/s  {left} left"

    def _paint(self, line: str) -> None:
        line = line[: _columns() - 1]
        erased = "" if line else "\r"
        sys.stderr.write(f"\r{line:<{self._shown}}{erased}")
        sys.stderr.flush()
        self._shown = len(line)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80


class Shown:
    """The progress of one piece of work after the other, and Ctrl+C meanwhile."""

    def __init__(self) -> None:
        self._stop = Stop()
        self._last: ProgressLine | None = None

    def progress(self) -> Progress:
        """A new line on the terminal, or nothing where there is none."""
        self._erase()
        if not sys.stderr.isatty():
            return Unseen(self._stop)
        self._last = ProgressLine(self._stop)
        return self._last

    def check(self) -> None:
        """Raise Cancelled if Ctrl+C was pressed."""
        self._stop.check()

    def close(self) -> None:
        """Leave the terminal and the signal as they were."""
        self._erase()
        self._stop.close()

    def _erase(self) -> None:
        if self._last is not None:
            self._last.close()
            self._last = None


class TurnLine:
    """Says that the store is waited for; once, and only on a terminal."""

    def __init__(self) -> None:
        self._told = False

    def tell(self, seconds: float) -> None:
        """It was waited for so long."""
        if seconds >= _TURN and not self._told and sys.stderr.isatty():
            self._told = True
            sys.stderr.write("\rwaiting for another layerscope, which writes in the store\n")
            sys.stderr.flush()
