"""The Images screen, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.store.store import Store
from layerscope.tui.widgets.rows import RowList
from tests.support.explorer import explore
from tests.support.stores import load

_SAMPLES = Path(__file__).parents[2] / "sample_images"
_GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three images."""
    root = tmp_path_factory.mktemp("images") / "store"
    store = Store.open(root)
    for name in ("five-layers.docker", "wasteful.docker", "mixed-codecs.oci"):
        load(store, _SAMPLES / f"{name}.tar")
    return root


@pytest.fixture(autouse=True)
def _frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.tui.models.image_lines.ago_text", lambda time: "2 years ago")


async def test_images_stand_beside_the_history_of_one(root: Path) -> None:
    async with explore(root, columns=160) as explorer:
        assert explorer.lines[1:] == _golden("images-160x24")


async def test_the_history_is_that_of_the_image_under_the_cursor(root: Path) -> None:
    async with explore(root) as explorer:
        await explorer.press("j")
        assert 'ENTRYPOINT ["/srv/app/b' in explorer.text
        await explorer.press("k")
        assert "ENTRYPOINT" not in explorer.text


async def test_a_narrow_terminal_shows_one_pane_at_a_time(root: Path) -> None:
    async with explore(root, columns=80) as explorer:
        assert "example/wasteful" in explorer.text
        assert "history" not in explorer.text
        await explorer.press("tab")
        assert "history, newest first" in explorer.text
        assert "example/wasteful" not in explorer.text
        await explorer.press("tab")
        assert "example/wasteful" in explorer.text


async def test_a_filter_keeps_names_and_ids_that_have_a_text(root: Path) -> None:
    async with explore(root) as explorer:
        await explorer.press("slash", *"WAST")
        assert "example/wasteful" in explorer.text
        assert "example/five-layers" not in explorer.text
        await explorer.press("x")
        assert "No name, ID or source has this in it." in explorer.text
        await explorer.press("escape")
        assert "example/five-layers" in explorer.text


async def test_two_images_are_compared(root: Path) -> None:
    async with explore(root) as explorer:
        await explorer.press("m")
        assert explorer.lines[2].startswith("◆")
        await explorer.press("m")
        assert not explorer.lines[2].startswith("◆")
        await explorer.press("m", "j", "c")
        assert "Compare — A: example/" in explorer.lines[0]
        assert "0 layers shared" in explorer.text
        assert "Cmd" in explorer.text
        await explorer.press("escape", "k", "c")
        assert "Images" in explorer.lines[0]


async def test_an_empty_store_says_what_to_type(tmp_path: Path) -> None:
    async with explore(tmp_path / "store", columns=80) as explorer:
        assert "layerscope load FILE" in explorer.text


async def test_an_image_loaded_meanwhile_is_there_after_a_reload(tmp_path: Path) -> None:
    async with explore(tmp_path / "store") as explorer:
        load(Store.open(tmp_path / "store"), _SAMPLES / "wasteful.docker.tar")
        await explorer.press("r")
        assert "example/wasteful" in explorer.text


async def test_the_mouse_chooses_and_the_line_of_keys_is_clickable(root: Path) -> None:
    async with explore(root, columns=100) as explorer:
        await explorer.click(5, 3)
        assert explorer.app.screen.query_one("#images", RowList).cursor == 1
        await explorer.click(explorer.lines[-1].index("? Help"), 23)
        assert "Help" in explorer.lines[0]


async def test_enter_opens_the_layers_and_escape_leads_back(root: Path) -> None:
    async with explore(root, columns=160) as explorer:
        await explorer.press("j", "enter")
        assert explorer.lines[0].startswith(" example/wasteful:latest — 652kB in 7 layers")
        await explorer.press("escape")
        assert explorer.lines[0].startswith(" Images")
        assert explorer.app.screen.query_one("#images", RowList).cursor == 1


async def test_the_id_is_copied_to_the_clipboard(root: Path) -> None:
    async with explore(root) as explorer:
        await explorer.press("y")
        assert explorer.app.clipboard.startswith("sha256:cdf165e82d44")


async def test_help_and_the_way_out_are_told_in_the_narrowest_terminal(root: Path) -> None:
    async with explore(root, columns=60, rows=15) as explorer:
        assert explorer.lines[-1].startswith(" Enter Open")
        assert explorer.lines[-1].endswith("? Help  q Quit")


async def test_the_help_page_tells_every_key_of_the_screen(root: Path) -> None:
    async with explore(root, columns=80, rows=40) as explorer:
        await explorer.press("question_mark")
        for words in ("Enter", "explore the layers", "PgDn, Ctrl+F", "Ctrl+Z", "F2"):
            assert words in explorer.text
        await explorer.press("escape")
        assert "example/wasteful" in explorer.text


async def test_the_palette_finds_and_carries_out_a_command(root: Path) -> None:
    async with explore(root) as explorer:
        await explorer.press("ctrl+p", *"other side")
        assert "go to the other side" in explorer.text
        assert "leave layerscope" not in explorer.text
        await explorer.press("enter")
        assert explorer.app.screen.query_one("#right", RowList).has_focus


async def test_the_next_theme_is_one_key_away(root: Path) -> None:
    async with explore(root) as explorer:
        await explorer.press("f2")
        assert explorer.app.theme == "light"


def _golden(name: str) -> list[str]:
    return (_GOLDENS / f"{name}.txt").read_text().splitlines()
