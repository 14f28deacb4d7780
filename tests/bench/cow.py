"""What the copy-on-write engine costs, beside the plain file system: ``python -m tests.bench.cow``.

Everything is measured in one run; ratios are what counts. Of several rounds the quickest counts:
what else the machine does only ever adds.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from layerscope.accounting.ledger import Ledger
from layerscope.cow.engine import Engine
from layerscope.cow.lower import Lower
from tests.support.containers import container, writable
from tests.support.wide_image import wide_lower

MIB = 1 << 20


class Figure(NamedTuple):
    """One line of the table: ``value`` must not exceed ``limit``, both in ``unit``."""

    what: str
    value: float
    limit: float
    unit: str
    note: str = ""


def main() -> int:
    """Print the table; 1 if a limit is exceeded."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--dir", type=Path, default=None, help="where to work")
    words.add_argument("--creates", type=int, default=50_000)
    words.add_argument("--entries", type=int, default=1_000_000)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.dir) as directory:
        figures = measure(Path(directory), asked.creates, asked.entries)
    for figure in figures:
        mark = "ok  " if figure.value <= figure.limit else "OVER"
        limit = "" if figure.limit == math.inf else f"(limit {figure.limit:g})"
        print(f"{mark} {figure.what:48} {figure.value:8.2f} {figure.unit:3} {limit} {figure.note}")
    return int(any(figure.value > figure.limit for figure in figures))


def measure(base: Path, creates: int, entries: int) -> list[Figure]:
    """All figures."""
    figures = [
        *copy_up(base, "4 KiB", 4096, 400),
        *copy_up(base, "1 MiB", MIB, 100),
        *copy_up(base, "1 GiB", 1 << 30, 1),
        lookup(base),
        small_files(base, creates),
        ledger(base),
    ]
    return figures + create(base, entries)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _worked(work: Callable[[], object]) -> float:
    """Seconds of this process's own work: what needs no disk is measured beside others' work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _over(layers: list[Path], place: Path) -> AbstractContextManager[Engine]:
    return container(layers, writable(place))


def copy_up(base: Path, name: str, size: int, count: int) -> list[Figure]:
    """Opening lower files for writing, beside ``cp -a`` of each, and one of all."""
    lower = base / f"lower-{size}"
    lower.mkdir()
    block = os.urandom(min(size, MIB))
    for number in range(count):
        with open(lower / f"f{number:05}", "wb") as out:
            out.writelines(block for _ in range(max(1, size // len(block))))
    ours, alone, together = [], [], []

    def copy(target: Path) -> None:
        together.append(_timed(partial(_cp, f"{lower}/.", target)) / count)
        alone.append(_timed(partial(_cp, str(lower / "f00000"), target)))

    def touch(place: Path) -> None:
        with _over([lower], place) as engine:
            ours.append(_timed(partial(_touch_all, engine, count)) / count)

    for turn in range(7 if size < 1 << 30 else 5):
        target, place = base / f"cp-{size}-{turn}", base / f"up-{size}-{turn}"
        target.mkdir()
        # Each is the first one in turn: the disk may still be at work for the one before.
        works = [partial(copy, target), partial(touch, place)]
        for work in works if turn % 2 else reversed(works):
            os.sync()
            work()
        # ext4 is slow to give out inodes that were freed a moment ago: the small ones stay.
        if size >= MIB:
            shutil.rmtree(target)
            shutil.rmtree(place)
    shutil.rmtree(lower)
    each, one, many = min(ours), min(alone), min(together)
    note = f"{each * 1e6:.0f} us, cp -a {one * 1e6:.0f} us"
    batch = f"cp -a {many * 1e6:.0f} us a file of {count}"
    return [
        Figure(f"copy-up of {name} / cp -a of it", each / one, 1.0, "x", note),
        Figure(f"  the same / one cp -a of {count}", each / many, math.inf, "x", batch),
    ]


def _cp(source: str, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)


def _touch_all(engine: Engine, count: int) -> None:
    for number in range(count):
        engine.open(b"/f%05d" % number, os.O_WRONLY).close()


def lookup(base: Path) -> Figure:
    """stat of paths four deep in a stack of twelve layers."""
    layers = [base / "twelve" / f"layer{number}" for number in range(12)]
    for number, layer in enumerate(layers):
        for name in range(20):
            directory = layer / "usr" / "lib" / f"package{name}"
            directory.mkdir(parents=True)
            (directory / f"file{number}").write_text("x")
    paths = [
        b"/usr/lib/package%d/file%d" % (name, number) for name in range(20) for number in range(12)
    ]
    with _over(layers, base / "looks") as engine:
        first = _timed(lambda: [engine.exists(path) for path in paths]) / len(paths) * 1e6
        rounds = [_worked(lambda: [engine.stat(path) for path in paths]) for _ in range(20)]
    each = min(rounds) / len(paths) * 1e6
    return Figure("lookup and stat in 12 layers", each, 15, "us", f"the first time {first:.1f} us")


def small_files(base: Path, count: int) -> Figure:
    """Creates of small files through the engine, beside the same on the bare file system."""
    bare, place = base / "bare", base / "creates"
    bare.mkdir()
    lower = base / "nothing"
    lower.mkdir()
    plain = _timed(lambda: _create_bare(bare, count))
    with _over([lower], place) as engine:
        ledger = Ledger(engine)
        mine = _timed(lambda: _create_all(engine, count))
        assert ledger.size == 10 * count
    shutil.rmtree(bare)
    shutil.rmtree(place)
    note = f"{mine / count * 1e6:.1f} us each, bare {plain / count * 1e6:.1f} us"
    return Figure(f"{count} creates / bare file system", mine / plain, 3.0, "x", note)


def _create_bare(directory: Path, count: int) -> None:
    root = os.fsencode(directory)
    for number in range(count):
        if number % 1000 == 0:
            os.mkdir(root + b"/d%03d" % (number // 1000))
        path = root + b"/d%03d/f%05d" % (number // 1000, number)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(fd, b"0123456789")
        os.close(fd)


def _create_all(engine: Engine, count: int) -> None:
    for number in range(count):
        if number % 1000 == 0:
            engine.mkdir(b"/d%03d" % (number // 1000))
        path = b"/d%03d/f%05d" % (number // 1000, number)
        handle = engine.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        handle.write(b"0123456789")
        handle.close()


def ledger(base: Path) -> Figure:
    """What listening adds to creating, writing and removing a file."""
    lower = base / "empty"
    lower.mkdir()
    with _over([lower], base / "ledger") as engine:
        without: list[float] = []
        listening: list[float] = []
        for _ in range(15):
            without.append(_worked(lambda: _come_and_go(engine, 400)))
            kept = Ledger(engine)
            listening.append(_worked(lambda: _come_and_go(engine, 400)))
            kept.close()
    added = min(listening) / min(without) - 1
    note = f"{(min(listening) - min(without)) / 1200 * 1e6:.2f} us an operation"
    return Figure("ledger / operation", max(0.0, added * 100), 5.0, "%", note)


def _come_and_go(engine: Engine, count: int) -> None:
    for number in range(count):
        path = b"/f%05d" % number
        with engine.open(path, os.O_WRONLY | os.O_CREAT, 0o644) as handle:
            handle.write(b"0123456789")
        engine.unlink(path)


def create(base: Path, entries: int) -> list[Figure]:
    """Opening a fresh container over an image of ten entries and of very many."""
    figures = []
    for count in (10, entries):
        lower = wide_lower(base / f"wide-{count}", count)
        rounds = []
        for turn in range(20):
            place = base / f"new-{count}-{turn}"
            rounds.append(_timed(partial(_create_one, lower, place)))
        each = statistics.median(rounds) * 1e3
        figures.append(Figure(f"create over {count} entries, nothing unpacked", each, 10, "ms"))
    return figures


def _create_one(lower: Lower, place: Path) -> None:
    with container(lower, writable(place)) as engine:
        engine.open(b"/hello", os.O_WRONLY | os.O_CREAT).close()


if __name__ == "__main__":
    raise SystemExit(main())
