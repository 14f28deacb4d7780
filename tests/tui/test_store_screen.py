"""The Store screen, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.containers.mounts import parse_volume
from layerscope.store.store import Store
from layerscope.tui.screens.layers import LayersScreen
from layerscope.usecases.containers import Wanted, apply, create
from tests.support.explorer import Explorer, explore
from tests.support.goldens import golden
from tests.support.images import image
from tests.support.layers import file, tar
from tests.support.stores import load_new


def layer(name: str, size: int) -> bytes:
    return tar([file(name, b"x" * size)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two images that share a layer, a container on one of them, and a volume."""
    store = Store.open(tmp_path / "store")
    for name, size in (("acme/web:1", 3000), ("acme/db:1", 5000)):
        load_new(store, image(name, layers=[layer("base", 40_000), layer(name, size)], note=name))
    create(store, "acme/db:1", Wanted(name="db", mounts=(parse_volume("rows:/var/rows"),)))
    apply(store, "db", [{"op": "write", "path": "/written", "data": "y" * 700}])
    store.close()
    return tmp_path / "store"


async def to_store(explorer: Explorer) -> None:
    await explorer.press("S")


async def test_who_shares_what(root: Path) -> None:
    async with explore(root, columns=160, rows=24) as explorer:
        await to_store(explorer)
        shown = [_steady(line) for line in explorer.lines[1:]]
        assert shown == golden("store-160x24", shown)


async def test_a_narrow_terminal_shows_one_side(root: Path) -> None:
    async with explore(root, columns=80, rows=24) as explorer:
        await to_store(explorer)
        shown = [_steady(line) for line in explorer.lines[1:]]
        assert shown == golden("store-80x24", shown)
        await explorer.press("tab")
        assert "who else has them" in explorer.text


async def test_marks_are_reckoned_together(root: Path) -> None:
    async with explore(root, columns=120) as explorer:
        await to_store(explorer)
        await explorer.press("space")
        assert "1 marked: deleting them all gives back 3kB" in explorer.text
        await explorer.press("space")
        assert "2 marked: deleting them all gives back 3kB" in explorer.text
        assert "1 of them stay, being needed" in explorer.text
        await explorer.press("space")  # past a heading, the container
        assert "3 marked: deleting them all gives back 48.7kB" in explorer.text
        await explorer.press("u")
        assert "marked" not in explorer.lines[-2]


async def test_deleting_asks_and_gives_back_what_was_promised(root: Path) -> None:
    async with explore(root, columns=120, rows=30) as explorer:
        await to_store(explorer)
        await explorer.press("d")
        assert "Delete this?" in explorer.text
        assert "image acme/web:1" in explorer.text
        assert "It gives back 3kB" in explorer.text
        await explorer.press("y")
        assert "done; pruning freed" in explorer.notices
        assert "1 image in" in explorer.lines[0]


async def test_pruning_shows_its_list_first(root: Path) -> None:
    (root / "blobs" / "sha256" / ("0" * 64)).write_bytes(b"rubbish")
    async with explore(root, columns=120, rows=30) as explorer:
        await to_store(explorer)
        assert "Nothing refers to 7B: p prunes it." in explorer.text
        await explorer.press("p")
        assert f"blobs/sha256/{'0' * 12}" in explorer.text
        assert "blob that no image has" in explorer.text
        await explorer.press("y")
        assert "Nothing refers to" not in explorer.text


async def test_what_is_taken_out_of_the_list_stays(root: Path) -> None:
    blobs = root / "blobs" / "sha256"
    (blobs / ("0" * 64)).write_bytes(b"rubbish")
    (blobs / ("1" * 64)).write_bytes(b"more rubbish")
    async with explore(root, columns=120, rows=30) as explorer:
        await to_store(explorer)
        await explorer.press("p")
        assert "2 of 2 go. It gives back 19B of the disk." in explorer.text
        await explorer.press("space", "enter")
        assert "0 of 2 go. It gives back 0B of the disk." in explorer.text
        await explorer.press("space")
        assert "1 of 2 go. It gives back 12B of the disk." in explorer.text
        await explorer.press("y")
        assert "done; pruning freed 12B" in explorer.notices
        assert "Nothing refers to 7B" in explorer.text
        assert (blobs / ("0" * 64)).exists()
        assert not (blobs / ("1" * 64)).exists()
        await explorer.press("p", "n")
        assert (blobs / ("0" * 64)).exists()


async def test_what_is_needed_stays(root: Path) -> None:
    async with explore(root, columns=120, rows=30) as explorer:
        await to_store(explorer)
        await explorer.press("j", "d")
        assert "is needed by db" in explorer.text
        assert "gives back" not in explorer.text.partition("stays:")[2]
        assert "y: do it" not in explorer.text
        await explorer.press("y", "n")
        assert "This cannot be deleted" in explorer.text
        await explorer.press("escape")
        assert "This cannot be deleted" not in explorer.text
        assert "2 images" in explorer.lines[0]


async def test_what_nothing_needs_goes_though_another_stays(root: Path) -> None:
    async with explore(root, columns=120, rows=30) as explorer:
        await to_store(explorer)
        await explorer.press("space", "space", "d")
        assert "is needed by db" in explorer.text
        assert "It gives back 3kB of files, " in explorer.text
        await explorer.press("y")
        assert "it is used by db" in explorer.notices
        assert "1 image in" in explorer.lines[0]


async def test_steps_on_the_way_to_an_image_are_part_of_it(root: Path) -> None:
    store = Store.open(root)
    web, db = (store.resolve(name) for name in ("acme/web:1", "acme/db:1"))
    load_new(store, image("step:1", layers=[layer("base", 40_000)], note="step"))
    step = store.resolve("step:1")
    store.add_image(store.blobs.read(web.manifest.digest), parent=step.id)
    with store.database.write() as tx:
        tx.execute("DELETE FROM names WHERE name = 'step:1'")
    assert {step.id, web.id, db.id} == {one.id for one in store.images()}
    store.close()
    async with explore(root, columns=160, rows=24) as explorer:
        await to_store(explorer)
        assert "2 images" in explorer.lines[0]
        assert "Images: 2;" in explorer.text
        assert "<none>" not in explorer.text
        assert step.id.short not in explorer.text


def _steady(line: str) -> str:
    """Without the bytes of the disk, which hang on the index's format."""
    head, _, rest = line.partition("deleted and pruned: ")
    return f"{head}deleted and pruned: …" if rest else line


async def test_enter_opens(root: Path) -> None:
    async with explore(root, columns=80) as explorer:
        await to_store(explorer)
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, LayersScreen)
        assert "acme/web:1" in explorer.lines[0]
        await explorer.press("escape", "G", "enter")
        assert "used by db" in explorer.text
