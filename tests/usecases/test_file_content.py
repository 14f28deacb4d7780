from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.store.store import Store
from layerscope.usecases.file_content import CannotSave, FileContent, save_file
from layerscope.usecases.opened import OpenImage, open_image
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, tar

DATA = random.Random(7).randbytes(3 << 20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    made = Store.open(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture
def opened(store: Store, tmp_path: Path) -> OpenImage:
    """An image with a file of 3 MiB."""
    layer = tar([folder("d"), file("d/f", DATA, mode=0o4750), file("g", b"small")])
    archive = write_tar(tmp_path / "a.tar", docker_members(image("a:1", layers=[layer])))
    return open_image(str(archive), store)


def content(opened: OpenImage, path: bytes) -> FileContent:
    return FileContent(opened, 0, opened.need_stack(0).find(path) or 0)


@pytest.mark.parametrize("in_order", [False, True])
def test_a_file_is_read_from_anywhere(
    opened: OpenImage, in_order: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_order:
        monkeypatch.setattr(OpenImage, "content", lambda self, number: None)
        layer = opened.image.layers[0]
        monkeypatch.setattr(type(layer), "place", property(lambda self: None))
    found = content(opened, b"d/f")
    assert found.size == len(DATA)
    for offset, size in ((0, 10), (5, 1 << 20), (1 << 20, 7), (1 << 20, 2 << 20), (3, 3)):
        assert found.read(offset, size) == DATA[offset : offset + size]
    assert found.read(len(DATA) - 2, 99) == DATA[-2:]
    assert found.read(len(DATA), 1) == found.read(len(DATA) + 9, 1) == b""


def test_a_file_is_saved_with_its_mode(opened: OpenImage, tmp_path: Path) -> None:
    row = opened.need_stack(0).find(b"d/f") or 0
    (tmp_path / "out").mkdir()
    assert save_file(opened, 0, row, tmp_path / "out") == tmp_path / "out" / "f"
    saved = tmp_path / "out" / "f"
    assert saved.read_bytes() == DATA
    assert saved.stat().st_mode & 0o7777 == 0o750
    assert save_file(opened, 0, row, tmp_path / "out" / "other").name == "other"


def test_nothing_is_overwritten(opened: OpenImage, tmp_path: Path) -> None:
    row = opened.need_stack(0).find(b"g") or 0
    (tmp_path / "g").symlink_to("nowhere")
    for dest in (tmp_path, tmp_path / "g", tmp_path / "store" / "index.json"):
        with pytest.raises(CannotSave, match="it is there already"):
            save_file(opened, 0, row, dest)
    with pytest.raises(CannotSave, match="no such folder"):
        save_file(opened, 0, row, tmp_path / "none" / "g")
    assert not [name for name in tmp_path.iterdir() if name.name.startswith(".")]
