"""The demo's guide: its captions turn by themselves, one after the other."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from layerscope.store.store import Store
from layerscope.tui.app import ExplorerApp
from layerscope.tui.session import Session
from layerscope.tui.widgets import caption
from layerscope.tui.widgets.caption import Guide
from tests.support.explorer import Explorer
from tests.support.live_events import FakeLive

_SECONDS = 1.0  # so long that a busy machine's pauses are short beside it


@asynccontextmanager
async def _guided(root: Path) -> AsyncIterator[tuple[Explorer, Guide]]:
    Store.open(root).close()
    captions = tuple(f"caption {number}" for number in range(1, 9))
    app = ExplorerApp(Session(root, captions=captions))
    async with app.run_test(size=(100, 24)) as pilot:
        yield Explorer(pilot), app.guide


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caption, "_SECONDS", _SECONDS)
    monkeypatch.setattr("layerscope.tui.screens.containers.Live", FakeLive)


async def test_each_comes_in_its_turn_whatever_lies_below(tmp_path: Path) -> None:
    async with _guided(tmp_path / "store") as (explorer, guide):
        assert len(explorer.app.screen_stack) == 3  # the containers above the images
        shown, times = [0], [time.monotonic()]
        while len(shown) < 5:
            await explorer._pilot.pause(0.01)
            number = guide.number
            if number != shown[-1]:
                shown.append(number)
                times.append(time.monotonic())
        assert shown == [0, 1, 2, 3, 4]
        assert all(0.7 < (b - a) / _SECONDS < 1.7 for a, b in pairwise(times[1:]))
        assert "caption 5" in explorer.text


async def test_one_that_was_asked_for_stays_as_long_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caption, "_SECONDS", 3 * _SECONDS)
    async with _guided(tmp_path / "store") as (explorer, guide):
        await explorer._pilot.pause(1.6 * _SECONDS)
        await explorer.press("f4", settled=False)
        await explorer._pilot.pause(1.6 * _SECONDS)
        assert guide.number == 1
