"""Timelines in memory: as those of the database."""

from __future__ import annotations

import pytest

from layerscope.accounting.live.remembered import Remembered
from layerscope.accounting.live.timeline import Point

NOON = 1_700_000_000.0


def point(size: int, *changes: tuple[bytes, int], largest: bool = False) -> Point:
    return Point("c", size, 1, list(changes), [(b"f", size)] if largest else None)


@pytest.fixture
def kept() -> Remembered:
    return Remembered()


def test_a_point_stands_where_something_changed(kept: Remembered) -> None:
    for second, size in ((0, 5), (1, 5), (2, 7)):
        kept.keep(NOON + second, point(size))
    assert [(one.time, one.size) for one in kept.moments("c")] == [(NOON, 5), (NOON + 2, 7)]
    assert kept.moments("other") == []


def test_two_of_one_second_are_one(kept: Remembered) -> None:
    kept.keep(NOON, point(5, (b"a", 5), largest=True))
    kept.keep(NOON + 0.5, point(9, (b"a", 3), (b"b", 1)))
    (one,) = kept.moments("c")
    assert (one.time, one.size, one.changes) == (NOON, 9, ((b"a", 8), (b"b", 1)))
    assert kept.snapshot("c", NOON) is not None


def test_what_was_there_last(kept: Remembered) -> None:
    kept.keep(NOON, point(5, largest=True))
    kept.keep(NOON + 5, point(6))
    assert kept.snapshot("c", NOON - 1) is None
    found = kept.snapshot("c", NOON + 7)
    assert found is not None
    assert (found.time, found.largest, found.left_out, found.rest) == (NOON, [(b"f", 5)], 0, 0)
    kept.forget("c")
    assert kept.snapshot("c", NOON + 7) is None


def test_old_points_go_into_fewer(kept: Remembered) -> None:
    for second in range(100):
        kept.keep(NOON + second, point(second, (b"a", 1), largest=not second))
    kept.thin(NOON + 100)
    assert len(kept.moments("c")) == 100
    kept.thin(NOON + 100 + 600)
    found = kept.moments("c")
    assert len(found) <= 11
    assert sum(delta for one in found for _, delta in one.changes) == 100
    assert found[-1].size == 99
    assert kept.snapshot("c", NOON + 99) is not None
    kept.thin(NOON + 8 * 86400)
    assert kept.moments("c") == []
