"""Targets whose layer nobody promised: what it is becomes known as it is read."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.support.explorer import explore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root file system."""
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "motd").write_text("hello")
    return folder


async def test_a_folder_is_one_layer(tmp_path: Path, folder: Path) -> None:
    async with explore(tmp_path / "store", str(folder)) as explorer:
        assert explorer.lines[0].endswith("5B in 1 layer")
        assert "motd" in explorer.text


async def test_a_bare_tar_is_one_layer(tmp_path: Path, folder: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w") as tar:
        tar.add(folder, "")
    async with explore(tmp_path / "store", str(tmp_path / "root.tar")) as explorer:
        assert "motd" in explorer.text
