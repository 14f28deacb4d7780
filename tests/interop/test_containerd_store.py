"""A Docker that keeps its images in containerd: as Docker shows them, read where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Source
from layerscope.archive.entry import Entry
from layerscope.progress import Silent
from layerscope.sources.docker_daemon import image as docker_image
from layerscope.sources.docker_daemon.address import parse_address
from layerscope.sources.docker_daemon.client import DockerClient
from layerscope.sources.docker_daemon.image import open_docker_daemon
from layerscope.sources.found import Engine
from layerscope.sources.image import Image
from layerscope.sources.load import load_image
from layerscope.sources.opened import OpenImage
from layerscope.store.store import Store
from layerscope.usecases.all_images import details, engine_images
from layerscope.usecases.foreign import ReadFrom, find_foreign, foreign_figures
from layerscope.usecases.live_containers import LiveContainers
from tests.support import engines, peers
from tests.support.fake_engines import no_engines
from tests.support.live_told import Watcher
from tests.support.peers import Docker

pytestmark = pytest.mark.interop

BUSYBOX = "example/busybox:contained"


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """The daemon, with an image of three layers."""
    peers.need("docker", "dockerd", "runc", "busybox", root=True)
    context = tmp_path_factory.mktemp("busybox") / "context"
    engines.busybox_context(context)
    with peers.docker_on_containerd(tmp_path_factory.mktemp("docker")) as docker:
        docker("build", "--network", "none", "-t", BUSYBOX, str(context))
        yield docker


@pytest.fixture
def only_docker(contained: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """DOCKER_HOST names this daemon; there is no other engine."""
    no_engines(tmp_path, monkeypatch)
    monkeypatch.setenv("DOCKER_HOST", contained.socket)
    return contained


Run = Callable[..., str]


@pytest.fixture
def run(only_docker: Docker) -> Iterator[Run]:
    """Starts a container that runs a script; it is removed after the test."""
    with engines.started(only_docker, BUSYBOX) as start:
        yield start


def image_of(docker: Docker, store: Store) -> Image:
    """The image, as docker-daemon: opens it."""
    return open_docker_daemon(BUSYBOX, store, Silent(), DockerClient(parse_address(docker.socket)))


def files(image: Image, store: Store) -> list[tuple[bytes, Entry]]:
    """Everything that all layers make together."""
    opened = OpenImage(image, store)
    opened.read_all()
    top = opened.need_stack(None)
    return [(top.path(row), top.entry(row)) for row in range(len(top))]


def test_an_image_is_read_where_it_lies(
    only_docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = (Store.open(tmp_path / name) for name in ("here", "there"))
    in_place = image_of(only_docker, here)
    assert in_place.whole is None
    assert str(in_place.id) == only_docker("images", "-q", "--no-trunc", BUSYBOX).strip()
    assert in_place.names == (BUSYBOX,)
    monkeypatch.setattr(docker_image, "open_in_content_store", lambda *_: None)
    saved = image_of(only_docker, there)
    assert saved.whole is not None
    assert saved.id == in_place.id
    assert files(in_place, here) == files(saved, there)
    loaded = load_image(in_place, here)
    assert loaded.image.id == load_image(saved, there).image.id
    assert str(loaded.image.manifest.digest) == str(in_place.id)


def test_it_is_in_the_list(only_docker: Docker, tmp_path: Path) -> None:
    (found,) = [one for one in engine_images(Engine.DOCKER) if BUSYBOX in one.names]
    steps, config = details(Store.open(tmp_path / "store"), found)
    assert (config.cmd, len(steps)) == (("sh",), 5)


def test_every_kind_of_change_is_docker_s(only_docker: Docker, run: Run) -> None:
    identity = run("changes", engines.WRITES + "; sleep 1000")
    assert engines.until(lambda: "A /sparse" in only_docker("diff", "changes").splitlines())
    found = find_foreign("docker", identity)
    assert engines.changed(found) == sorted(only_docker("diff", "changes").splitlines())
    figures = foreign_figures(found)
    assert (figures.size_rw, figures.size_root_fs) == engines.docker_sizes(only_docker, "changes")
    assert figures.read_from is ReadFrom.PLACE


def test_one_that_has_ended_is_told_by_the_daemon(only_docker: Docker, run: Run) -> None:
    identity = run("ended", "echo 12345 > /five")
    only_docker("wait", "ended")
    found = find_foreign("docker", identity)
    figures = foreign_figures(found)
    assert (figures.size_rw, figures.size_root_fs) == engines.docker_sizes(only_docker, "ended")
    assert figures.read_from is ReadFrom.DAEMON
    assert "only while it runs" in found.blocked
    assert engines.changed(found) == ["A /five"]


def test_figures_settle_at_docker_s_own(only_docker: Docker, run: Run, tmp_path: Path) -> None:
    identity = run("writes", engines.WRITER)
    with closing(LiveContainers(Store.open(tmp_path / "store"), others=True)) as live:
        watcher = Watcher(live)
        live.open(identity)
        watcher.until(
            lambda: identity in watcher.figures and watcher.figures[identity].size > 100_000
        )
        row = watcher.rows["writes"]
        assert (row.origin, row.state, row.blocked, row.in_blocks) == (
            "docker",
            "running",
            "",
            True,
        )
        only_docker("pause", "writes")
        try:
            watcher.until(lambda: watcher.rows["writes"].state == "paused")
            own, whole = engines.docker_sizes(only_docker, "writes")
            watcher.until(lambda: watcher.figures[identity].settled)
            figures = watcher.figures[identity]
            assert (figures.size, figures.source) == (own, Source.EVENTS)
            watcher.until(lambda: (watcher.rows["writes"].image_size or 0) + own == whole)
            theirs = set(only_docker("diff", "writes").splitlines())
            watcher.until(lambda: watcher.marks(identity) == theirs)
        finally:
            only_docker("unpause", "writes")
        only_docker("kill", "writes")
        watcher.until(lambda: watcher.figures[identity].source is Source.DAEMON)
        assert watcher.figures[identity].size == engines.docker_sizes(only_docker, "writes")[0]
