"""The Containers screen, on events that were made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.accounting.live.figures import Source, Why
from layerscope.store.store import Store
from layerscope.tui.models.container_lines import ThenLines
from layerscope.tui.screens.containers import ContainersScreen
from layerscope.usecases import live_lines as lines
from tests.support.explorer import Explorer, explore
from tests.support.goldens import golden
from tests.support.live_events import DB, EVENTS, NOON, WEB, FakeLive, figures


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.tui.screens.containers.Live", FakeLive)
    monkeypatch.setattr("layerscope.tui.models.container_lines.datetime", _Utc)
    monkeypatch.setattr("layerscope.tui.models.container_table.time.time", lambda: NOON)


class _Utc:
    @staticmethod
    def fromtimestamp(time: float) -> object:
        from datetime import UTC, datetime

        return datetime.fromtimestamp(time, UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Store.open(tmp_path / "store").close()
    return tmp_path / "store"


async def to_containers(explorer: Explorer) -> None:
    await explorer.press("C")
    for _ in range(3):
        await explorer._pilot.pause(0.15)
        await explorer.settle()


async def test_a_wide_terminal_shows_it_all(root: Path) -> None:
    async with explore(root, columns=160, rows=40) as explorer:
        await to_containers(explorer)
        assert explorer.lines[1:] == golden("containers-160x40", explorer.lines[1:])


async def test_a_narrow_one_shows_a_pane_at_a_time(root: Path) -> None:
    async with explore(root, columns=80, rows=24) as explorer:
        await to_containers(explorer)
        assert explorer.lines[1:] == golden("containers-80x24-files", explorer.lines[1:])
        for key, name in (("2", "why"), ("3", "feed"), ("4", "growing"), ("5", "timeline")):
            await explorer.press(key)
            assert explorer.lines[1:] == golden(f"containers-80x24-{name}", explorer.lines[1:])


async def test_the_container_under_the_cursor_is_opened(root: Path) -> None:
    async with explore(root, columns=120, rows=40) as explorer:
        await to_containers(explorer)
        assert FakeLive.last.asked[-1] == lines.Open(DB)  # the largest comes first
        await explorer.press("j")
        await explorer._pilot.pause(0.2)
        assert FakeLive.last.asked[-1] == lines.Open(WEB)


async def test_order_and_filter(root: Path) -> None:
    async with explore(root, columns=120, rows=40) as explorer:
        await to_containers(explorer)
        await explorer.press("slash", *"we", "enter")
        assert "web" in explorer.text
        assert " db " not in explorer.lines[2]
        await explorer.press("slash", *"zzz")
        assert explorer.lines[1] == " No container has this in it."
        assert "out.txt" not in explorer.text
        assert "copied up" not in explorer.text
        await explorer.press(*["backspace"] * 3)
        assert "SIZE" in explorer.lines[1]
        await explorer.press("enter")
        await explorer.press("escape")
        for _ in range(9):
            await explorer.press("s")
        assert "by created" in explorer.lines[0]


async def test_a_moment_shows_what_was_there(root: Path) -> None:
    then = lines.Then(DB, NOON, NOON, ((b"out.txt", 5),), 2, 30)
    async with explore(root, columns=160, rows=40) as explorer:
        await to_containers(explorer)
        await explorer.press("5", "j")
        assert FakeLive.last.asked[-1] == lines.At(DB, NOON)
        screen = explorer.app.screen
        assert isinstance(screen, ContainersScreen)
        screen._take(then)
        await explorer._pilot.pause(0.2)
        assert "what was there at 2023-11-14 22:13:20" in explorer.text
        assert "and 2 smaller ones, 30B" in explorer.text
        await explorer.press("escape")
        assert "smaller ones" not in explorer.text


async def test_of_the_tree_nothing_stays_beside_what_was_there(root: Path) -> None:
    async with explore(root, columns=80, rows=24) as explorer:
        await to_containers(explorer)
        screen = explorer.app.screen
        assert isinstance(screen, ContainersScreen)
        await explorer.press("5")
        screen._take(EVENTS[2])  # it goes on while it is hidden
        await explorer._pilot.pause(0.3)
        await explorer.press("enter")
        screen._take(lines.Then(DB, NOON, NOON, (), 1, 30))
        await explorer._pilot.pause(0.3)
        below = explorer.lines[explorer.lines.index("─" * 80) + 1 :]
        assert [line for line in below[:-1] if line] == [
            " what was there at 2023-11-14 22:13:20",
            " 1 file, 30B",
        ]
        await explorer.press("escape", "1")
        assert "SINCE" in explorer.text


@pytest.mark.parametrize(
    ("rows", "left_out", "words"),
    [
        (((b"a", 5),), 1, "and 1 smaller one, 30B"),
        (((b"a", 5),), 1200, "and 1,200 smaller ones, 30B"),
        ((), 1, "1 file, 30B"),
        ((), 2, "2 files, 30B"),
    ],
)
def test_what_has_no_line_of_its_own(
    rows: tuple[tuple[bytes, int], ...], left_out: int, words: str
) -> None:
    model = ThenLines(lines.Then(DB, NOON, NOON, rows, left_out, 30))
    (text, _), *_ = model.spans(len(model) - 1, 60)
    assert text.strip() == words


async def test_figures_that_may_be_old_say_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_walks = figures(
        Why(5), 1, settled=False, age=2.0, source=Source.WALKS, note="no watches are left"
    )
    told = (EVENTS[0], lines.Measured(DB, by_walks))
    monkeypatch.setattr(FakeLive, "told", told)
    async with explore(root, columns=160, rows=40) as explorer:
        await to_containers(explorer)
        assert "~5B" in explorer.text
        assert "up to 2.0 s old, by walks alone" in explorer.text
        assert "no watches are left" in explorer.text


async def test_removing_asks_and_names_what_is_lost(root: Path) -> None:
    async with explore(root, columns=120, rows=40) as explorer:
        await to_containers(explorer)
        await explorer.press("d")
        assert "Remove container db?" in explorer.text
        assert "45.1MB in 3 files" in explorer.text
        assert "It is running, and is killed." in explorer.text
        assert "Its volumes stay: data" in explorer.text
        await explorer.press("n")
        assert "Remove container" not in explorer.text
        await explorer.press("d", "y")
        assert "there is none" in explorer.notices  # these are made up


async def test_a_store_without_containers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeLive, "told", (lines.Containers(()),))
    async with explore(root) as explorer:
        await to_containers(explorer)
        assert "There are no containers yet." in explorer.text


async def test_a_watcher_that_fails_is_told_and_the_explorer_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeLive, "told", (*EVENTS, lines.Failed("containers", "it ended")))
    async with explore(root, columns=120, rows=40) as explorer:
        await to_containers(explorer)
        assert "containers: it ended" in explorer.notices
        assert "45.1MB" in explorer.text
