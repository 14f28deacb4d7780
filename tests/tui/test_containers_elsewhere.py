"""The Containers screen with what Docker and Podman run beside the store's."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Mark, Row, Source, Why
from layerscope.store.store import Store
from layerscope.tui.models.container_table import ContainerLines
from layerscope.tui.screens.containers import ContainersScreen
from layerscope.usecases import live_lines as lines
from tests.support.explorer import Explorer, explore
from tests.support.fake_containers import Told, answers_of
from tests.support.fake_docker import Answer, fake_docker
from tests.support.fake_engines import no_engines
from tests.support.live_events import DB, NOON, WEB, FakeLive, container, figures

POD, WORK = "ef" * 32, "01" * 32
WHY_NOT = "this user may not read /var/lib/docker"
TOLD = figures(Why(9_000), 0, 100.0, settled=False, age=0.0, source=Source.DAEMON, note=WHY_NOT)
ROWS = (
    lines.Containers(
        (
            replace(container(DB, "db"), origin="docker"),
            replace(container(WEB, "web"), origin="docker", blocked=WHY_NOT),
            replace(container(POD, "a pod", "exited"), origin="podman", exit_code=None),
            replace(container(WORK, "work", "exited"), origin="buildah", image_size=None),
            container("23" * 32, "own"),
        )
    ),
    lines.Measured(DB, figures(Why(5, 45_100_000, 40_000, 5_000), 3, 1_000.0)),
    lines.Measured(WEB, TOLD),
    lines.Measured(POD, figures(Why(70), 1)),
    lines.Measured(WORK, figures(Why(7), 1)),
    lines.Rows(WEB, True, (Row(b"data", Mark.CHANGED, "?", 0, 0.0),)),
)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is watched is made up."""
    monkeypatch.setattr("layerscope.tui.screens.containers.Live", FakeLive)
    monkeypatch.setattr(FakeLive, "told", ROWS)
    monkeypatch.setattr("layerscope.tui.models.container_table.time.time", lambda: NOON + 4)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    no_engines(tmp_path, monkeypatch)
    Store.open(tmp_path / "store").close()
    return tmp_path / "store"


async def to_containers(explorer: Explorer) -> None:
    await explorer.press("C", settled=False)
    await explorer.until(lambda: "running" in explorer.text)


def put_cursor(screen: ContainersScreen, name: str) -> None:
    """On a container."""
    model = screen.table.model
    assert isinstance(model, ContainerLines)
    screen.table.move_to([row.name for row in model.rows].index(name))


def back(explorer: Explorer) -> bool:
    """Step back once, if there is where to; whether it is the table that is there."""
    screen = explorer.app.screen
    if not isinstance(screen, ContainersScreen):
        explorer.app.pop_screen()
        return False
    prompt = screen.query_one("#filter")
    if prompt.display:
        screen.action_back()
    return True


async def choose(explorer: Explorer, name: str) -> None:
    """Put the cursor on a container and wait until it is told of."""
    screen = explorer.app.screen
    assert isinstance(screen, ContainersScreen)
    put_cursor(screen, name)
    screen._paint_soon()
    await explorer._pilot.pause(0.3)


def line_of(explorer: Explorer, name: str) -> list[str]:
    (line,) = [line for line in explorer.lines[2:] if line.startswith(f" {name} ")][:1]
    return line.split()


@pytest.mark.usefixtures("made_up")
async def test_whose_they_are_stands_beside_their_names(root: Path) -> None:
    async with explore(root, others=True, columns=160, rows=40) as explorer:
        await to_containers(explorer)
        assert explorer.lines[1].split()[:2] == ["NAME", "SOURCE"]
        assert "ENGINE" not in explorer.lines[1]
        assert line_of(explorer, "db")[:3] == ["db", "docker", "running"]
        assert line_of(explorer, "own")[:3] == ["own", "store", "running"]
        assert line_of(explorer, "a pod")[:4] == ["a", "pod", "podman", "exited"]
        assert line_of(explorer, "work")[:4] == ["work", "buildah", "exit", "137"]
        for _ in range(8):
            await explorer.press("s")
        assert "by source" in explorer.lines[0]
        assert explorer.lines[2].startswith(" own")


@pytest.mark.usefixtures("made_up")
async def test_the_narrowest_terminal_has_the_source_too(root: Path) -> None:
    async with explore(root, others=True, columns=60, rows=15) as explorer:
        await to_containers(explorer)
        assert line_of(explorer, "db")[:4] == ["db", "docker", "running", "45.1MB"]


@pytest.mark.usefixtures("made_up")
async def test_what_a_daemon_told_says_so(root: Path) -> None:
    async with explore(root, others=True, columns=160, rows=40) as explorer:
        await to_containers(explorer)
        assert "~9kB" in line_of(explorer, "web")
        await choose(explorer, "web")
        assert "now; told by the daemon 4 s ago" in explorer.text
        assert WHY_NOT in explorer.text
        assert "copied up and changed" not in explorer.text
        assert " C " in explorer.text
        await explorer.press("1", "enter")
        assert f"its files can't be read here: {WHY_NOT}" in explorer.notices


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("name", "commands"),
    [
        (
            "db",
            {
                "t": "docker stop db",
                "d": "docker rm -f db",
                "c": "docker commit db IMAGE",
                "e": "docker exec -it db sh",
            },
        ),
        ("a pod", {"t": "podman start 'a pod'", "delete": "podman rm 'a pod'"}),
        ("work", {"d": "buildah rm work", "e": "buildah run -t work sh"}),
    ],
)
async def test_keys_name_the_command_instead(
    root: Path, name: str, commands: dict[str, str]
) -> None:
    async with explore(root, others=True, columns=160, rows=40) as explorer:
        await to_containers(explorer)
        await choose(explorer, name)
        for key, command in commands.items():
            await explorer.press(key)
            assert explorer.notices.count("layerscope only looks at what") == 1
            assert explorer.notices.endswith(f"\n{command}")
            assert isinstance(explorer.app.screen, ContainersScreen)


@pytest.mark.usefixtures("made_up")
async def test_a_key_hides_and_shows_them(root: Path) -> None:
    async with explore(root, others=True, columns=120, rows=30) as explorer:
        await to_containers(explorer)
        await explorer.press("o")
        assert lines.Others(False) in FakeLive.last.asked
        await explorer.press("o")
        assert lines.Others(True) in FakeLive.last.asked
        assert "other engines are shown" in explorer.notices


@pytest.mark.usefixtures("made_up")
async def test_the_filter_knows_sources(root: Path) -> None:
    async with explore(root, others=True, columns=120, rows=30) as explorer:
        await to_containers(explorer)
        await explorer.press("slash", *"podma", "enter")
        assert [line.split()[0] for line in explorer.lines[2:4] if line] == ["a"]


# -- with the process that watches, and a daemon ---------------------------------------------------

ELSEWHERE = Told("elsewhere")


@pytest.fixture
def here(root: Path, tmp_path: Path) -> Told:
    """One that can be read in place, with a file that it changed."""
    one = Told("here", tmp_path / "layers")
    one.make()
    (one.upper / "d").mkdir()
    (one.upper / "d" / "f").write_text("changed\n")
    return one


@pytest.fixture
def asked(here: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a daemon with both of them is asked."""
    answers: dict[str, Answer] = answers_of(here, ELSEWHERE)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with fake_docker(tmp_path / "docker.sock", answers) as asked:
        yield asked


async def test_a_file_is_shown_beside_the_image_s(root: Path, here: Told, asked: list[str]) -> None:
    async with explore(root, others=True, columns=160, rows=40, settled=False) as explorer:
        await explorer.press("C", settled=False)
        await explorer.until(lambda: "copied up, layer 0" in explorer.text)
        await explorer.press("1", settled=False)
        await explorer.press("j", "enter", settled=False)
        await explorer.until(lambda: "LAYER 0, 100B" in explorer.text)
        assert "/d/f in here" in explorer.lines[0]
        await explorer.until(lambda: "changed" in explorer.text)
        await explorer.leave(2)


async def test_nothing_is_ever_changed(root: Path, here: Told, asked: list[str]) -> None:
    def state() -> list[tuple[str, os.stat_result]]:
        assert here.folder is not None
        found = sorted(here.folder.rglob("*"))
        return [(str(path), path.lstat()[:2] + path.lstat()[6:7]) for path in found]  # type: ignore[misc]

    before, said = state(), ""
    keys = [key for one in ContainersScreen.ACTIONS for key in one.keys if one.id != "others"]
    async with explore(root, others=True, columns=160, rows=40, settled=False) as explorer:
        await explorer.press("C", settled=False)
        await explorer.until(lambda: " here" in explorer.text and " elsewhere" in explorer.text)
        for name, key in itertools.product(("here", "elsewhere"), keys):
            await explorer.until(lambda: back(explorer))
            screen = explorer.app.screen
            assert isinstance(screen, ContainersScreen)
            screen.table.focus()
            put_cursor(screen, name)
            await explorer.press(key, settled=False)
            said += explorer.notices
        await explorer.until(lambda: back(explorer))
        await explorer.leave()
    for words in ("stop", "rm -f", "commit", "exec -it"):
        assert all(f"docker {words} {one}" in said for one in ("here", "elsewhere"))
    assert state() == before
    assert len(asked) > 3
    assert all(path.startswith(("/containers/", "/images/", "/info")) for path in asked)
