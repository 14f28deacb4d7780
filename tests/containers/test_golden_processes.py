"""What a real daemon reported of scripts of writes, done again by real processes in containers."""

from __future__ import annotations

import json
import os
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.containers.mounts import parse_volume
from layerscope.containers.record import Container
from layerscope.containers.running import Attached
from layerscope.containers.runtime import namespaces
from layerscope.containers.runtime.spec import Process
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import open_engine
from layerscope.cow.ops import Language, run_ops
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, diff, remove, size_of
from layerscope.usecases.run import execute, run_detached
from tests.support.processes import need_processes
from tests.support.stores import load
from tests.support.watching import Watcher

OPS, SHELL = Path("tests/golden/ops"), Path("tests/golden/shell")
CASES = sorted((OPS / "cases").glob("*.json"))
SCRIPTS = json.loads((SHELL / "cases.json").read_text())["cases"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with the recordings' images."""
    need_processes()
    store = Store.open(tmp_path_factory.mktemp("golden") / "store")
    for base in ("one", "three"):
        load(store, OPS / "bases" / f"{base}.docker.tar", f"{base}:1")
    load(store, SHELL / "image.tar", "shell:1")
    yield store
    store.close()


@pytest.fixture(scope="module")
def watcher(store: Store) -> Iterator[Watcher]:
    """The live ledger of all their containers."""
    watcher = Watcher(store.root)
    yield watcher
    watcher.close()


def check(store: Store, watcher: Watcher, container: Container, expected: dict[str, Any]) -> None:
    """The figures, those of the ledger that watched, and the change list."""
    assert watcher.settles_at(container.id, expected["size_rw"]), watcher.figures.get(container.id)
    assert size_of(store, container) == expected["size_rw"]
    changes = diff(store, container.id).changes
    found = [[change.kind.value, os.fsdecode(change.path)] for change in changes]
    assert found == sorted(expected["diff"], key=lambda change: os.fsencode(change[1]))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script["name"])
def test_scripts(script: dict[str, Any], store: Store, watcher: Watcher) -> None:
    mounts = (parse_volume("/bin/busybox:/busybox:ro"),)
    wanted = Wanted(command=("/busybox", "sleep", "1000"), mounts=mounts)
    container = run_detached(store, "shell:1", wanted)
    try:
        assert watcher.settles_at(container.id, 0)
        process = Process(("/busybox", "sh", "-c", script["shell"]))
        execute(store, container.id, process, Attached())
        check(store, watcher, container, script)
    finally:
        remove(store, container.id, force=True, with_volumes=True)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_calls(path: Path, store: Store, watcher: Watcher, tmp_path: Path) -> None:
    case = json.loads(path.read_text())
    mounts = tuple(parse_volume(mounted(mount, tmp_path)) for mount in case["mounts"])
    wanted = Wanted(command=("/pause",), mounts=mounts)
    container = run_detached(store, f"{case['base']}:1", wanted)
    assert container.life is not None
    try:
        assert watcher.settles_at(container.id, 0)
        results = in_container(container.life.pid, case["ops"])
        assert results == case["expected"]["results"]
        check(store, watcher, container, case["expected"])
    finally:
        remove(store, container.id, force=True, with_volumes=True)


def mounted(recorded: dict[str, str], folder: Path) -> str:
    if recorded["type"] == "volume":
        return recorded["target"]
    (folder / "host").mkdir()
    return f"{folder / 'host'}:{recorded['target']}"


def in_container(pid: int, ops: list[Any]) -> list[str]:
    """Do operations with a process's own system calls, in the container of that pid."""
    reader, writer = os.pipe()
    held = namespaces.hold(pid)
    child = os.fork()
    if child == 0:
        try:
            namespaces.enter(held)
            inside = os.fork()  # its /proc is that of the container
            if inside:
                os.waitpid(inside, 0)
                os._exit(0)
            said = json.dumps(_done(ops))
        except BaseException:
            said = json.dumps([traceback.format_exc()])
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    for fd in held.values():
        os.close(fd)
    with os.fdopen(reader) as told:
        text = told.read()
    os.waitpid(child, 0)
    return list(json.loads(text))


def _done(ops: list[Any]) -> list[str]:
    # The mount keeps its own xattrs apart; this engine must not do so once more.
    form = Form(Namespace.USER, Whiteouts.DEVICE, Owners.REAL)
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as scratch,
        open_engine(EmptyLower(), Path("/"), Path(scratch), form) as engine,
    ):
        return [result.result for result in run_ops(engine, ops, Language.CALLS)]
