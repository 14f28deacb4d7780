"""Images and containers of a running dockerd: as Docker shows them, with and without its folder."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Source
from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.layer import LiveLayer
from layerscope.accounting.live.sight import Sight
from layerscope.containers.foreign.container import State
from layerscope.sources.docker_daemon import image as docker_image
from layerscope.sources.docker_daemon.client import NoDaemon
from layerscope.sources.image import Image, NotAnImage
from layerscope.sources.load import load_image
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.foreign import (
    ReadFrom,
    foreign_changes,
    foreign_containers,
    foreign_figures,
    foreign_images,
)
from tests.support import engines
from tests.support.peers import Docker
from tests.support.program import Layerscope
from tests.support.real_images import Forms

pytestmark = pytest.mark.interop


@pytest.fixture(autouse=True)
def only_this_docker(docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST names the tests' daemon; there is no other engine."""
    nothing = tmp_path / "storage.conf"
    nothing.write_text(f'[storage]\ngraphroot = "{tmp_path}/none"\n')
    monkeypatch.setenv("DOCKER_HOST", docker.socket)
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(nothing))


@pytest.fixture(scope="module")
def busybox(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of three layers with a shell."""
    context = tmp_path_factory.mktemp("busybox") / "context"
    engines.busybox_context(context)
    docker("build", "--network", "none", "-t", "example/busybox:1", str(context))
    return "example/busybox:1"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's folder can't be read, as for a user of the group docker."""
    monkeypatch.setattr(docker_image, "open_in_place", lambda *_: None)


Run = Callable[..., str]


@pytest.fixture
def run(docker: Docker, busybox: str) -> Iterator[Run]:
    """Starts a container that runs a script; it is removed after the test."""
    with engines.started(docker, busybox) as start:
        yield start


def diff_words(docker: Docker, name: str) -> list[str]:
    return sorted(docker("diff", name).splitlines())


# -- images ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["layers", "history", "tree", "inspect", "analyze"])
def test_a_target_is_what_save_and_load_give(
    layerscope: Layerscope, forms: Forms, verb: str
) -> None:
    daemon = layerscope.json(verb, f"docker-daemon:{forms.name}")
    saved = layerscope.json(verb, str(forms.saved))
    assert daemon == saved


def test_every_tar_made_in_place_has_its_diff_id(built: str, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    found = open_target(f"docker-daemon:{built}", store)
    assert found.whole is None  # it is read in place
    loaded = load_image(found, store, ["copy:1"])
    assert loaded.image.id == found.id
    assert tars(open_target("copy:1", store)) == tars(found)


def test_elsewhere_the_documents_come_at_once(
    docker: Docker, busybox: str, tmp_path: Path, elsewhere: None
) -> None:
    store = Store.open(tmp_path / "store")
    found = open_target(f"docker-daemon:{busybox}", store)
    assert str(found.id) == docker("inspect", "--format", "{{.Id}}", busybox).strip()
    assert not list((tmp_path / "store" / "tmp" / "spool").iterdir())
    assert found.whole is not None
    exact = found.whole()
    assert [step.layer for step in found.config.steps] == [s.layer for s in exact.config.steps]
    assert found.config.config == exact.config.config
    assert found.id == exact.id
    assert tars(found) == tars(exact)
    assert load_image(found, store).image.id == found.id


def tars(image: Image) -> list[bytes]:
    found = []
    for layer in image.layers:
        with layer.open() as raw:
            found.append(raw.read())
    return found


def test_the_list_is_docker_images(docker: Docker, busybox: str) -> None:
    docker("tag", busybox, "example/other:2")
    columns = "{{.Repository}}:{{.Tag}} {{.ID}}"
    listed = docker("images", "--no-trunc", "--format", columns).splitlines()
    there = {line for line in listed if "<none>" not in line}
    found = foreign_images()
    assert {f"{name} {one.id}" for one in found for name in one.names} == there
    sizes = {one.id: one.size for one in found}
    for identity, size in sizes.items():
        assert int(docker("inspect", "--format", "{{.Size}}", identity)) == size


def test_an_image_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotAnImage, match="docker has no such image"):
        open_target("docker-daemon:example/nothing:9", Store.open(tmp_path / "store"))


# -- containers --------------------------------------------------------------------------------


def test_sizes_and_changes_are_docker_s_own(docker: Docker, run: Run) -> None:
    run("writes", engines.WRITES + "; sleep 1000", "-v", "somewhere:/volume")
    assert engines.until(lambda: "A /sparse" in diff_words(docker, "writes"))
    container = engines.find("writes")
    figures = foreign_figures(container)
    assert figures.read_from is ReadFrom.PLACE
    assert (figures.size_rw, figures.size_root_fs) == engines.docker_sizes(docker, "writes")
    assert engines.changed(container) == diff_words(docker, "writes")
    assert container.state is State.RUNNING
    assert container.image == "example/busybox:1"
    assert [mount.volume for mount in container.mounts] == ["somewhere"]
    listed = docker("ps", "-as", "--filter", "name=writes", "--format", "{{.Size}}")
    assert listed.strip().startswith(f"{figures.size_rw / 1000:.0f}kB (virtual ")


def test_mount_points_that_docker_makes_are_no_change(docker: Docker, run: Run) -> None:
    run("still", "sleep 1000")
    container = engines.find("still")
    assert engines.changed(container) == diff_words(docker, "still") == []
    assert foreign_figures(container).size_rw == 0
    with container.look() as files:
        assert files.exists(b"/etc/hosts")
        assert files.read(b"/data/same") == b"same\n" * 100


def test_it_is_true_while_the_container_writes(docker: Docker, run: Run) -> None:
    script = "while :; do i=$((i+1)); echo $i >> /log; echo x > /tmp-$i; rm -f /tmp-*; done"
    run("busy", script)
    container = engines.find("busy")
    assert engines.until(lambda: foreign_figures(container).size_rw > 0)
    before = foreign_figures(container).size_rw
    for _ in range(20):
        lines = engines.changed(container)
        assert "A /log" in lines
        assert all(re.fullmatch(r"A /(log|tmp-\d+)", line) for line in lines)
    assert foreign_figures(container).size_rw > before
    docker("pause", "busy")
    try:
        assert foreign_figures(container).size_rw == engines.docker_sizes(docker, "busy")[0]
        assert engines.changed(container) == diff_words(docker, "busy")
        assert engines.find("busy").state is State.PAUSED
    finally:
        docker("unpause", "busy")


def test_the_live_ledger_watches_it(docker: Docker, run: Run) -> None:
    step = "echo $i > /f-$i; rm -f /f-$((i-50)); echo $i >> /data/grown"
    run("live", f"while :; do i=$((i+1)); {step}; done")
    container = engines.find("live")
    assert container.layers is not None
    with closing(container.open_lower()) as lower:
        judge = Judge(lower, Sight(container.layers.form))
        with closing(LiveLayer(str(container.upper), judge)) as live:
            assert engines.until(lambda: live.turn() and live.figures().size > 10_000)
            docker("pause", "live")
            try:
                own, _ = engines.docker_sizes(docker, "live")
                assert engines.until(lambda: not live.turn() and live.figures().settled)
                assert live.figures().size == own
                marks = {f"{row.mark.value} /{row.path.decode()}" for row in live.ledger.rows()}
                assert marks >= set(diff_words(docker, "live"))
                assert live.figures().source is Source.EVENTS
            finally:
                docker("unpause", "live")


def test_a_stopped_container_is_listed_with_its_size(docker: Docker, run: Run) -> None:
    run("ends", "echo 12345 > /five")
    assert engines.until(lambda: engines.find("ends").state is State.EXITED)
    container = engines.find("ends")
    assert foreign_figures(container).size_rw == 6
    assert container.status.startswith("Exited (0)")
    assert (container.exit_code, container.started_at[:2]) == (0, "20")


def test_where_layers_cannot_be_read_the_daemon_is_asked(
    docker: Docker, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("asked", engines.WRITES + "; sleep 1000")
    assert engines.until(lambda: "A /sparse" in diff_words(docker, "asked"))
    denied = "this user may not read it"
    monkeypatch.setattr("layerscope.containers.foreign.docker.why_not", lambda _: denied)
    container = engines.find("asked")
    assert container.upper is None
    assert container.blocked == denied
    figures = foreign_figures(container)
    assert figures.read_from is ReadFrom.DAEMON
    assert (figures.size_rw, figures.size_root_fs) == engines.docker_sizes(docker, "asked")
    assert foreign_changes(container).read_from is ReadFrom.DAEMON
    assert engines.changed(container) == diff_words(docker, "asked")


def test_every_container_is_listed_quickly(docker: Docker, run: Run) -> None:
    for number in range(5):
        run(f"many-{number}", "true")
    listed = docker("ps", "-aq", "--no-trunc").split()
    assert sorted(one.id for one in foreign_containers()) == sorted(listed)


def test_nothing_is_changed_by_looking(docker: Docker, run: Run) -> None:
    identity = run("looked-at", "echo x > /x; sleep 1000")
    assert engines.until(lambda: engines.changed(engines.find("looked-at")) == ["A /x"])
    upper = engines.find("looked-at").upper
    assert upper is not None
    words = ["find", str(upper.parent), "-printf", "%p %i %m %n %T@ %C@\n"]
    before = subprocess.check_output(words)
    container = engines.find("looked-at")
    foreign_figures(container)
    engines.changed(container)
    assert container.id == identity
    assert subprocess.check_output(words) == before


def test_a_daemon_that_is_gone_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(NoDaemon, match="no daemon answers"):
        open_target("docker-daemon:x", Store.open(tmp_path / "store"))
    told: list[Exception] = []
    assert not foreign_images(told.append)
    assert not foreign_containers(told.append)
    assert len(told) == 2
