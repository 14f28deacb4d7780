"""A process may die at any step: the store stays whole, at worst with rubbish that prune takes."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layerscope.store.database import Database
from layerscope.store.images import NoSuchImage
from layerscope.store.store import Store
from tests.support.images import BASE, docker_members, image, write_tar
from tests.support.layers import file, tar
from tests.support.stores import faults, files, load, load_new

# All that makes a change on disk visible or lasting.
STEPS = ("rename", "replace", "fsync", "unlink", "mkdir", "rmdir", "open")
DIED = 9
ROUNDS = 12


def _dies_before_step(number: int, work: Callable[[], object]) -> bool:
    """Run ``work`` in a child that is gone before its ``number``-th step; whether it came there."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == DIED
    left = number

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left <= 0:
                os._exit(DIED)
            return step(*args, **named)

        return call

    try:
        for step in STEPS:
            setattr(os, step, counted(getattr(os, step)))
        Database._end = counted(Database._end)  # type: ignore[method-assign]
        work()
    finally:
        os._exit(0)


def _load_second(root: Path, archives: Path) -> None:
    load(Store.open(root), archives / "second.tar")


def _tag(root: Path, archives: Path) -> None:
    Store.open(root).tag("first:1", "other:1")


def _retag(root: Path, archives: Path) -> None:
    Store.open(root).tag("first:1", "third:1")


def _remove(root: Path, archives: Path) -> None:
    with contextlib.suppress(NoSuchImage):
        Store.open(root).remove_image("first:1")


def _remove_and_collect(root: Path, archives: Path) -> None:
    _remove(root, archives)
    Store.open(root).collect()


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder with a store of two images, and an archive of a third that shares layers."""
    store = Store.open(tmp_path / "prepared")
    load_new(store, image("first:1"))
    load_new(store, image("third:1", layers=[BASE], note="third"))
    store.close()
    second = image("second:1", layers=[BASE, tar([file("only-here", b"x" * 3000)])])
    write_tar(tmp_path / "second.tar", docker_members(second))
    return tmp_path


@pytest.mark.parametrize(
    "work", [_load_second, _tag, _retag, _remove, _remove_and_collect], ids=lambda f: f.__name__
)
def test_death_at_every_step(prepared: Path, work: Callable[[Path, Path], None]) -> None:
    root = prepared / "store"
    number, died = 0, True
    while died:
        number += 1
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(prepared / "prepared", root)
        died = _dies_before_step(number, lambda: work(root, prepared))
        store = Store.open(root)
        assert faults(store) == [], f"dead before step {number}"
        work(root, prepared)
        store.collect()
        assert faults(store) == [], f"repeated after death before step {number}"
        assert [path.name for path in (root / "tmp").iterdir()] == ["spool"]
        store.close()
    assert number > 5


def test_death_while_a_store_is_made(tmp_path: Path) -> None:
    number, died = 0, True
    while died:
        number += 1
        root = tmp_path / f"store-{number}"
        died = _dies_before_step(number, lambda root=root: Store.open(root))  # type: ignore[misc]
        store = Store.open(root)
        assert faults(store) == []
        load_new(store)
        store.close()
    assert number > 10


_LOAD = """
import pathlib, sys
from layerscope.sources.load import load_image
from layerscope.sources.target import open_target
from layerscope.store.images import NoSuchImage
from layerscope.store.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
print(flush=True)
load_image(open_target(sys.argv[2], store), store)
"""


def test_kill_in_the_middle_of_a_load(tmp_path: Path) -> None:
    random.seed(7)
    noise = [random.randbytes(4 << 20) for _ in range(3)]
    made = image("big:1", layers=[tar([file(f"{n}", data)]) for n, data in enumerate(noise)])
    archive = write_tar(tmp_path / "big.tar", docker_members(made))
    store = Store.open(tmp_path / "store")
    load_new(store, image("there:1"))
    before = files(store.root)
    for _ in range(ROUNDS):
        words = [sys.executable, "-c", _LOAD, str(store.root), str(archive)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as loading:
            assert loading.stdout is not None
            loading.stdout.readline()
            time.sleep(random.uniform(0, 0.4))
            loading.send_signal(signal.SIGKILL)
        assert faults(store) == []
        assert {"there:1"} <= {name for one in store.images() for name in one.names}
        if random.random() < 0.5 and len(store.images()) == 1:
            store.collect()
            assert files(store.root) == before
    load(store, archive)
    assert store.resolve("big:1").id.hex == made.config.sha256
    assert faults(store) == []
