"""How a container's writable layer grew, kept in the store's database.

A point stands where the size or the number of files changed: at most one a second for the last
ten minutes, one in ten seconds for two hours, one in five minutes for a week. A point has the paths
that changed most since the one before; the first in ten seconds (:func:`tens`) has the largest
files as well. Names that don't fit are left out, so that a container's timeline stays below
``MAX_BYTES``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.accounting.live.figures import Moment

if TYPE_CHECKING:
    from sqlite3 import Connection

    from layerscope.store.database import Database

_CHANGES, _LARGEST = 256, 1024  # bytes of a point's two lists, compressed
_PATHS = 50  # of the largest files
# (older than so many seconds, one point in so many); what is older than a week goes.
THINNING = ((600, 10), (7200, 300))
WEEK = 7 * 86400
_ROW = 150  # bytes of a point besides its lists, with the database's own
MAX_BYTES = (600 + 720 + WEEK // 300) * (_ROW + _CHANGES) + (60 + 720 + WEEK // 300) * _LARGEST

Sizes = Sequence[tuple[bytes, int]]


class Point(NamedTuple):
    """What is to be kept of one container now; the lists are (path, bytes), largest first.
    ``files`` and ``size`` are of all of it, ``largest`` of some, None if nobody looked."""

    container: str
    size: int
    files: int
    changes: Sizes
    largest: Sizes | None


class Snapshot(NamedTuple):
    """The largest files at a time; ``left_out`` smaller ones have ``rest`` bytes together."""

    time: float
    largest: Sizes
    left_out: int
    rest: int


def tens(time: float) -> int:
    """The ten seconds that a time lies in: one point in them has the largest files."""
    return int(time) // 10


def keep(database: Database, now: float, points: Iterable[Point]) -> None:
    """Keep points of the second ``now``, where they say something new: of several processes that
    watch a container, one keeps it. Raises StoreFailure."""
    second = int(now)
    with database.write() as tx:
        for point in points:
            _keep(tx, second, point)


def _keep(tx: Connection, second: int, point: Point) -> None:
    last = tx.execute(
        "SELECT time, size, files, changes FROM timeline WHERE container = ?"
        " ORDER BY time DESC LIMIT 1",
        (point.container,),
    ).fetchone()
    if last is not None and last[1:3] == (point.size, point.files):
        return
    if last is not None and last[0] >= second:
        _amend(tx, last[0], point, _unpacked(last[3]))
        return
    largest = _largest_to_keep(tx, second, point)
    values = (second, point.size, point.files, _packed(point.changes, _CHANGES), largest)
    tx.execute(
        "INSERT INTO timeline SELECT id, ?, ?, ?, ?, ? FROM containers WHERE id = ?",
        (*values, point.container),
    )


def _largest_to_keep(tx: Connection, second: int, point: Point) -> bytes | None:
    """The packed names, if they are known and their ten seconds have none yet."""
    if point.largest is None:
        return None
    (last,) = tx.execute(
        "SELECT max(time) FROM timeline WHERE container = ? AND largest IS NOT NULL",
        (point.container,),
    ).fetchone()
    is_due = last is None or last == second or tens(last) != tens(second)
    return _packed(point.largest[:_PATHS], _LARGEST) if is_due else None


def _amend(tx: Connection, second: int, point: Point, told: Sizes) -> None:
    """A second point of one second; what both tell of a path is likely the same change."""
    sums = dict(told)
    for path, delta in point.changes:
        sums[path] = max(sums.get(path, 0), delta, key=abs)
    tx.execute(
        "UPDATE timeline SET size = ?, files = ?, changes = ?, largest = coalesce(?, largest)"
        " WHERE container = ? AND time = ?",
        (
            *(point.size, point.files, _packed(ranked(sums), _CHANGES)),
            *(_largest_to_keep(tx, second, point), point.container, second),
        ),
    )


def thin(database: Database, container: str, now: float) -> None:
    """Let old points go into fewer. Raises StoreFailure."""
    with database.write() as tx:
        gone = (container, int(now) - WEEK)
        tx.execute("DELETE FROM timeline WHERE container = ? AND time < ?", gone)
        for age, step in THINNING:
            _thin(tx, container, int(now) - age, step)


def _thin(tx: Connection, container: str, before: int, step: int) -> None:
    """The last point of each ``step`` seconds takes the others' changes over."""
    rows = tx.execute(
        "SELECT time, changes, largest FROM timeline WHERE container = ?1 AND time < ?2 AND"
        " time / ?3 IN (SELECT time / ?3 FROM timeline WHERE container = ?1 AND time < ?2"
        " GROUP BY time / ?3 HAVING count(*) > 1) ORDER BY time",
        (container, before // step * step, step),
    ).fetchall()
    groups: dict[int, list[tuple[int, bytes, bytes | None]]] = {}
    for row in rows:
        groups.setdefault(row[0] // step, []).append(row)
    for group in groups.values():
        sums: dict[bytes, int] = {}
        for _, changes, _ in group:
            for path, delta in _unpacked(changes):
                sums[path] = sums.get(path, 0) + delta
        largest = next((row[2] for row in reversed(group) if row[2] is not None), None)
        tx.executemany(
            "DELETE FROM timeline WHERE container = ? AND time = ?",
            [(container, row[0]) for row in group[:-1]],
        )
        tx.execute(
            "UPDATE timeline SET changes = ?, largest = ? WHERE container = ? AND time = ?",
            (_packed(ranked(sums), _CHANGES), largest, container, group[-1][0]),
        )


def moments(database: Database, container: str, since: float = 0.0) -> list[Moment]:
    """The timeline, whole or ``since`` a time, oldest first. Raises StoreFailure."""
    rows = database.rows(
        "SELECT time, size, files, changes FROM timeline WHERE container = ? AND time >= ?"
        " ORDER BY time",
        container,
        int(since),
    )
    return [
        Moment(float(time), size, files, tuple(_unpacked(changes)))
        for time, size, files, changes in rows
    ]


def snapshot(database: Database, container: str, when: float) -> Snapshot | None:
    """What was kept last at or before ``when``. Raises StoreFailure."""
    row = database.row(
        "SELECT time, size, files, largest FROM timeline WHERE container = ? AND time <= ?"
        " AND largest IS NOT NULL ORDER BY time DESC LIMIT 1",
        container,
        int(when),
    )
    if row is None:
        return None
    time, size, files, packed = row
    largest = _unpacked(packed)
    # Of seconds that went into one, the names may be of an earlier one than the size.
    rest = max(0, size - sum(length for _, length in largest))
    return Snapshot(float(time), largest, max(0, files - len(largest)), rest)


def ranked(sums: Mapping[bytes, int]) -> Sizes:
    """(path, bytes) pairs, those that changed most first."""
    return sorted(sums.items(), key=lambda one: (-abs(one[1]), one[0]))[:_PATHS]


def _packed(sizes: Sizes, limit: int) -> bytes:
    """As many of the first as fit."""
    count = len(sizes)
    while True:
        values = [(path.decode("utf-8", "surrogateescape"), size) for path, size in sizes[:count]]
        packed = zlib.compress(json.dumps(values, separators=(",", ":")).encode())
        if len(packed) <= limit or not count:
            return packed
        count = min(count - 1, count * limit // len(packed))


def _unpacked(packed: bytes) -> list[tuple[bytes, int]]:
    values: list[Any] = json.loads(zlib.decompress(packed))
    return [(path.encode("utf-8", "surrogateescape"), size) for path, size in values]
