"""What a timeline keeps, for how long, and in how many bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Moment
from layerscope.accounting.live.timeline import MAX_BYTES, Point, keep, moments, snapshot, thin
from layerscope.store.database import Database
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, create, remove
from tests.support.images import image
from tests.support.stores import load_new

START = 1_700_000_000


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store")
    load_new(store, image("img:1"))
    return store


@pytest.fixture
def one(store: Store) -> str:
    return create(store, "img:1", Wanted(name="one")).id


def test_what_is_said_twice_is_kept_once(store: Store, one: str) -> None:
    point = Point(one, 5, 1, [(b"\xff", 5)], [(b"\xff", 5)])
    keep(store.database, START + 0.5, [point])
    keep(store.database, START + 0.7, [point._replace(size=6, changes=[(b"y", 1)])])
    keep(store.database, START + 1.7, [point._replace(size=6)])
    keep(store.database, START + 2.7, [point._replace(size=9, changes=[(b"x", 4)])])
    assert moments(store.database, one) == [
        Moment(START, 6, 1, ((b"\xff", 5), (b"y", 1))),
        Moment(START + 2, 9, 1, ((b"x", 4),)),
    ]
    then = snapshot(store.database, one, START + 100.0)
    assert then is not None
    assert (then.time, then.largest, then.left_out, then.rest) == (START, [(b"\xff", 5)], 0, 1)
    assert snapshot(store.database, one, START - 1.0) is None


def test_what_nobody_looked_at_is_no_snapshot(store: Store, one: str) -> None:
    for second, largest in (
        (0, None),  # by the store's clock
        (3, [(b"log", 3)]),
        (5, [(b"log", 5)]),  # of another process; its ten seconds have names already
        (11, None),
        (13, [(b"log", 13)]),
    ):
        keep(store.database, START + second, [Point(one, second + 1, 1, [], largest)])
    assert snapshot(store.database, one, START + 2) is None
    for when, time in ((3, 3), (12, 3), (19, 13)):
        then = snapshot(store.database, one, START + when)
        assert then is not None
        assert (then.time, then.largest) == (START + time, [(b"log", time)])


def test_the_second_point_of_a_second_brings_its_names(store: Store, one: str) -> None:
    keep(store.database, START, [Point(one, 1, 1, [], None)])
    keep(store.database, START, [Point(one, 9, 1, [], [(b"log", 9)])])
    then = snapshot(store.database, one, START)
    assert then is not None
    assert (then.largest, then.left_out, then.rest) == ([(b"log", 9)], 0, 0)


def test_it_goes_with_its_container(store: Store, one: str) -> None:
    keep(store.database, START, [Point(one, 5, 1, [], []), Point("nobody", 5, 1, [], [])])
    remove(store, "one")
    keep(store.database, START + 5, [Point(one, 6, 1, [], [])])
    assert store.database.rows("SELECT * FROM timeline") == []


def test_old_points_go_into_fewer_and_keep_their_changes(store: Store, one: str) -> None:
    for second in range(100):
        point = Point(one, second, 1, [(b"a", 1), (b"b%d" % second, 2)], [(b"a", second)])
        keep(store.database, START + second, [point])
    thin(store.database, one, START + 100)
    assert len(moments(store.database, one)) == 100
    thin(store.database, one, START + 1000)
    left = moments(store.database, one)
    assert [moment.time for moment in left] == [START + 9 + 10 * n for n in range(10)]
    assert dict(left[3].changes)[b"a"] == 10
    assert snapshot(store.database, one, START + 1000) is not None
    thin(store.database, one, START + 10_000)
    assert [moment.time for moment in moments(store.database, one)] == [START + 99]
    thin(store.database, one, START + 10 * 86400)
    assert moments(store.database, one) == []


def test_how_many_bytes_it_takes_at_most(store: Store, one: str) -> None:
    second = 0
    with store.database.write():
        for second in range(700):
            rows = [(os.urandom(60), 10**9 + n) for n in range(60)]
            keep(store.database, START + second, [Point(one, second, second, rows, rows)])
    thin(store.database, one, START + second)
    used = _bytes(store.database)
    points = len(moments(store.database, one))
    assert points <= 620
    assert used / points < MAX_BYTES / (600 + 720 + 2016)
    then = snapshot(store.database, one, START + second)
    assert then is not None
    assert then.left_out > 0


def _bytes(database: Database) -> int:
    row = database.row("SELECT sum(length(changes) + coalesce(length(largest), 0)) FROM timeline")
    assert row is not None
    return int(row[0])
