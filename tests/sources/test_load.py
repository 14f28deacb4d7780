"""Loading: only what is missing, everything verified, all of it or nothing."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import pytest
import zstandard

from layerscope.archive.codec import Codec
from layerscope.errors import Cancelled, LayerscopeError
from layerscope.index.layer import LayerIndex
from layerscope.oci import media
from layerscope.oci.digest import Digest
from layerscope.progress import Silent
from layerscope.sources.load import load_image
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from sample_images.archives import GZIP, ZSTD, Blob, Layer
from sample_images.archives import Image as Made
from tests.support.images import (
    BASE,
    TOP,
    Members,
    docker_members,
    image,
    oci_members,
    write_folder,
    write_tar,
)
from tests.support.layers import file, tar
from tests.support.stores import faults, files, load, load_new


def zipped(data: bytes) -> Layer:
    return Layer(Blob(data), Blob(gzip.compress(data, mtime=0)), GZIP)


def write(store: Store, members: Members, name: str = "image.tar") -> Path:
    return write_tar(store.root.with_name(name), members)


def test_a_first_load_brings_everything(store: Store) -> None:
    made = image("app:1")
    loaded = load_new(store, made)
    assert (loaded.blobs_added, loaded.blobs_shared) == (4, 0)
    manifest = store.blobs.size(loaded.image.manifest.digest)
    assert loaded.bytes_added == len(BASE) + len(TOP) + made.config.size + manifest
    assert faults(store) == []


def test_a_second_load_brings_nothing(store: Store) -> None:
    load_new(store, image("app:1"))
    again = load_new(store, image("app:1"))
    assert (again.blobs_added, again.bytes_added, again.blobs_shared) == (0, 0, 4)


def test_shared_layers_are_kept_once(store: Store) -> None:
    load_new(store, image("base:1", layers=[BASE]))
    loaded = load_new(store, image("top:1"))
    assert (loaded.blobs_added, loaded.blobs_shared) == (3, 1)


def test_a_layer_that_is_listed_twice_is_read_once(store: Store) -> None:
    loaded = load_new(store, image("twice:1", layers=[BASE, TOP, BASE]))
    assert loaded.blobs_added == 4
    assert [layer.size for layer in loaded.image.layers] == [5007, 11, 5007]
    assert faults(store) == []


def test_an_image_without_layers(store: Store) -> None:
    loaded = load(store, write(store, oci_members(image("empty:1", layers=[]))))
    assert (loaded.blobs_added, loaded.image.size) == (2, 0)
    assert faults(store) == []


def test_layers_are_indexed_as_they_come(store: Store) -> None:
    loaded = load_new(store, image("app:1")).image
    for layer in loaded.layers:
        index = LayerIndex.open(store.layer_dir(layer.diff_id) / "index")
        assert index.facts.size == layer.size


def test_every_codec_keeps_its_bytes(store: Store) -> None:
    packed = Layer(Blob(TOP), Blob(zstandard.compress(TOP)), ZSTD)
    made = image("mixed:1", layers=[zipped(BASE), packed])
    loaded = load(store, write(store, oci_members(made))).image
    assert loaded.manifest.digest.hex == made.manifest.sha256
    for layer in made.layers:
        blob = layer.blob.content
        assert isinstance(blob, bytes)
        assert store.blobs.read(Digest.of(blob)) == blob
    assert [layer.size for layer in loaded.layers] == [5007, 11]
    assert faults(store) == []


def test_a_docker_archive_shares_the_compressed_layer_that_is_there(store: Store) -> None:
    load(store, write(store, oci_members(image("oci:1", layers=[zipped(BASE)]))))
    loaded = load_new(store, image("docker:1"))
    assert (loaded.blobs_added, loaded.blobs_shared) == (3, 1)
    types = [layer.media_type for layer in store.manifest(loaded.image).layers]
    assert types == [media.OCI_LAYER_GZIP, media.OCI_LAYER]
    assert faults(store) == []


def test_an_oci_image_keeps_its_blob_though_the_layer_is_there(store: Store) -> None:
    load_new(store, image("docker:1"))
    made = image("docker:1", layers=[zipped(BASE), zipped(TOP)])
    loaded = load(store, write(store, oci_members(made)))
    assert loaded.image.manifest.digest.hex == made.manifest.sha256
    assert (loaded.blobs_added, loaded.blobs_shared) == (3, 1)
    assert len(store.images()) == 1
    assert faults(store) == []


@pytest.mark.parametrize(
    ("packed", "kept", "media_type"),
    [
        (gzip.compress(TOP, mtime=0), gzip.compress(TOP, mtime=0), media.OCI_LAYER_GZIP),
        (zstandard.compress(TOP), zstandard.compress(TOP), media.OCI_LAYER_ZSTD),
        (lzma.compress(TOP), TOP, media.OCI_LAYER),
    ],
)
def test_compressed_layers_in_a_docker_archive(
    store: Store, packed: bytes, kept: bytes, media_type: str
) -> None:
    members = docker_members(image("app:1"))
    name = f"{Digest.of(TOP).hex}/layer.tar"
    loaded = load(store, write(store, members | {name: packed})).image
    layer = store.manifest(loaded).layers[1]
    assert (layer.media_type, layer.digest, layer.size) == (media_type, Digest.of(kept), len(kept))
    assert store.blobs.read(layer.digest) == kept
    assert faults(store) == []


def test_a_root_file_system_becomes_an_image_of_one_layer(store: Store, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "rootfs", {"etc/motd": b"hello", "bin/sh": b"#!"})
    loaded = load(store, f"rootfs:{folder}", "root:1").image
    assert (loaded.names, loaded.size, len(loaded.layers)) == (("root:1",), 7, 1)
    assert store.config(loaded).history == ()
    assert faults(store) == []
    assert load(store, f"rootfs:{folder}").image.id == loaded.id


def test_a_tar_becomes_an_image_of_its_bytes(store: Store, tmp_path: Path) -> None:
    for data in (BASE, gzip.compress(BASE)):
        (tmp_path / "rootfs.tar").write_bytes(data)
        loaded = load(store, f"rootfs:{tmp_path}/rootfs.tar").image
        assert [layer.diff_id for layer in loaded.layers] == [Digest.of(BASE)]
    assert len(store.images()) == 1
    assert faults(store) == []


def test_names_given_replace_the_archive_s(store: Store) -> None:
    loaded = load_new(store, image("own:1"), "given", "also:2")
    assert loaded.image.names == ("also:2", "given:latest")


def test_what_was_looked_at_before_is_not_scanned_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_new(store, image("app:1"))
    store.remove_image("app:1")
    store.collect()
    path = write(store, docker_members(image("app:1")))
    load(store, path)
    kept = store.layer_dir(Digest.of(BASE)) / "index"
    data = kept.read_bytes()
    store.remove_image("app:1")
    store.collect()
    kept.parent.mkdir()
    kept.write_bytes(data)
    before = kept.stat()
    load(store, path)
    assert os.path.samestat(kept.stat(), before)
    assert faults(store) == []


class Stops(Silent):
    """Progress of somebody who has had enough."""

    def check(self) -> None:
        raise Cancelled


def other_bytes(made: Made, layer: bytes) -> Members:
    members = oci_members(made)
    name = f"blobs/sha256/{Digest.of(layer).hex}"
    data = bytearray(members[name])
    data[600] ^= 1
    return members | {name: bytes(data)}


def of_another_layer() -> Members:
    """A config that promises other diffIDs than its layers have."""
    lying = Layer(Blob(tar([file("something", b"else")])), Blob(gzip.compress(TOP)), GZIP)
    return oci_members(image("lying:1", layers=[BASE, lying]))


BROKEN: dict[str, tuple[Members, str]] = {
    "a wrong digest": (other_bytes(image("app:1"), TOP), "digest"),
    "a wrong diffID": (of_another_layer(), "diffID"),
    "a layer of nonsense": (
        docker_members(image("app:1", layers=[b"no tar" * 200, BASE])),
        "layer 0: ",
    ),
    "a layer cut short": (
        docker_members(image("app:1", layers=[BASE, TOP[:1400]])),
        "layer 1: ",
    ),
    "a gzip layer cut short": (
        oci_members(image("a:1", layers=[Layer(Blob(BASE), Blob(gzip.compress(BASE)[:-4]), GZIP)])),
        "gzip data: it ends too early",
    ),
    "a wrong layer in a docker-archive": (
        docker_members(image("app:1")) | {f"{Digest.of(TOP).hex}/layer.tar": BASE},
        "diffID",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_image_leaves_nothing_to_be_seen(store: Store, what: str) -> None:
    members, why = BROKEN[what]
    with pytest.raises(LayerscopeError, match=why) as caught:
        load(store, write(store, members))
    assert "\n" not in str(caught.value)
    assert store.images() == []
    assert faults(store) == []
    before = files(store.root)
    store.collect()
    assert {name for name in before if name.startswith("tmp")} == set()
    assert store.find_garbage().size == 0


def test_a_wrong_layer_is_told_also_when_its_blob_is_there(store: Store) -> None:
    load(store, write(store, oci_members(image("right:1", layers=[BASE, zipped(TOP)]))))
    lying = Layer(Blob(tar([file("something", b"else")])), zipped(TOP).blob, GZIP)
    with pytest.raises(LayerscopeError, match="holds the layer"):
        load(store, write(store, oci_members(image("lying:1", layers=[BASE, lying]))))
    assert [one.names for one in store.images()] == [("right:1",)]


def test_a_wrong_name_is_told(store: Store) -> None:
    with pytest.raises(LayerscopeError, match="no image name"):
        load_new(store, image("app:1"), "Not A Name")
    assert store.images() == []


def test_who_has_had_enough_leaves_nothing(store: Store) -> None:
    path = write(store, docker_members(image("app:1")))
    with pytest.raises(Cancelled):
        load_image(open_target(str(path), store), store, progress=Stops())
    assert store.images() == []
    store.collect()
    assert store.find_garbage().size == 0


def test_progress_is_told_a_layer(store: Store) -> None:
    told: list[tuple[str, str, int | None]] = []

    class Listens(Silent):
        def begin(self, task: str, total: int | None) -> None:
            told.append(("begin", task, total))

        def end(self, task: str) -> None:
            told.append(("end", task, None))

    path = write(store, docker_members(image("app:1")))
    load_image(open_target(str(path), store), store, progress=Listens())
    assert ("begin", "layer 0", len(BASE)) in told
    assert ("end", "layer 1", None) in told


def test_a_codec_is_a_word() -> None:
    """The database keeps the words; they must stay."""
    assert [codec.value for codec in Codec] == ["plain", "gzip", "zstd", "xz", "bzip2"]
