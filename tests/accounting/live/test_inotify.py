"""The kernel's own file events: where to look, whatever happens to directories."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerscope.accounting.live import inotify
from layerscope.accounting.live.inotify import Inotify

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's own")
PATIENCE = 20.0


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    return tmp_path / "top"


@pytest.fixture
def watch(top: Path) -> Iterator[Inotify]:
    made = Inotify(str(top))
    take(made)
    yield made
    made.close()


def take(watch: Inotify) -> set[str]:
    """What is known to have changed, once all directories are under watch."""
    found = watch.take()
    while watch.busy:
        found |= watch.take()
    return found - {""}


def until(watch: Inotify, wanted: Callable[[set[str]], bool]) -> set[str]:
    """What is taken until that is enough."""
    end, found = time.monotonic() + PATIENCE, set[str]()
    while not wanted(found):
        assert time.monotonic() < end, found
        found |= watch.take()
    return found


def test_each_kind_of_change(watch: Inotify, top: Path) -> None:
    assert take(watch) == set()
    (top / "new").write_bytes(b"x")
    assert take(watch) == {"new"}
    (top / "new").chmod(0o600)
    assert take(watch) == {"new"}
    (top / "new").rename(top / "a" / "b" / "old")
    assert take(watch) == {"new", "a/b/old"}
    (top / "a" / "b" / "old").unlink()
    assert take(watch) == {"a/b/old"}
    (top / "a" / "b").rmdir()
    assert take(watch) == {"a/b"}


def test_it_can_be_waited_for(watch: Inotify, top: Path) -> None:
    poll = select.poll()
    poll.register(watch.fileno(), select.POLLIN)
    assert poll.poll(0) == []
    (top / "a" / "b" / "new").touch()
    assert poll.poll(PATIENCE * 1000)
    take(watch)
    assert poll.poll(0) == []


def test_names_of_any_bytes(watch: Inotify, top: Path) -> None:
    name = b"\xff\xfe\n"
    (Path(os.fsdecode(os.fsencode(top) + b"/" + name))).touch()
    assert take(watch) == {os.fsdecode(name)}


def test_directories_made_and_filled_at_once(watch: Inotify, top: Path) -> None:
    (top / "x" / "y" / "z").mkdir(parents=True)
    assert "x" in take(watch)
    (top / "x" / "y" / "z" / "f").touch()
    assert take(watch) == {"x/y/z/f"}


def test_a_directory_that_moves_within(watch: Inotify, top: Path) -> None:
    for place in ("m", "n", "o"):
        (top / "a").rename(top / place)
        (top / place).rename(top / "a")
    (top / "a").rename(top / "end")
    take(watch)
    (top / "end" / "b" / "f").touch()
    assert take(watch) == {"end/b/f"}


def test_a_directory_that_moves_in_and_out(watch: Inotify, top: Path) -> None:
    (top / "a").rename(top.parent / "outside")
    take(watch)
    (top.parent / "outside" / "b" / "f").touch()
    assert take(watch) == set()
    (top.parent / "outside").rename(top / "back")
    assert take(watch) == {"back"}
    (top / "back" / "b" / "f").unlink()
    assert take(watch) == {"back/b/f"}


def test_symlinks_are_not_followed(watch: Inotify, top: Path) -> None:
    outside = top.parent / "outside"
    outside.mkdir()
    (top / "link").symlink_to(outside)
    assert take(watch) == {"link"}
    (outside / "f").touch()
    assert take(watch) == set()


def test_many_directories_are_taken_under_watch_bit_by_bit(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (top / f"d{number}").mkdir()
    monkeypatch.setattr(inotify, "_SLICE", 0.0)
    watch = Inotify(str(top))
    assert watch.busy
    # Once all are, there may have been a change that nobody saw.
    assert until(watch, lambda found: "" in found) == {""}
    assert not watch.busy
    (top / "d49" / "f").touch()
    assert take(watch) == {"d49/f"}
    watch.close()


def test_lost_events_are_told_and_all_is_watched_again(
    watch: Inotify, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify, "_AGAIN", 0.0)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    one, other = top / "one", top / "other"
    for _ in range(limit // 2 + 1000):
        one.touch()
        other.touch()
    (top / "made").mkdir()
    assert "" in until(watch, lambda found: "" in found)
    until(watch, lambda found: not watch.busy)
    take(watch)
    (top / "made" / "f").touch()
    assert take(watch) == {"made/f"}


def test_there_must_be_something_to_watch(top: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Inotify(str(top / "missing"))
