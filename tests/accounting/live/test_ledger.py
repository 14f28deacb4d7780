"""The live ledger says what walks and the change list say, however little it was told."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.accounting.changes import change_list
from layerscope.accounting.live.entries import Folder
from layerscope.accounting.live.figures import Mark, Row
from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.ledger import Ledger
from layerscope.accounting.live.looking import look_at, walk
from layerscope.accounting.live.sight import Sight
from layerscope.accounting.sizes import SizeModel, layer_usage
from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.form import detect_form
from layerscope.cow.lower import Lower
from tests.support.containers import container, writable
from tests.support.upper_writes import Writer, make_image


def ledger_of(directory: Path, lower: Lower, model: SizeModel = SizeModel.CLASSIC) -> Ledger:
    """A ledger of the container in ``directory``."""
    judge = Judge(lower, Sight(detect_form(directory)), model)
    return Ledger(str(directory / "upper"), judge)


def settle(ledger: Ledger) -> None:
    """Walk all of it."""
    for _ in walk(ledger):
        pass


def as_lower(layers: list[Path], directory: Path) -> Lower:
    form = detect_form(directory)
    return DirectoryLower(layers, form.namespace, form.owners)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[Ledger, Path]]:
    """A ledger of a container without an image."""
    ledger = ledger_of(writable(tmp_path / "c"), EmptyLower())
    yield ledger, tmp_path / "c" / "upper"
    ledger.close()


def check(ledger: Ledger, layers: list[Path], directory: Path) -> None:
    """Compare with a walk, with the change list, and with a ledger that starts now."""
    model = ledger.judge.model
    assert ledger.why().size == layer_usage(directory / "upper", model).size
    with container(layers, directory) as engine:
        found = change_list(engine)
    marks = {b"/" + row.path: row.mark for row in ledger.rows()}
    same = {path for path, mark in marks.items() if mark is Mark.UNCHANGED}
    listed = {change.path: Mark(change.kind.value) for change in found.changes}
    assert {path: mark for path, mark in marks.items() if path not in same} == listed
    folders = {b"/" + row.path for row in ledger.rows() if row.kind == "d"}
    assert same - folders == {one.path for one in found.unchanged}
    lower = as_lower(layers, directory)
    again = ledger_of(directory, lower, model)
    settle(again)
    assert again.rows() == ledger.rows()
    assert (again.why(), again.files) == (ledger.why(), ledger.files)
    assert sum(row.below for row in ledger.rows()) == ledger.why().hidden_below
    assert ledger.root.size + sum(row.size for row in ledger.rows()) == ledger.why().size
    again.close()
    lower.close()


# The writers take an ordinary user's own rights away from him, too, and a walk then fails.
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="directories of mode 0 shut others out")


@needs_root
@pytest.mark.parametrize(
    ("model", "seed"),
    [(SizeModel.CLASSIC, seed) for seed in range(25)]
    + [(SizeModel.CONTAINERD, seed) for seed in range(15)],
)
def test_random_writes_and_events_of_all_kinds(tmp_path: Path, model: SizeModel, seed: int) -> None:
    rng = random.Random(seed)
    layers = make_image(tmp_path, rng)
    directory = writable(tmp_path / "c")
    writer = Writer(rng, directory / "upper", layers[1], detect_form(directory))
    lower = as_lower(layers, directory)
    ledger = ledger_of(directory, lower, model)
    ledger.telling = True
    ledger.stale = set()
    shown: dict[bytes, Row] = {}
    told: list[str] = []
    for _ in range(12):
        for _ in range(rng.randrange(25)):
            told += writer.step()
        kept = [path for path in told if rng.random() < 0.6]
        rng.shuffle(kept)
        look_at(ledger, [*kept, *kept[:3], "nowhere/at/all", ""])
        told = told[-10:]
        settle(ledger)
        check(ledger, layers, directory)
        _follow(shown, ledger)
        assert sorted(shown.values(), key=lambda row: row.path) == ledger.rows()
    ledger.close()
    lower.close()


def _follow(shown: dict[bytes, Row], ledger: Ledger) -> None:
    """What a screen does with the differences."""
    assert ledger.stale is not None
    for path in ledger.stale:
        row = ledger.row(path)
        if row is None:
            shown.pop(path, None)
        else:
            shown[path] = row
    ledger.stale.clear()


@needs_root
def test_walks_that_are_mixed_with_looks_and_writes(tmp_path: Path) -> None:
    rng = random.Random(1)
    layers = make_image(tmp_path, rng)
    directory = writable(tmp_path / "c")
    writer = Writer(rng, directory / "upper", layers[1], detect_form(directory))
    lower = as_lower(layers, directory)
    ledger = ledger_of(directory, lower)
    for _ in range(30):
        walking = walk(ledger)
        for _ in range(rng.randrange(30)):
            told = writer.step()
            look_at(ledger, told)
            next(walking, None)
        walking.close()
    settle(ledger)
    check(ledger, layers, directory)
    ledger.close()
    lower.close()


def test_a_filled_directory_moved_in(fresh: tuple[Ledger, Path], tmp_path: Path) -> None:
    ledger, upper = fresh
    (tmp_path / "made" / "x" / "y").mkdir(parents=True)
    (tmp_path / "made" / "x" / "y" / "f").write_bytes(bytes(77))
    (tmp_path / "made").rename(upper / "made")
    new = look_at(ledger, ["made"])
    assert [folder.path for folder in new] == [b"made"]
    assert (ledger.why().new, ledger.files) == (77, 1)
    (upper / "made").rename(upper / "other")
    look_at(ledger, ["other", "made"])
    assert [row.path for row in ledger.rows()] == [
        b"other",
        b"other/x",
        b"other/x/y",
        b"other/x/y/f",
    ]


def test_a_directory_moved_while_a_walk_is_in_it(
    fresh: tuple[Ledger, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the walk still finds there is counted where it is now, and nowhere else."""
    ledger, upper = fresh
    monkeypatch.setattr("layerscope.accounting.live.looking._SLICE", 0.0)
    (upper / "r" / "a" / "b" / "c").mkdir(parents=True)
    for name in ("one", "two"):
        (upper / "r" / "a" / "b" / "c" / name).write_bytes(b"x" * 980)
    settle(ledger)
    halfway = walk(ledger)
    next(halfway), next(halfway)
    (upper / "r" / "a").rename(upper / "r" / "z")
    look_at(ledger, ["r/a", "r/z"])
    (upper / "r" / "z" / "b" / "c" / "one").unlink()
    look_at(ledger, ["r/z/b/c/one"])
    for _ in halfway:
        pass
    settle(ledger)
    assert ledger.why().size == 980 == layer_usage(upper).size


def test_hard_links_weigh_once(fresh: tuple[Ledger, Path]) -> None:
    ledger, upper = fresh
    (upper / "a").write_bytes(bytes(10))
    settle(ledger)
    for number in range(50):
        os.link(upper / "a", upper / f"b{number}")
    (upper / "a").write_bytes(bytes(30))
    settle(ledger)
    assert (ledger.why().size, ledger.files) == (30, 1)
    (upper / "b1").write_bytes(bytes(40))
    look_at(ledger, ["b1"])
    assert ledger.why().size == 40
    (upper / "a").unlink()
    look_at(ledger, ["a"])
    assert ledger.why().size == 40


def test_a_write_within_one_tick_of_the_clock_is_seen(fresh: tuple[Ledger, Path]) -> None:
    ledger, upper = fresh
    for number in range(200):
        (upper / "f").write_bytes(b"12")
        settle(ledger)
        (upper / "f").chmod(0o600 if number % 2 else 0o644)
        os.setxattr(upper / "f", "user.x", b"%d" % number)
    assert ledger.why().size == 2


def test_very_deep(fresh: tuple[Ledger, Path]) -> None:
    ledger, upper = fresh
    fd = os.open(upper, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    settle(ledger)
    assert ledger.files == 1
    folder: Folder = ledger.root
    while "d" in folder.children:
        below_it = folder.children["d"]
        assert isinstance(below_it, Folder)
        folder = below_it
    os.unlink("f", dir_fd=fd)
    os.close(fd)
    settle(ledger)
    assert ledger.files == 0
    # Python's own removal of trees gives up on so many levels.
    subprocess.run(["rm", "-rf", str(upper / "d")], check=True)


def test_a_directory_that_becomes_a_symlink_is_not_followed(
    fresh: tuple[Ledger, Path], tmp_path: Path
) -> None:
    ledger, upper = fresh
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "f").write_bytes(bytes(99))
    (upper / "d" / "e").mkdir(parents=True)
    settle(ledger)
    (upper / "d" / "e").rmdir()
    (upper / "d").rmdir()
    (upper / "d").symlink_to(tmp_path / "secret")
    look_at(ledger, ["d/f", "d/e/x"])
    settle(ledger)
    assert [row.path for row in ledger.rows()] == [b"d"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read(fresh: tuple[Ledger, Path]) -> None:
    ledger, upper = fresh
    (upper / "d").mkdir()
    (upper / "d" / "f").write_bytes(bytes(5))
    (upper / "d").chmod(0)
    settle(ledger)
    assert (ledger.unread, ledger.why().size) == (1, 0)
    (upper / "d").chmod(0o755)
    settle(ledger)
    assert (ledger.unread, ledger.why().size) == (0, 5)


def test_sockets_and_devices(fresh: tuple[Ledger, Path]) -> None:
    ledger, upper = fresh
    os.mknod(upper / "s", stat.S_IFSOCK | 0o600)
    os.mkfifo(upper / "p")
    (upper / "l").symlink_to("target")
    settle(ledger)
    assert [(row.kind, row.size) for row in ledger.rows()] == [("l", 6), ("p", 0), ("s", 0)]


@pytest.mark.parametrize("count", [10_000])
def test_how_long_a_walk_takes(fresh: tuple[Ledger, Path], count: int) -> None:
    ledger, upper = fresh
    for folder in range(count // 100):
        (upper / f"d{folder}").mkdir()
        for number in range(100):
            (upper / f"d{folder}" / f"f{number}").touch()
    time.sleep(0.03)
    settle(ledger)
    began = time.perf_counter()
    settle(ledger)
    assert time.perf_counter() - began < 0.5  # ten times what it takes
