"""What Docker and Podman make of odd layers: `analyze` has a note where it isn't what we make."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from layerscope.analysis.notes import Note, notes
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from tests.support.images import docker_members, image, write_tar
from tests.support.layers import file, folder, hardlink, stacks, symlink, tar
from tests.support.peers import Docker, Tool

pytestmark = pytest.mark.interop

BASE = [folder("a"), file("a/f1"), file("a/f2"), file("r"), symlink("l", "a")]
LAYERS: dict[str, list[Any]] = {
    "refilled": [file(".wh.a"), folder("a"), file("a/n")],
    "emptied": [file(".wh.a"), folder("a")],
    "refilled-whole": [file(".wh.a"), folder("a"), file("a/f1"), file("a/f2")],
    "refilled-and-hidden": [file(".wh.a"), folder("a"), file("a/.wh.f1"), file("a/.wh.f2")],
    "refilled-opaque": [file(".wh.a"), folder("a"), file("a/.wh..wh..opq")],
    "file-made-directory": [file(".wh.r"), folder("r"), file("r/n")],
    "directory-made-file": [file(".wh.a"), file("a")],
    "whiteout-late": [folder("a"), file(".wh.a")],
    "whiteout-late-of-nothing": [file("new"), file(".wh.new")],
    "whiteout-without-directory": [file(".wh.a"), file("a/n")],
    "root-opaque": [file(".wh..wh..opq"), file("n")],
    "lower-link": [hardlink("h", "r")],
    "below-symlink": [file("l/n")],
    "whiteout-in-new": [folder("new"), file("new/.wh.x")],
    "whiteout-of-nothing": [folder("a"), file("a/.wh.x"), file(".wh.x")],
    "opaque-inside": [folder("a"), file("a/.wh..wh..opq"), file("a/d/n")],
}

Mount = Callable[[str, str], AbstractContextManager[Path]]


@pytest.fixture(params=["docker", "podman"])
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Mount:
    """Loads an archive with an image of this name and shows its files."""
    engine = request.getfixturevalue(request.param)
    return _of_docker(engine, tmp_path) if request.param == "docker" else _of_podman(engine)


def _of_docker(docker: Docker, place: Path) -> Mount:
    layers = "{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}"

    @contextlib.contextmanager
    def mount(archive: str, name: str) -> Iterator[Path]:
        docker("load", "-i", archive)
        lower = docker("image", "inspect", "-f", layers, name).strip()
        (root := place / "root").mkdir()
        words = ["mount", "-t", "overlay", "overlay", "-o", f"ro,lowerdir={lower}", str(root)]
        subprocess.run(words, check=True)
        try:
            yield root
        finally:
            subprocess.run(["umount", str(root)], check=True)

    return mount


def _of_podman(podman: Tool) -> Mount:
    @contextlib.contextmanager
    def mount(archive: str, name: str) -> Iterator[Path]:
        podman("load", "-i", archive)
        try:
            yield Path(podman("image", "mount", name).strip())
        finally:
            podman("image", "umount", name)

    return mount


def paths_of_us(stack: StackView) -> set[str]:
    there = (row for row in range(1, len(stack)) if stack.change[row] != Change.REMOVED)
    return {stack.path(row).decode() for row in there}


def paths_of_them(mount: Mount, archive: Path, name: str) -> set[str] | None:
    """None if they refuse the layer."""
    try:
        with mount(str(archive), name) as root:
            return {str(path.relative_to(root)) for path in root.rglob("*")}
    except subprocess.CalledProcessError:
        return None


def of_files(found: list[Note]) -> list[Note]:
    return [note for note in found if not note.case.is_of_times]


@pytest.mark.parametrize("name", LAYERS)
def test_there_is_a_note_where_the_files_are_others(
    mounted: Mount, name: str, tmp_path: Path
) -> None:
    layers = [tar(BASE), tar(LAYERS[name])]
    made = image(f"example/{name}:1", layers=layers)
    archive = write_tar(tmp_path / "image.tar", docker_members(made))
    built = stacks(layers, tmp_path)
    differs = paths_of_them(mounted, archive, f"example/{name}:1") != paths_of_us(built[-1])
    assert differs == bool(of_files(notes(built)))
