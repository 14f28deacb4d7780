"""Loading what comes through a pipe: as the file would be, and nothing stays of it."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from layerscope.errors import LayerscopeError
from layerscope.store.store import Store
from layerscope.usecases.load import load
from tests.support.images import docker_members, image, oci_members, write_tar

ONE, OTHER = image("one:1"), image("other:1", note="other")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def piped(store: Store, data: bytes, target: str = "PIPE") -> tuple[str, ...]:
    """Load what a pipe gives; the names."""
    ours, theirs = os.pipe()

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), open(theirs, "wb") as out:
            out.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return load(store, target.replace("PIPE", f"/dev/fd/{ours}")).names
    finally:
        os.close(ours)
        writer.join()
        assert list((store.root / "tmp").glob("hand-*")) == []
        assert list((store.root / "tmp" / "spool").iterdir()) == []


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("members", [docker_members(ONE), oci_members(ONE)], ids=["docker", "oci"])
def test_an_archive(
    store: Store, tmp_path: Path, members: dict[str, bytes], is_compressed: bool
) -> None:
    data = write_tar(tmp_path / "image.tar", members).read_bytes()
    assert piped(store, gzip.compress(data) if is_compressed else data) == ("one:1",)


def test_one_of_several_images(store: Store, tmp_path: Path) -> None:
    data = write_tar(tmp_path / "two.tar", docker_members(ONE, OTHER)).read_bytes()
    with pytest.raises(LayerscopeError) as caught:
        piped(store, data)
    assert caught.value.what.startswith("/dev/fd/")
    assert caught.value.hint == f"docker-archive:{caught.value.what}:one:1"
    assert piped(store, data, "docker-archive:PIPE:other:1") == ("other:1",)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is empty"),
        (b"text", "it is cut off"),
        (gzip.compress(os.urandom(5000))[:2000], "gzip data: it ends too early"),
    ],
    ids=["nothing", "text", "cut"],
)
def test_what_is_no_image_is_one_line(store: Store, data: bytes, told: str) -> None:
    with pytest.raises(LayerscopeError, match=told):
        piped(store, data)


def test_standard_input(tmp_path: Path) -> None:
    data = write_tar(tmp_path / "image.tar", docker_members(ONE)).read_bytes()
    words = [sys.executable, "-m", "layerscope", "--root", str(tmp_path / "store"), "load", "-"]
    done = subprocess.run(words, input=data, capture_output=True, check=True)
    assert done.stdout.startswith(b"Loaded one:1 (2 layers;")
