from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Cli
from tests.support.processes import need_processes, write_images
from tests.support.program import Layerscope

IMAGES = ("acme/my-base-image:1.0", "acme/my-final-image:1.0")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line on a new store."""
    return Cli(tmp_path / "store", capsys)


@pytest.fixture(scope="module")
def layerscope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layerscope]:
    """Processes in containers of the walk-through's two images; a module's are gone after it."""
    need_processes()
    folder = tmp_path_factory.mktemp("processes")
    layerscope = Layerscope(folder / "store")
    archive = write_images(folder / "images.tar")
    for image in IMAGES:
        layerscope("load", f"docker-archive:{archive}:{image}")
    yield layerscope
    names = [row["name"] for row in layerscope.json("ps", "-a")]
    if names:
        layerscope("rm", "-f", "-v", *names)
