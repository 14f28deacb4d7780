"""Other engines' containers under watch, where the engines themselves aren't needed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Source
from layerscope.sources.docker_daemon.client import DockerClient
from layerscope.store.store import Store
from layerscope.usecases import live_engines, live_told
from layerscope.usecases.containers import Wanted, create
from layerscope.usecases.live_containers import LiveContainers
from layerscope.usecases.live_lines import (
    Failed,
    Fed,
    Measured,
    Rows,
    Then,
    Timeline,
)
from layerscope.usecases.watch import Update, watch
from tests.support.command import Cli
from tests.support.fake_containers import Told, answers_of
from tests.support.fake_docker import Answer, document, fake_docker
from tests.support.fake_engines import no_engines, use_storage
from tests.support.fake_storage import write_list, write_storage
from tests.support.images import image
from tests.support.live_told import Watcher
from tests.support.stores import load_new

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engines(tmp_path, monkeypatch)
    monkeypatch.setattr(live_engines, "_PERIOD", 0.02)
    monkeypatch.setattr(live_engines, "_LAZY", 0)
    monkeypatch.setattr(live_engines, "_AGAIN", 0.02)
    for name in ("_OPENED", "_RUNNING"):
        monkeypatch.setattr(live_told, name, 0.7)


@pytest.fixture
def here(tmp_path: Path) -> Told:
    """One that can be read in place."""
    one = Told("here", tmp_path / "layers")
    one.make()
    return one


ELSEWHERE = Told("elsewhere", changes=[{"Path": "/", "Kind": 0}, {"Path": "/a", "Kind": 1}])


@pytest.fixture
def docker(
    here: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[dict[str, Answer], list[str]]]:
    """Its answers, and what it was asked."""
    answers = answers_of(here, ELSEWHERE)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with fake_docker(tmp_path / "docker.sock", answers) as asked:
        yield answers, asked


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a container."""
    store = Store.open(tmp_path / "store")
    load_new(store, image("img:1"))
    create(store, "img:1", Wanted(name="own"))
    return store


@pytest.fixture
def watcher(store: Store) -> Iterator[Watcher]:
    live = LiveContainers(store, others=True)
    yield Watcher(live)
    live.close()


Docker = tuple[dict[str, Answer], list[str]]


def size_of(watcher: Watcher, one: Told) -> int:
    return watcher.figures[one.id].size if one.id in watcher.figures else -1


def test_they_stand_beside_the_store_s(watcher: Watcher, docker: Docker, here: Told) -> None:
    watcher.until(lambda: len(watcher.rows) == 3 and len(watcher.figures) == 3)
    assert {row.name: row.origin for row in watcher.rows.values()} == {
        "own": "layerscope",
        "here": "docker",
        "elsewhere": "docker",
    }
    assert watcher.rows["here"].blocked == ""
    assert watcher.rows["here"].image_size == 100
    assert watcher.rows["here"].command == "sh -c x"


def test_one_is_read_where_it_lies(watcher: Watcher, docker: Docker, here: Told) -> None:
    (here.upper / "first").write_bytes(bytes(40))
    watcher.until(lambda: size_of(watcher, here) == 40)
    watcher.live.open(here.id)
    (here.upper / "d").mkdir()
    (here.upper / "d" / "f").write_bytes(b"1" * 150)
    watcher.until(lambda: size_of(watcher, here) == 190)
    assert watcher.figures[here.id].why.copied_changed == 150
    watcher.until(lambda: watcher.figures[here.id].settled)
    watcher.until(lambda: any(isinstance(one, Timeline) and one.moments for one in watcher.events))
    marks = {row.path: row.mark.value for one in watcher.of(Rows) for row in one.rows}
    assert marks[b"d/f"] == "C"
    assert any(b"d/f" in {h.path for h in one.happenings} for one in watcher.of(Fed))
    then = watcher.live.at(here.id, time.time())
    assert isinstance(then, Then)
    assert then.rows == ((b"first", 40),)


def test_of_others_their_daemon_tells(watcher: Watcher, docker: Docker) -> None:
    answers, _ = docker
    watcher.until(lambda: size_of(watcher, ELSEWHERE) == 7)
    figures = watcher.figures[ELSEWHERE.id]
    assert (figures.source, figures.settled) == (Source.DAEMON, False)
    assert "driver vfs" in figures.note
    watcher.until(lambda: watcher.rows["elsewhere"].image_size == 70)
    assert watcher.of(Rows) == []
    watcher.live.open(ELSEWHERE.id)
    watcher.until(lambda: bool(watcher.of(Rows)))
    (rows,) = watcher.of(Rows)
    assert [(row.path, row.mark.value, row.kind) for row in rows.rows] == [(b"a", "A", "?")]
    answers |= Told("elsewhere", size=1007).answers()
    watcher.until(lambda: size_of(watcher, ELSEWHERE) == 1007)
    watcher.until(lambda: any(one.figures.rates.bytes > 0 for one in watcher.of(Measured)))


def test_states_change_by_themselves(watcher: Watcher, docker: Docker, here: Told) -> None:
    answers, _ = docker
    watcher.until(lambda: "here" in watcher.rows)
    ended = Told("here", here.folder, "exited", "Exited (3) 1 second ago")
    answers["/containers/json?all=1"] = document([ended.row()])
    watcher.until(lambda: watcher.rows["here"].state == "exited")
    assert "elsewhere" not in watcher.rows
    new = Told("new")
    answers |= new.answers()
    answers["/containers/json?all=1"] = document([new.row()])
    watcher.until(lambda: set(watcher.rows) == {"own", "new"})


def test_what_is_known_is_not_asked_again(watcher: Watcher, docker: Docker, here: Told) -> None:
    _, asked = docker
    watcher.until(lambda: asked.count("/containers/json?all=1") > 5)
    assert asked.count(f"/containers/{here.id}/json") == 1
    assert asked.count("/info") == 1
    assert asked.count("/images/json") == 1


def test_a_daemon_that_is_gone_takes_its_containers_along(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with fake_docker(tmp_path / "docker.sock", answers_of(ELSEWHERE)):
        live = LiveContainers(store, others=True)
        watcher = Watcher(live)
        watcher.until(lambda: "elsewhere" in watcher.rows)
    (tmp_path / "docker.sock").unlink()
    watcher.until(lambda: set(watcher.rows) == {"own"})
    assert [one.why for one in watcher.of(Failed)] == ["no daemon answers"]
    with fake_docker(tmp_path / "docker.sock", answers_of(ELSEWHERE)):
        watcher.until(lambda: "elsewhere" in watcher.rows)
    live.close()


def test_one_that_says_nothing_keeps_them(
    watcher: Watcher, docker: Docker, here: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, _ = docker
    go_on = threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        go_on.wait(PATIENCE)
        handler.close_connection = True

    monkeypatch.setattr(live_engines, "_PATIENCE", 0.05)
    watcher.until(lambda: "here" in watcher.rows)
    answers["/containers/json?all=1"] = silent
    watcher.until(lambda: bool(watcher.of(Failed)))
    (here.upper / "new").write_bytes(bytes(30))
    watcher.until(lambda: size_of(watcher, here) == 30)
    assert "here" in watcher.rows
    go_on.set()


def test_they_are_let_go_of_and_taken_back(watcher: Watcher, docker: Docker) -> None:
    watcher.until(lambda: len(watcher.rows) == 3)
    watcher.live.watch_others(False)
    watcher.until(lambda: len(watcher.rows) == 1)
    watcher.live.watch_others(True)
    watcher.until(lambda: len(watcher.rows) == 3)


def test_podman_s_are_read_in_its_storage(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, made = tmp_path / "podman", image("web:1")
    write_storage(root, made)
    layers = json.loads((root / "overlay-layers" / "layers.json").read_text())
    write_list(root, "layers", [*layers, {"id": "d" * 64, "parent": layers[-1]["id"]}])
    record = {"id": "c" * 64, "names": ["pod"], "image": made.config.sha256, "layer": "d" * 64}
    record |= {"created": "2024-01-02T03:04:05Z", "metadata": '{"image-name": "web:1"}'}
    write_list(root, "containers", [record])
    upper = root / "overlay" / ("d" * 64) / "diff"
    upper.mkdir(parents=True)
    use_storage(root, tmp_path, monkeypatch)
    live = LiveContainers(store, others=True)
    watcher = Watcher(live)
    watcher.until(lambda: "c" * 64 in watcher.figures)
    assert (watcher.rows["pod"].origin, watcher.rows["pod"].state) == ("podman", "created")
    watcher.until(lambda: watcher.rows["pod"].image_size is not None)
    (upper / "new").write_bytes(b"12345")
    watcher.until(lambda: watcher.figures["c" * 64].size == 5)
    write_list(root, "containers", [])
    watcher.until(lambda: "pod" not in watcher.rows)
    live.close()


def test_watch_takes_them_too(store: Store, docker: Docker, here: Told) -> None:
    (here.upper / "new").write_bytes(bytes(30))
    found = list(watch(store, once=True, others=True))
    sizes = {
        one.container.name: (one.figures.size, one.size_root_fs)
        for one in found
        if isinstance(one, Update)
    }
    assert {name: sizes[name] for name in ("here", "elsewhere")} == {
        "here": (30, 130),
        "elsewhere": (7, 77),
    }
    assert [one.container.name for one in watch(store, once=True) if isinstance(one, Update)] == [
        "own"
    ]


def test_watch_on_the_command_line(
    store: Store, docker: Docker, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = Cli(store.root, capsys)
    outcome = cli("watch", "--all-sources", "--once", "here", ELSEWHERE.id[:10])
    lines = sorted(map(json.loads, outcome.out.splitlines()), key=lambda one: one["container"])
    assert [(one["container"], one["source"], one["sizes_from"]) for one in lines] == [
        ("elsewhere", "docker", "told by the daemon"),
        ("here", "docker", "file events and walks"),
    ]
    assert "there is none" in cli("watch", "--once", "here").err


def test_the_client_can_only_get() -> None:
    """Nothing that changes a thing can be asked of a daemon: there is no method for it."""
    public = {name for name in vars(DockerClient) if not name.startswith("_")}
    assert public == {"close", "document", "documents", "stream"}


def test_one_that_ends_while_it_is_looked_at_costs_nothing_more(
    watcher: Watcher, docker: Docker, here: Told
) -> None:
    answers, _ = docker
    watcher.until(lambda: here.id in watcher.figures)
    watcher.live.open(here.id)
    ended = Told("here", here.folder, "exited", "Exited (3) 1 second ago")
    answers["/containers/json?all=1"] = document([ended.row()])
    watcher.until(lambda: watcher.rows["here"].state == "exited")
    watcher.until(lambda: watcher.figures[here.id].settled and watcher.live.period > 0)
