"""The process that watches containers for the explorer, and what it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerscope.accounting.sizes import layer_usage
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, create, remove
from layerscope.usecases.live_containers import LiveContainers
from layerscope.usecases.live_lines import (
    At,
    Containers,
    Event,
    Failed,
    Fed,
    Measured,
    Open,
    Rows,
    Then,
    Timeline,
    Top,
    from_line,
    to_line,
)
from tests.support.images import image
from tests.support.stores import load_new

PATIENCE = 20.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with an image and two containers."""
    store = Store.open(tmp_path / "store")
    load_new(store, image("img:1"))
    for name in ("one", "two"):
        create(store, "img:1", Wanted(name=name))
    return store


@pytest.fixture
def live(store: Store) -> Iterator[LiveContainers]:
    made = LiveContainers(store)
    yield made
    made.close()


def upper(store: Store, identity: str) -> Path:
    return store.root / "containers" / identity / "upper"


def turn_until(live: LiveContainers, over: Callable[[list[Event]], bool]) -> list[Event]:
    """Everything that is said until it is enough."""
    said: list[Event] = []
    end = time.monotonic() + PATIENCE
    while not over(said):
        assert time.monotonic() < end, said[-5:]
        said += live.turn()
        time.sleep(0.003)
    return said


def rows_of(live: LiveContainers) -> Containers:
    said = turn_until(live, lambda said: any(isinstance(one, Containers) for one in said))
    return next(one for one in said if isinstance(one, Containers))


def size_of(said: list[Event], identity: str) -> int | None:
    found = [one for one in said if isinstance(one, Measured) and one.id == identity]
    return found[-1].figures.size if found else None


def test_who_is_there_and_what_they_hold(live: LiveContainers, store: Store) -> None:
    rows = rows_of(live).rows
    assert {(row.name, row.state, row.image) for row in rows} == {
        ("one", "created", "img:1"),
        ("two", "created", "img:1"),
    }
    (upper(store, rows[0].id) / "f").write_bytes(bytes(5))
    turn_until(live, lambda said: size_of(said, rows[0].id) == 5)
    three = create(store, "img:1", Wanted(name="three"))
    said = turn_until(live, lambda said: size_of(said, three.id) == 0)
    assert any(isinstance(one, Containers) and len(one.rows) == 3 for one in said)
    remove(store, "three")
    said = turn_until(live, lambda said: any(isinstance(one, Containers) for one in said))
    assert three.id not in live.tracked


def test_the_opened_one_is_told_whole(live: LiveContainers, store: Store) -> None:
    one = rows_of(live).rows[0].id
    here = upper(store, one)
    for number in range(4500):
        (here / f"f{number}").touch()
    live.open(one)
    seen: dict[bytes, int] = {}

    def complete(said: list[Event]) -> bool:
        seen.clear()
        for event in said:
            if isinstance(event, Rows):
                if event.first:
                    seen.clear()
                for path in event.gone:
                    seen.pop(path, None)
                seen.update({row.path: row.size for row in event.rows})
        return len(seen) == 4500

    turn_until(live, complete)
    (here / "f7").write_bytes(bytes(70))
    (here / "f8").unlink()
    (here / "new").mkdir()
    (here / "new" / "g").write_bytes(bytes(9))
    said = turn_until(
        live,
        lambda said: (
            any(isinstance(event, Top) and len(event.growing) == 2 for event in said)
            and any(isinstance(event, Rows) and event.gone for event in said)
            and any(isinstance(event, Timeline) and event.moments for event in said)
        ),
    )
    told = [(h.did, h.path) for event in said if isinstance(event, Fed) for h in event.happenings]
    assert {("removed", b"f8"), ("created", b"new"), ("created", b"new/g")} <= set(told)
    top = [event for event in said if isinstance(event, Top)][-1]
    assert [(one.path, one.delta, one.size) for one in top.growing] == [
        (b"f7", 70, 70),
        (b"new/g", 9, 9),
    ]
    then = live.at(one, time.time())
    assert isinstance(then, Then)
    assert then.time is not None
    live.close_opened()
    turn_until(live, lambda said: live.tracked[one].layer is None)


def test_two_that_watch_one_store_keep_one_timeline(store: Store) -> None:
    both = [LiveContainers(store), LiveContainers(Store.open(store.root))]
    identity = next(rows_of(live).rows[0].id for live in both)
    for live in both:
        live.open(identity)
    end = time.monotonic() + 4
    written = 0
    while time.monotonic() < end:
        if written < 8 and time.monotonic() > end - 3.5 + written * 0.4:
            written += 1
            (upper(store, identity) / f"f{written}").write_bytes(bytes(10))
        for live in both:
            live.turn()
        time.sleep(0.01)
    for live in both:
        live.close()
    points = store.database.rows("SELECT time, size FROM timeline ORDER BY time")
    assert len({size for _, size in points}) == len(points) <= 5
    assert points[-1][1] == 80


def test_an_image_that_is_damaged_is_told_once(store: Store, live: LiveContainers) -> None:
    for blob in (store.root / "blobs" / "sha256").iterdir():
        blob.write_bytes(b"")
    for folder in (store.root / "layers").iterdir():
        for file in folder.iterdir():
            file.unlink()
    said = turn_until(live, lambda said: any(isinstance(one, Failed) for one in said))
    for _ in range(20):
        said += live.turn()
    assert len([one for one in said if isinstance(one, Failed)]) == 1


def test_a_hundred_containers_are_measured_soon(store: Store) -> None:
    for number in range(98):
        made = create(store, "img:1", Wanted(name=f"c{number}"))
        for name in range(100):
            (upper(store, made.id) / f"f{name}").touch()
    live = LiveContainers(store)
    turn_until(live, lambda said: sum(isinstance(one, Measured) for one in said) == 100)
    live.close()


def test_the_process(store: Store) -> None:
    command = [sys.executable, "-m", "layerscope.usecases.live"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"root": "%s"}\n' % os.fsencode(store.root))
        process.stdin.flush()
        first = from_line(process.stdout.readline())
        assert isinstance(first, Containers)
        identity = first.rows[0].id
        process.stdin.write(b"nonsense\n" + to_line(Open(identity)) + to_line(At(identity, 5.0)))
        process.stdin.flush()
        (upper(store, identity) / "f").write_bytes(b"hello")
        said: list[object] = []
        while Then(identity, 5.0, None) not in said or not any(
            isinstance(one, Measured) and one.figures.size == 5 for one in said
        ):
            said.append(from_line(process.stdout.readline()))
        process.stdin.close()
        process.stdout.read()
        assert process.wait(PATIENCE) == 0
    assert layer_usage(upper(store, identity)).size == 5


def test_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = subprocess.run(
        [sys.executable, "-m", "layerscope.usecases.live"],
        input=b'{"root": "%s"}\n' % os.fsencode(tmp_path / "file"),
        capture_output=True,
    )
    assert ran.returncode == 1
    assert isinstance(from_line(ran.stdout), Failed)
    assert ran.stderr == b""
