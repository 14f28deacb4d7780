"""What of a container under watch becomes a point of its timeline."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layerscope.accounting.live.timeline import moments
from layerscope.store.store import Store
from layerscope.usecases import live_timeline
from layerscope.usecases.containers import Wanted, create
from layerscope.usecases.live_lines import OWN, Then, Timeline
from layerscope.usecases.live_timeline import TimelineWriter
from tests.support.images import image
from tests.support.stores import load_new

START = 1_700_000_000


class _Clock:
    """Both of the clocks; they don't begin their tens together."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now + 7.3

    def time(self) -> float:
        return START + self.now


def _grown(identity: str, size: int, since: dict[bytes, int]) -> Any:
    return SimpleNamespace(
        container=SimpleNamespace(id=identity, origin=OWN),
        figures=SimpleNamespace(size=size, files=1),
        layer=size,
        subject=SimpleNamespace(upper=None),
        since_point=since,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store")
    load_new(store, image("img:1"))
    return store


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(live_timeline, "time", clock)
    monkeypatch.setattr(live_timeline, "largest_files", lambda layer: [(b"log", layer)])
    return clock


def test_every_ten_seconds_of_a_file_that_grows_name_it(store: Store, clock: _Clock) -> None:
    one, writer = create(store, "img:1", Wanted(name="one")).id, TimelineWriter(store)
    for second in range(1, 41):
        clock.now = second * 1.01
        writer.tell(_grown(one, second * 100, {b"log": 100}))
        writer.events(None)
        if writer._writing is not None:
            writer._writing.result()
    writer.close()
    assert len(moments(store.database, one)) == 40
    for second in range(2, 41):
        then = writer.at(one, START + second)
        assert isinstance(then, Then)
        assert then.time is not None
        assert START + second - then.time < 10
        assert [path for path, _ in then.rows] == [b"log"]


def test_a_point_that_could_not_be_written_yet_goes_into_the_next(
    store: Store, clock: _Clock
) -> None:
    one, writer = create(store, "img:1", Wanted(name="one")).id, TimelineWriter(store)
    for second in (2, 4):
        clock.now = float(second)
        writer.tell(_grown(one, second * 100, {b"log": 200}))
    writer.close()
    (only,) = moments(store.database, one)
    assert only.changes == ((b"log", 400),)
    then = writer.at(one, START + 4)
    assert isinstance(then, Then)
    assert then.rows == ((b"log", 400),)


def test_what_was_kept_lately_is_told_of_each_that_is_met(store: Store, clock: _Clock) -> None:
    one, writer = create(store, "img:1", Wanted(name="one")).id, TimelineWriter(store)
    for second in (1, 1000, 1001):
        clock.now = float(second)
        writer.tell(_grown(one, second, {}), last=True)
        writer._flush(last=True)
    writer.close()
    again = TimelineWriter(store)
    again.meet(one)
    (told,) = again.events(None)
    assert isinstance(told, Timeline)
    assert [moment.size for moment in told.moments] == [1000, 1001]
    assert again.events(None) == []
