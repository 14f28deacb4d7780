"""One image, every form that it can come in: the same image each time."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from layerscope.index.ingest import index_layer
from layerscope.index.layer import LayerIndex
from layerscope.oci.digest import Digest
from layerscope.sources.image import Image
from layerscope.sources.save import SaveFormat, save_images
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from sample_images.archives import GZIP, ZSTD, Blob, Layer
from tests.support.fake_registry import fake_registry
from tests.support.fake_storage import write_storage
from tests.support.images import (
    BASE,
    TOP,
    docker_25_members,
    docker_members,
    image,
    oci_members,
    write_folder,
    write_tar,
)
from tests.support.stores import faults, load

PLAIN = image("app:1")
ZIPPED = image(
    "app:1",
    layers=[
        Layer(Blob(BASE), Blob(gzip.compress(BASE)), GZIP),
        Layer(Blob(TOP), Blob(zstandard.compress(TOP)), ZSTD),
    ],
)


def _packed(path: Path, pack: Callable[[bytes], bytes]) -> str:
    plain = write_tar(path.with_suffix(".plain"), docker_members(PLAIN)).read_bytes()
    path.write_bytes(pack(plain))
    return f"docker-archive:{path}"


def _saved(path: Path, form: SaveFormat) -> str:
    store = Store.open(path.with_name("maker"))
    load(store, write_tar(path.with_name("maker.tar"), oci_members(ZIPPED)))
    save_images(store, ["app:1"], path, form)
    return f"{form.value}:{path}"


def _stored_by_podman(root: Path) -> str:
    write_storage(root, PLAIN, domain="docker.io/library")
    return f"containers-storage:[overlay@{root}]app:1"


FORMS: dict[str, Callable[[Path], str]] = {
    "docker-archive": lambda p: f"docker-archive:{write_tar(p, docker_members(PLAIN))}:app:1",
    "docker-archive of docker 25": lambda p: (
        f"docker-archive:{write_tar(p, docker_25_members(PLAIN))}"
    ),
    "docker-archive in gzip": lambda p: _packed(p, gzip.compress),
    "docker-archive in zstd": lambda p: _packed(p, zstandard.compress),
    "docker-archive with compressed layers": lambda p: (
        f"docker-archive:{write_tar(p, docker_25_members(ZIPPED))}"
    ),
    "oci-archive": lambda p: f"oci-archive:{write_tar(p, oci_members(ZIPPED))}:app:1",
    "oci": lambda p: f"oci:{write_folder(p, oci_members(ZIPPED))}:app:1",
    "bare file": lambda p: str(write_tar(p, docker_members(PLAIN))),
    "bare folder": lambda p: str(write_folder(p, oci_members(ZIPPED))),
    "containers-storage": _stored_by_podman,
    "saved docker-archive": lambda p: _saved(p, SaveFormat.DOCKER_ARCHIVE),
    "saved oci-archive": lambda p: _saved(p, SaveFormat.OCI_ARCHIVE),
    "saved oci": lambda p: _saved(p, SaveFormat.OCI),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store.open(tmp_path / "store")


@pytest.fixture(params=[*FORMS, "the store", "a registry"])
def opened(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Image]:
    """The image, opened from one of the forms."""
    if request.param == "the store":
        load(store, FORMS["oci"](tmp_path / "image"))
        yield open_target("app:1", store)
    elif request.param == "a registry":
        with fake_registry() as registry:
            registry.add("app", "1", ZIPPED)
            yield open_target(f"docker://{registry.address}/app:1", store)
    else:
        yield open_target(FORMS[request.param](tmp_path / "image"), store)


def test_documents_are_the_same(opened: Image) -> None:
    assert opened.id.hex == PLAIN.config.sha256
    assert [name.rpartition("/")[2] for name in opened.names] == ["app:1"]
    assert opened.config_bytes == PLAIN.config.content
    assert opened.config.config.cmd == ("sh",)
    assert [step.layer for step in opened.config.steps] == [0, 1, None]


def test_documents_belong_together(opened: Image) -> None:
    assert opened.id == Digest.of(opened.config_bytes)
    assert (opened.manifest is None) == (opened.manifest_bytes is None)
    if opened.manifest is not None:
        assert opened.manifest.config.digest == opened.id
        assert tuple(layer.descriptor for layer in opened.layers) == opened.manifest.layers


def test_layers_are_the_same(opened: Image, tmp_path: Path) -> None:
    assert [layer.diff_id for layer in opened.layers] == [Digest.of(BASE), Digest.of(TOP)]
    for number, layer in enumerate(opened.layers):
        place = tmp_path / f"index-{number}"
        promised = layer.descriptor.digest if layer.descriptor else None
        with layer.open() as raw:
            index_layer(raw, lambda _, p=place: p, digest=promised, diff_id=layer.diff_id)  # type: ignore[misc]
        assert LayerIndex.open(place).facts.size == (5007, 11)[number]


def test_layers_lie_where_they_say(opened: Image) -> None:
    for layer in opened.layers:
        with layer.open() as raw:
            data = raw.read()
        assert layer.size == len(data)
        if layer.place is not None:
            with layer.place.open() as raw:
                assert raw.read() == data
        if layer.descriptor is not None:
            assert layer.descriptor.digest == Digest.of(data)


def test_every_form_can_be_loaded(opened: Image, store: Store) -> None:
    from layerscope.sources.load import load_image

    loaded = load_image(opened, store).image
    assert (loaded.id, loaded.names, loaded.size) == (opened.id, opened.names, 5018)
    if opened.manifest_bytes is not None:
        assert store.blobs.read(loaded.manifest.digest) == opened.manifest_bytes
    assert faults(store) == []
