"""File events as hints where to look."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import pytest

from layerscope.accounting.live.hints import Hints


def take_often(hints: Hints, times: int) -> None:
    for _ in range(times):
        hints.take()


def test_an_interruption_while_it_waits_is_one(tmp_path: Path) -> None:
    """The notifier takes whatever a signal's handler raises for itself."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    hints = Hints(str(tmp_path))
    before = signal.signal(signal.SIGALRM, interrupted)
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    try:
        with pytest.raises(KeyboardInterrupt):
            take_often(hints, 10_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        hints.close()
