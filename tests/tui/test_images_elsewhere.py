"""The Images screen with what Docker and Podman have beside the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from layerscope.store.store import Store
from layerscope.tui.widgets.rows import RowList
from tests.support.explorer import Explorer, explore
from tests.support.fake_docker import Answer, document, reply
from tests.support.fake_engines import docker_with, no_engines, podman_with
from tests.support.images import image
from tests.support.stores import load_new

OURS, DOCKERS, PODMANS = image("web:1"), image("db:2", note="!"), image("web:1")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_engines(tmp_path, monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with one image."""
    load_new(Store.open(tmp_path / "store"), OURS)
    return tmp_path / "store"


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Answer]]:
    """A Docker with another image."""
    with docker_with(tmp_path, monkeypatch, DOCKERS) as answers:
        yield answers


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Podman with the store's image."""
    podman_with(tmp_path, monkeypatch, PODMANS)


def listed(explorer: Explorer) -> list[list[str]]:
    """Name and source of each line."""
    rows = [line.split("│")[0].split() for line in explorer.lines[2:-1]]
    return [[row[0], row[1] + ("=" if row[2] == "=" else "")] for row in rows if len(row) > 2]


_SIZES = ("UNIQUE", "SHARED", "LAYERS")
ALL = [["web:1", "store="], ["db:2", "docker"], ["localhost/web:1", "podman="]]


@pytest.mark.usefixtures("docker", "podman")
async def test_all_stand_in_one_list(root: Path) -> None:
    async with explore(root, others=True, columns=160) as explorer:
        assert explorer.lines[0].startswith(" Images — 1 in the store, 1 in docker, 1 in podman —")
        assert listed(explorer) == ALL
        assert "SOURCE" in explorer.lines[1]
        assert "the same image is in podman" in explorer.text
        await explorer.press("j")
        assert f"in docker: docker-daemon:{DOCKERS.config.sha256[:12]}" in explorer.text
        assert 'CMD ["sh"]' in explorer.text
        assert "RUN 1!" in explorer.text
        assert "cmd          sh" in explorer.text
        await explorer.press("j")
        assert "the same image is in store" in explorer.text
        assert "RUN 1" in explorer.text


@pytest.mark.usefixtures("docker", "podman")
async def test_what_is_unknown_is_blank(root: Path) -> None:
    async with explore(root, others=True, columns=160) as explorer:
        headings, own, told, stored = (line.split("│")[0] for line in explorer.lines[1:5])
        cells = [slice(headings.index(word) - 2, headings.index(word) + 6) for word in _SIZES]
        assert all(own[cell].strip() for cell in cells)
        assert not any(told[cell].strip() for cell in cells)
        assert [bool(stored[cell].strip()) for cell in cells] == [False, False, True]


@pytest.mark.usefixtures("docker", "podman")
@pytest.mark.parametrize(
    ("keys", "title"), [("j", " db:2 — "), ("jj", " localhost/web:1 — "), ("", " web:1 — ")]
)
async def test_enter_opens_each(root: Path, keys: str, title: str) -> None:
    async with explore(root, others=True) as explorer:
        await explorer.press(*keys, "enter")
        await explorer.until(lambda: explorer.lines[0].startswith(title))
        assert "2 layers" in explorer.lines[0]


@pytest.mark.usefixtures("docker", "podman")
async def test_they_are_compared_across_engines(root: Path) -> None:
    async with explore(root, others=True) as explorer:
        await explorer.press("m", "j", "j", "m")
        assert [line[0] for line in explorer.lines[2:5]] == ["◆", " ", "◆"]
        await explorer.press("c")
        await explorer.until(lambda: "2 layers shared" in explorer.text)
        assert "A: web:1 (store)" in explorer.text
        assert "B: localhost/web:1 (podman)" in explorer.text


@pytest.mark.usefixtures("docker", "podman")
async def test_the_filter_knows_sources(root: Path) -> None:
    async with explore(root, others=True) as explorer:
        await explorer.press("slash", *"docker")
        assert listed(explorer) == [ALL[1]]


@pytest.mark.usefixtures("docker", "podman")
async def test_a_key_hides_and_shows_them(root: Path) -> None:
    async with explore(root, others=True) as explorer:
        await explorer.press("j", "o")
        assert "SOURCE" not in explorer.text
        assert "db:2" not in explorer.text
        await explorer.press("o")
        assert listed(explorer) == ALL
        await explorer.press("ctrl+p", *"other engines")
        assert "show what Docker and Podman have, or hide it" in explorer.text


@pytest.mark.usefixtures("docker")
async def test_an_empty_store_shows_theirs(tmp_path: Path) -> None:
    async with explore(tmp_path / "empty", others=True) as explorer:
        assert "db:2" in explorer.text
        assert 'CMD ["sh"]' in explorer.text
        await explorer.press("o")
        assert "The store has no images yet." in explorer.text


@pytest.mark.usefixtures("podman")
async def test_an_engine_that_cant_be_asked_is_one_notice(
    root: Path, docker: dict[str, Answer]
) -> None:
    docker["/images/json"] = b"no JSON"
    async with explore(root, others=True) as explorer:
        assert listed(explorer) == [ALL[0], ALL[2]]
        assert explorer.notices.count("Docker's /images/json") == 1
        for key in ("enter", "escape", "enter", "escape"):
            await explorer.press(key)
        assert explorer.notices == ""  # it isn't told again
        docker["/images/json"] = document([])
        await explorer.press("r")
        assert explorer.notices == ""
        assert listed(explorer) == [ALL[0], ALL[2]]


async def test_a_daemon_that_says_nothing_keeps_nobody_waiting(
    root: Path, docker: dict[str, Answer]
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    told = docker["/images/json"]

    def silent(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        go_on.wait(60)
        assert isinstance(told, bytes)
        reply(handler, told)

    docker["/images/json"] = silent
    async with explore(root, others=True, settled=False) as explorer:
        await explorer.until(asked.is_set)
        await explorer.until(lambda: 'CMD ["sh"]' in explorer.text)
        await explorer.press("o", settled=False)  # not asked any more …
        go_on.set()
        await explorer.settle()
        assert "db:2" not in explorer.text  # … so that its answer is nobody's
        await explorer.press("o")
        assert "db:2" in explorer.text


async def test_history_that_isnt_told_is_said_beside(root: Path, docker: dict[str, Answer]) -> None:
    path = f"/images/sha256:{DOCKERS.config.sha256}/history"
    history = docker.pop(path)
    async with explore(root, others=True) as explorer:
        await explorer.press("j")
        assert "docker: No such thing" in explorer.text
        assert explorer.notices == ""
        docker[path] = history
        await explorer.press("r")
        assert 'CMD ["sh"]' in explorer.text


@pytest.mark.usefixtures("docker")
async def test_the_cursor_stays_on_its_image(root: Path) -> None:
    async with explore(root, others=True) as explorer:
        await explorer.press("j")
        load_new(Store.open(root), image("more:1", note="?"))
        await explorer.press("r")
        assert len(listed(explorer)) == 3
        assert explorer.app.screen.query_one("#images", RowList).cursor == 2
        assert "RUN 1!" in explorer.text
