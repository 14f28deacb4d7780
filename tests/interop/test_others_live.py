"""Images and containers of a running dockerd and of Podman, as both screens have them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Source
from layerscope.sources.found import Engine
from layerscope.store.store import Store
from layerscope.tui.screens.containers import ContainersScreen
from layerscope.units import size_text
from layerscope.usecases.all_images import details, engine_images
from layerscope.usecases.foreign import find_foreign, foreign_changes, foreign_figures
from layerscope.usecases.live_containers import LiveContainers
from layerscope.usecases.watch import Update, watch
from tests.support import engines
from tests.support.explorer import Explorer, explore
from tests.support.fake_engines import no_engines, use_storage
from tests.support.live_told import Watcher
from tests.support.ordinary_user import as_ordinary_user, their_directory
from tests.support.peers import Docker, Tool

pytestmark = pytest.mark.interop

BUSYBOX = "example/busybox:live"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image of these tests is built from."""
    folder = tmp_path_factory.mktemp("busybox") / "context"
    engines.busybox_context(folder)
    with (folder / "Dockerfile").open("a") as file:
        file.write("LABEL of=these\n")  # other tests' names would stand before its own
    return folder


@pytest.fixture
def only_docker(
    docker: Docker, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Docker:
    """DOCKER_HOST names the tests' daemon; there is no other engine."""
    no_engines(tmp_path, monkeypatch)
    monkeypatch.setenv("DOCKER_HOST", docker.socket)
    docker("build", "--network", "none", "-t", BUSYBOX, str(context))
    return docker


Run = Callable[..., str]


@pytest.fixture
def run(only_docker: Docker) -> Iterator[Run]:
    """Starts a container that runs a script; it is removed after the test."""
    with engines.started(only_docker, BUSYBOX) as start:
        yield start


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    live = LiveContainers(Store.open(tmp_path / "store"), others=True)
    yield Watcher(live)
    live.close()


# -- Docker ------------------------------------------------------------------------------------


def test_the_images_are_docker_s(only_docker: Docker, tmp_path: Path) -> None:
    words = ("images", "--no-trunc", "--format", "{{.ID}}")
    assert {one.id for one in engine_images(Engine.DOCKER)} == set(only_docker(*words).split())
    found = next(one for one in engine_images(Engine.DOCKER) if BUSYBOX in one.names)
    steps, config = details(Store.open(tmp_path / "store"), found)
    form = "{{json .}}"
    told = only_docker("history", "--no-trunc", "--human=false", "--format", form, BUSYBOX)
    theirs = [json.loads(line) for line in told.splitlines()]
    assert [(one.created_by, one.size) for one in steps] == [
        (one["CreatedBy"], int(one["Size"])) for one in theirs
    ]
    assert config.cmd == ("sh",)


def test_figures_settle_at_docker_s_own(only_docker: Docker, run: Run, watcher: Watcher) -> None:
    identity = run("writes", engines.WRITER)
    watcher.live.open(identity)
    watcher.until(lambda: identity in watcher.figures and watcher.figures[identity].size > 2_000)
    row = watcher.rows["writes"]
    assert (row.origin, row.state, row.blocked) == ("docker", "running", "")
    only_docker("pause", "writes")
    try:
        watcher.until(lambda: watcher.rows["writes"].state == "paused")
        own, whole = engines.docker_sizes(only_docker, "writes")
        watcher.until(lambda: watcher.figures[identity].settled)
        figures = watcher.figures[identity]
        assert (figures.size, figures.source) == (own, Source.EVENTS)
        assert (watcher.rows["writes"].image_size or 0) + own == whole
        theirs = set(only_docker("diff", "writes").splitlines())
        watcher.until(lambda: watcher.marks(identity) == theirs)
    finally:
        only_docker("unpause", "writes")


def test_what_docker_does_appears_by_itself(
    only_docker: Docker, run: Run, watcher: Watcher
) -> None:
    run("comes", "sleep 1000")
    watcher.until(lambda: "comes" in watcher.rows)
    assert watcher.rows["comes"].state == "running"
    only_docker("kill", "comes")
    watcher.until(lambda: watcher.rows["comes"].exit_code == 137)
    only_docker("rename", "comes", "goes")
    watcher.until(lambda: "goes" in watcher.rows)
    only_docker("start", "goes")
    watcher.until(lambda: watcher.rows["goes"].state == "running")
    only_docker("rm", "-f", "goes")
    watcher.until(lambda: "goes" not in watcher.rows)


def test_every_kind_of_change_is_docker_s(only_docker: Docker, run: Run) -> None:
    identity = run("changes", engines.WRITES + "; sleep 1000")
    assert engines.until(lambda: "A /sparse" in only_docker("diff", "changes").splitlines())
    found = find_foreign("docker", identity)
    theirs = sorted(only_docker("diff", "changes").splitlines())
    changes = foreign_changes(found).list.changes
    assert sorted(f"{one.kind.value} {one.path.decode()}" for one in changes) == theirs
    figures = foreign_figures(found)
    assert (figures.size_rw, figures.size_root_fs) == engines.docker_sizes(only_docker, "changes")


def test_a_member_of_the_group_docker_is_told_by_the_daemon(only_docker: Docker, run: Run) -> None:
    identity = run("asked", "echo 12345 > /five; sleep 1000")
    assert engines.until(lambda: engines.docker_sizes(only_docker, "asked")[0] == 6)
    expected = engines.docker_sizes(only_docker, "asked")
    socket = Path(only_docker.socket.removeprefix("unix://"))
    mode = stat.S_IMODE(socket.stat().st_mode)
    with their_directory() as folder:
        os.link(socket, folder / "docker.sock")
        socket.chmod(0o666)

        def look() -> None:
            os.environ["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
            store = Store.open(folder / "store")
            found = watch(store, ["asked"], once=True, others=True)
            (one,) = (one for one in found if isinstance(one, Update))
            assert (one.figures.size, one.size_root_fs) == expected
            assert one.figures.source is Source.DAEMON
            assert "this user may not read" in one.container.blocked
            listed = engine_images(Engine.DOCKER)
            assert any(BUSYBOX in image.names for image in listed)
            changes = foreign_changes(find_foreign("docker", identity)).list.changes
            assert [change.path for change in changes] == [b"/five"]

        try:
            assert as_ordinary_user(look) == ""
        finally:
            socket.chmod(mode)


async def table(explorer: Explorer, *names: str) -> ContainersScreen:
    """The Containers screen, once it lists these."""
    await explorer.press("C", settled=False)
    await explorer.until(lambda: all(f" {name} " in explorer.text for name in names))
    screen = explorer.app.screen
    assert isinstance(screen, ContainersScreen)
    return screen


async def test_both_screens_show_it(only_docker: Docker, run: Run, tmp_path: Path) -> None:
    run("shown", "echo 12345 > /five; sleep 1000")
    store = Store.open(tmp_path / "store")
    async with explore(store.root, others=True, columns=160, rows=50, settled=False) as explorer:
        await explorer.until(lambda: BUSYBOX in explorer.text)
        line = next(one for one in explorer.lines if BUSYBOX in one)
        listed = only_docker("image", "inspect", "--format", "{{.Size}}", BUSYBOX)
        assert line.split()[1:3] == ["docker", size_text(int(listed))]
        await table(explorer, "shown")
        await explorer.until(lambda: " 6B " in explorer.text)
        for key in ("t", "d", "c", "e"):
            await explorer.press(key, settled=False)
        await explorer.until(lambda: "docker exec -it shown sh" in explorer.notices)
        await explorer.leave()
    assert only_docker("inspect", "--format", "{{.State.Status}}", "shown").strip() == "running"


# -- Podman ------------------------------------------------------------------------------------


@pytest.fixture
def only_podman(
    docker: Docker,
    podman: Tool,
    context: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Tool:
    """storage.conf names the tests' storage; there is no other engine."""
    no_engines(tmp_path, monkeypatch)
    place = dict(zip(podman.words[1::2], podman.words[2::2], strict=True))
    use_storage(Path(place["--root"]), Path(place["--runroot"]).parent, monkeypatch)
    docker("build", "--network", "none", "-t", BUSYBOX, str(context))
    docker("save", "-o", str(tmp_path / "saved.tar"), BUSYBOX)
    podman("load", "-q", "-i", str(tmp_path / "saved.tar"))
    return podman


def test_podman_s_settle_at_its_own(only_podman: Tool, watcher: Watcher) -> None:
    # Some machines let nobody raise a limit, which podman would.
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
    words = ("run", "-d", "--network", "none", *limits, "--name", "writes", BUSYBOX)
    identity = only_podman(*words, "sh", "-c", engines.WRITER).strip()
    try:
        watcher.live.open(identity)
        watcher.until(lambda: identity in watcher.figures)
        watcher.until(lambda: watcher.figures[identity].size > 2_000)
        row = watcher.rows["writes"]
        assert (row.origin, row.state) == ("podman", "running")
        only_podman("stop", "-t", "0", "writes")
        watcher.until(lambda: watcher.rows["writes"].state == "exited")
        (told,) = json.loads(only_podman("inspect", "--size", "writes"))
        watcher.until(lambda: watcher.figures[identity].settled)
        assert watcher.figures[identity].size == told["SizeRw"]
        assert watcher.rows["writes"].image_size == told["SizeRootFs"]
        theirs = sorted(only_podman("diff", "writes").splitlines())
        changes = foreign_changes(find_foreign("podman", identity)).list.changes
        assert sorted(f"{one.kind.value} {one.path.decode()}" for one in changes) == theirs
    finally:
        only_podman("rm", "-f", "writes")
    watcher.until(lambda: "writes" not in watcher.rows)


async def test_both_screens_show_podman_s(only_podman: Tool, tmp_path: Path) -> None:
    only_podman("create", "--name", "made", BUSYBOX, "sh")
    try:
        root = Store.open(tmp_path / "store").root
        async with explore(root, others=True, columns=160, rows=50, settled=False) as explorer:
            await explorer.until(lambda: f"localhost/{BUSYBOX}" in explorer.text)
            await table(explorer, "made")
            line = next(one for one in explorer.lines if one.startswith(" made"))
            assert line.split()[1:3] == ["podman", "created"]
            await explorer.press("t", settled=False)
            await explorer.until(lambda: "podman start made" in explorer.notices)
            await explorer.leave()
    finally:
        only_podman("rm", "-f", "made")
