"""File events as hints where to look, also where the kernel has no inotify."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from layerscope.accounting.live import hints as module
from layerscope.accounting.live.hints import Hints
from layerscope.accounting.live.notifier import Notifier

PATIENCE = 20.0


def take_often(hints: Hints, times: int) -> None:
    for _ in range(times):
        hints.take()


@pytest.fixture(params=["the kernel's", "watchfiles"])
def hints(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hints]:
    if request.param == "watchfiles":
        monkeypatch.setattr(module, "_watch", Notifier)
    made = Hints(str(tmp_path))
    yield made
    made.close()


def test_what_is_written_is_told(hints: Hints, tmp_path: Path) -> None:
    assert hints.watching
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    (tmp_path / "g").touch()
    end, found = time.monotonic() + PATIENCE, set[str]()
    while not {"d", "g"} <= found:
        assert time.monotonic() < end
        found |= hints.take()


def test_an_interruption_while_it_waits_is_one(hints: Hints) -> None:
    """The notifier takes whatever a signal's handler raises for itself."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupted)
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    try:
        with pytest.raises(KeyboardInterrupt):
            take_often(hints, 1_000_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
