"""A container's files as one more layer, while they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.store.store import Store
from layerscope.usecases.content import read_file
from layerscope.usecases.opened import open_seen
from tests.support.command import Cli

SAMPLE = Path(__file__).parents[2] / "sample_images" / "five-layers.docker.tar"


@pytest.fixture
def upper(cli: Cli) -> Path:
    """The writable layer of a container ``c`` with a volume at /vol."""
    cli.ok("load", str(SAMPLE), "-t", "five:1")
    made = cli.ok("create", "--name", "c", "-v", "data:/vol", "five:1")
    upper = cli.root / "containers" / str(made["id"]) / "upper"
    (upper / "srv/d").mkdir(parents=True)
    (upper / "srv/d/f").write_text("as it was")
    (upper / "srv/other").write_text("beside")
    return upper


def test_what_is_read_is_what_was_seen(cli: Cli, upper: Path) -> None:
    volume = cli.root / "volumes" / "data" / "_data"
    (volume / "f").write_text("in the volume")
    store = Store.open(cli.root)
    for path, file in ((b"/srv/d/f", upper / "srv/d/f"), (b"/vol/f", volume / "f")):
        before = file.read_bytes()
        seen = open_seen("c", path, store, follow=True)
        file.write_text("more than there was before")
        assert b"".join(read_file(seen.image, seen.path)) == before
        file.unlink()
        assert b"".join(read_file(seen.image, seen.path)) == before


def test_only_what_is_asked_for_is_read(cli: Cli, upper: Path) -> None:
    seen = open_seen("c", b"/srv/d/../d", Store.open(cli.root))
    top = seen.image.layer(5)
    assert top is not None
    assert [top.path(row) for row in range(len(top))] == [b"", b"srv", b"srv/d", b"srv/d/f"]
    assert (seen.path, seen.image.layer_count, seen.mounts) == (b"/srv/d", 6, None)
    assert open_seen("c", b"/", Store.open(cli.root)).mounts == 6
