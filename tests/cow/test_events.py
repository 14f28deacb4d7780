"""Each operation tells what it did and what it cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.cow.engine import Engine
from layerscope.cow.events import Did, Event, Tally
from layerscope.cow.rename import Mode
from tests.support.containers import container


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A container over two layers."""
    for number in range(2):
        (tmp_path / f"layer{number}" / "d").mkdir(parents=True)
    (tmp_path / "layer0" / "d" / "old").write_bytes(bytes(100))
    (tmp_path / "layer0" / "sparse").touch()
    os.truncate(tmp_path / "layer0" / "sparse", 1 << 20)
    (tmp_path / "layer1" / "d" / "new").write_bytes(bytes(300))
    (tmp_path / "layer1" / "link").symlink_to("d/new")
    with container([tmp_path / "layer0", tmp_path / "layer1"], tmp_path / "c") as opened:
        yield opened


@pytest.fixture
def heard(engine: Engine) -> list[Event]:
    """What the engine tells."""
    events: list[Event] = []
    engine.subscribe(events.append)
    return events


def test_a_copy_up_names_its_layer_and_its_bytes(engine: Engine, heard: list[Event]) -> None:
    engine.chmod(b"/d/old", 0o600)
    assert heard == [
        Event(Did.COPIED_UP, b"d", 0, 1, 0),
        Event(Did.COPIED_UP, b"d/old", 100, 0, 100),
        Event(Did.CHANGED, b"d/old"),
    ]


def test_truncating_copies_no_data(engine: Engine, heard: list[Event]) -> None:
    engine.open(b"/d/new", os.O_WRONLY | os.O_TRUNC).close()
    assert heard[1:] == [
        Event(Did.COPIED_UP, b"d/new", 0, 1, 0),
        Event(Did.RESIZED, b"d/new", 0),
    ]


def test_holes_cost_nothing_to_copy_but_count(engine: Engine, heard: list[Event]) -> None:
    engine.open(b"/sparse", os.O_WRONLY).close()
    assert heard == [Event(Did.COPIED_UP, b"sparse", 1 << 20, 0, 0)]
    assert (engine.upper.directory / "sparse").stat().st_blocks == 0


def test_reading_tells_nothing(engine: Engine, heard: list[Event]) -> None:
    engine.read(b"/d/old")
    engine.stat(b"/link", follow=True)
    engine.names(b"/d")
    engine.open(b"/d/new", os.O_RDONLY | os.O_CREAT).close()
    assert heard == []
    assert os.listdir(engine.upper.directory) == []


def test_making_writing_and_removing(engine: Engine, heard: list[Event]) -> None:
    with engine.open(b"/f", os.O_WRONLY | os.O_CREAT) as handle:
        handle.write(b"12345")
    engine.link(b"/f", b"/g")
    engine.unlink(b"/f")
    engine.unlink(b"/g")
    assert heard == [
        Event(Did.CREATED, b"f"),
        Event(Did.RESIZED, b"f", 5),
        Event(Did.LINKED, b"g", other=b"f"),
        Event(Did.REMOVED, b"f"),
        Event(Did.REMOVED, b"g", -5),
    ]


def test_deleting_and_making_again(engine: Engine, heard: list[Event]) -> None:
    engine.unlink(b"/d/old")
    engine.unlink(b"/d/new")
    engine.rmdir(b"/d")
    engine.mkdir(b"/d")
    assert heard[1:] == [
        Event(Did.REMOVED, b"d/old"),
        Event(Did.WHITED_OUT, b"d/old"),
        Event(Did.REMOVED, b"d/new"),
        Event(Did.WHITED_OUT, b"d/new"),
        Event(Did.REMOVED, b"d"),
        Event(Did.WHITED_OUT, b"d"),
        Event(Did.CREATED, b"d"),
        Event(Did.MADE_OPAQUE, b"d"),
    ]


def test_renaming(engine: Engine, heard: list[Event]) -> None:
    engine.rename(b"/link", b"/moved")
    assert heard == [
        Event(Did.COPIED_UP, b"link", 5, 1, 0),
        Event(Did.MOVED, b"moved", other=b"link"),
        Event(Did.WHITED_OUT, b"link"),
    ]
    heard.clear()
    engine.mkdir(b"/n")
    engine.rename(b"/n", b"/moved", Mode.EXCHANGE)
    assert [(event.did, event.path, event.other) for event in heard[1:]] == [
        (Did.MOVED, b"moved", b"n"),
        (Did.MOVED, b"n", b"moved"),
    ]


def test_nobody_listens_any_more(engine: Engine) -> None:
    heard: list[Event] = []
    tally = Tally()
    engine.subscribe(heard.append)
    engine.count(tally)
    engine.mkdir(b"/one")
    engine.unsubscribe(heard.append)
    engine.stop_counting(tally)
    engine.mkdir(b"/two")
    assert [event.path for event in heard] == [b"one"]
    assert tally.events == 1


def test_a_listener_may_look_at_the_container(engine: Engine) -> None:
    sizes: list[int] = []
    engine.subscribe(lambda event: sizes.append(len(engine.names(b"/d"))))
    engine.unlink(b"/d/old")
    assert sizes[-1] == 1
