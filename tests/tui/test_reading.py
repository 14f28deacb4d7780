"""Layers that are being read, stopped, and read on."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from layerscope.store.store import Store
from layerscope.tui.app import ExplorerApp
from layerscope.tui.models.layer_line import Stage
from layerscope.tui.models.reading import Reading
from layerscope.tui.session import Session
from tests.support.explorer import Explorer
from tests.support.slow_image import write_slow_image

_FIVE = str(Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar")


async def wait_for(explorer: Explorer, pilot: Pilot[int], words: str) -> None:
    """Until the screen says so."""
    for _ in range(400):
        if words in explorer.text:
            return
        await pilot.pause(0.05)
    pytest.fail(f"never said {words!r}:\n{explorer.text}")


async def test_reading_tells_how_far_it_is_and_stops_cleanly(tmp_path: Path) -> None:
    target = str(write_slow_image(tmp_path / "slow.tar", 300 << 30))
    app = ExplorerApp(Session(tmp_path / "store"), target)
    async with app.run_test(size=(120, 24)) as pilot:
        explorer = Explorer(pilot)
        await wait_for(explorer, pilot, "/s · ")
        assert "reading: 0 of 1 layers done" in explorer.lines[0]
        assert "Esc stops" in explorer.lines[0]
        assert "It is being read." in explorer.text
        await pilot.press("escape")
        await wait_for(explorer, pilot, "r reads on")
        assert "It wasn't read: r reads on." in explorer.text
        await pilot.press("r")
        await wait_for(explorer, pilot, "Esc stops")
        await pilot.press("q")


def test_states_follow_the_events(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    image = Session(tmp_path / "store").open(_FIVE)
    reading = Reading(image)
    assert {state.stage for state in reading.states.values()} == {Stage.WAITING}
    reading.hear({"event": "progress", "layer": 1, "done": 300, "total": 1000})
    assert reading.states[1].stage is Stage.READING
    assert (reading.states[1].done, reading.states[1].total) == (300, 1000)
    assert "reading: 0 of 5 layers done · 300B of" in reading.words()
    reading.hear({"event": "error", "layer": 2, "what": "layer 2", "why": "odd\x1b", "hint": None})
    assert reading.states[2].stage is Stage.FAILED
    reading.hear({"event": "progress", "layer": 99, "done": 1, "total": 1})
    assert "reading: 1 of 5 layers done" in reading.words()
    reading.stop()
    assert [state.stage.value for state in reading.states.values()].count("waiting") == 4
    assert not reading.is_done
    store.close()


def test_what_was_read_before_is_there_at_once(tmp_path: Path) -> None:
    image = Session(tmp_path / "store").open(_FIVE)
    image.read_all()
    reading = Reading(image)
    assert reading.is_done
    assert all(state.size and state.tally for state in reading.states.values())
