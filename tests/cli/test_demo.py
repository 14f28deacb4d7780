"""``demo``: five containers that are written in, and nothing left of them afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerscope.containers.shelf import all_containers
from layerscope.errors import LayerscopeError
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, create, diff, list_containers, rename
from layerscope.usecases.demo import WRITERS, captions, make
from tests.support.pty import Terminal
from tests.support.stores import load_new

NAMES = sorted(writer.name for writer in WRITERS)
WORDS = [sys.executable, "-m", "layerscope", "demo"]


@contextmanager
def _demo(temporary: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The writers alone; the process, and where their store is."""
    process = subprocess.Popen(
        [*WORDS, "--no-explorer", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    try:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()


def _eventually(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_whatever_ends_it_its_store_goes(tmp_path: Path, number: signal.Signals) -> None:
    with _demo(tmp_path) as (process, root):
        assert root.is_dir()
        process.send_signal(number)
        assert process.wait(10) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_each_effect_is_there_to_see(tmp_path: Path) -> None:
    root = tmp_path / "store"
    with _demo(tmp_path, "--root", str(root)) as (process, shown):
        assert shown == root
        store = Store.open(root)

        def changes(name: str) -> list[str]:
            found = diff(store, name).changes
            return [f"{one.kind.value} {os.fsdecode(one.path)}" for one in found]

        assert _eventually(lambda: "A /srv/pages/page-0002.html" in changes("new-files"))
        assert _eventually(lambda: "C /srv/shop/orders.db" in changes("one-byte"))
        assert _eventually(lambda: "A /var/log/server.log" in changes("growing-log"))
        assert _eventually(lambda: "D /usr/bin/git" in changes("deletes"))
        assert changes("in-a-volume") == ["C /srv", "A /srv/queue"]
        sizes = {row.container.name: row.size_rw for row in list_containers(store, every=False)}
        assert sorted(sizes) == NAMES
        assert sizes["one-byte"] >= 16 << 20
        assert sizes["in-a-volume"] == 0
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM
        states = {row.container.state.value for row in list_containers(store)}
        assert states == {"exited"}
        store.close()


def test_containers_of_others_stay(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    load_new(store)
    create(store, "example:1", Wanted(name="deletes"))
    with pytest.raises(LayerscopeError, match="this one is of example:1"):
        make(store)
    assert [one.name for one in all_containers(store)] == ["deletes"]
    rename(store, "deletes", "mine")
    make(store)
    make(store)  # its own are made anew
    assert sorted(one.name for one in all_containers(store)) == sorted([*NAMES, "mine"])


def test_the_guide_says_what_becomes_of_the_store() -> None:
    assert captions(stays=False)[-1].endswith("the demo's store goes with it.")
    assert captions(stays=True)[-1].endswith("the demo's store stays.")


def test_the_guide_can_be_switched_off(tmp_path: Path) -> None:
    for words, shown in ((), True), (("--no-captions",), False):
        with Terminal([*WORDS, *words], environment={"TMPDIR": str(tmp_path)}) as terminal:
            terminal.wait_for("growing-log")
            terminal.settle()
            assert ("Five containers of one image." in terminal.text) is shown
            terminal.press("q")
            assert terminal.wait() == 0
            assert b"handles pid" not in terminal.sent  # asyncio, of a process left unwaited for
    assert list(tmp_path.iterdir()) == []
