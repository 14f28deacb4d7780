"""Several processes, one store."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from layerscope.store.database import Database
from layerscope.store.disk import StoreFailure
from layerscope.store.store import Store
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, tar
from tests.support.stores import faults, load_new

_LOAD = """
import pathlib, sys
from layerscope.sources.load import load_image
from layerscope.sources.target import open_target
from layerscope.store.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
sys.stdin.readline()
for target in sys.argv[2:]:
    load_image(open_target(target, store), store)
"""

_COLLECT = """
import pathlib, sys, time
from layerscope.store.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
sys.stdin.readline()
end = time.monotonic() + 1.5
while time.monotonic() < end:
    store.collect()
"""


def start(code: str, root: Path, *targets: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", code, str(root), *map(str, targets)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(*processes: subprocess.Popen[bytes]) -> None:
    """Let them go at once and wait for all; each must have succeeded in silence."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        assert process.stderr is not None
        assert process.stderr.read().decode() == ""
        process.stderr.close()
        assert process.wait(60) == 0


def archive(folder: Path, name: str, layers: int = 3) -> Path:
    made = image(f"{name}:1", layers=[tar([file(f"{n}", b"x" * 400_000)]) for n in range(layers)])
    return write_tar(folder / f"{name}.tar", docker_members(made))


def test_two_load_the_same_image_at_once(tmp_path: Path) -> None:
    target = archive(tmp_path, "same")
    root = tmp_path / "store"
    finish(*(start(_LOAD, root, target) for _ in range(2)))
    store = Store.open(root)
    assert [one.names for one in store.images()] == [("same:1",)]
    assert faults(store) == []
    assert store.find_garbage().size == 0


def test_loading_goes_on_while_another_collects(tmp_path: Path) -> None:
    targets = [archive(tmp_path, f"app-{n}", layers=n) for n in range(1, 5)]
    root = tmp_path / "store"
    Store.open(root).close()
    finish(start(_COLLECT, root), start(_LOAD, root, *targets), start(_LOAD, root, *targets[::-1]))
    store = Store.open(root)
    assert len(store.images()) == 4
    assert faults(store) == []


def test_names_are_given_and_taken_by_many_threads(store: Store) -> None:
    load_new(store, image("app:1"))

    def tag(number: int) -> None:
        for n in range(5):
            store.tag("app:1", f"app:{number}-{n}")
            store.remove_image(f"app:{number}-{n}")

    threads = [threading.Thread(target=tag, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.images()[0].names == ("app:1",)
    assert faults(store) == []


def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    load_new(store)
    other = Store.open(store.root)
    with store.database.write() as tx:
        tx.execute("DELETE FROM names")
        begun = time.monotonic()
        assert other.images()[0].names == ("example:1",)
        assert time.monotonic() - begun < 1
    assert other.images()[0].names == ()


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    load_new(store)
    with pytest.raises(KeyError):
        _fail_within(store)
    assert store.images()[0].names == ("example:1",)


def _fail_within(store: Store) -> None:
    with store.database.write() as tx:
        tx.execute("DELETE FROM names")
        with store.database.write() as inner:
            inner.execute("DELETE FROM images")
            raise KeyError


def test_a_writer_that_never_ends_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.store.database._PATIENCE", 0.1)
    impatient = Database(store.root / "layerscope.db")
    with (
        store.database.write(),
        pytest.raises(StoreFailure, match="locked"),
        impatient.write(),
    ):
        pass
