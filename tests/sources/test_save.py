"""Saving: what other tools take, the same bytes each time, nothing lost on the way."""

from __future__ import annotations

import errno
import gzip
import json
import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
import zstandard

from layerscope.errors import Cancelled
from layerscope.oci.descriptor import REF_NAME
from layerscope.oci.digest import Digest
from layerscope.progress import Silent
from layerscope.sources.save import BadDestination, SaveFormat, save_images
from layerscope.sources.target import open_target
from layerscope.store.blobs import MissingBlob, WrongDigest
from layerscope.store.images import NoSuchImage
from layerscope.store.store import Store
from sample_images.archives import GZIP, ZSTD, Blob, Layer
from tests.support.images import BASE, TOP, Members, image, oci_members, write_folder, write_tar
from tests.support.stores import faults, load, load_new

DOCKER, ARCHIVE, FOLDER = SaveFormat.DOCKER_ARCHIVE, SaveFormat.OCI_ARCHIVE, SaveFormat.OCI
MIXED = image(
    "mixed:1",
    "other/name:2",
    layers=[
        Layer(Blob(BASE), Blob(gzip.compress(BASE, mtime=0)), GZIP),
        Layer(Blob(TOP), Blob(zstandard.compress(TOP)), ZSTD),
    ],
)


@pytest.fixture
def mixed(store: Store) -> Store:
    """A store with an image of a gzip and a zstd layer."""
    load(store, write_tar(store.root.with_name("mixed.tar"), oci_members(MIXED)))
    return store


def members(path: Path) -> Members:
    with tarfile.open(path) as archive:
        streams = {member.name: archive.extractfile(member) for member in archive}
        return {name: stream.read() for name, stream in streams.items() if stream}


def blobs(data: Members) -> Members:
    return {name: bytes_ for name, bytes_ in data.items() if name.startswith("blobs/")}


def folder_blobs(folder: Path) -> Members:
    found = (path for path in folder.rglob("*") if path.is_file())
    return blobs({str(path.relative_to(folder)): path.read_bytes() for path in found})


@pytest.mark.parametrize("form", [ARCHIVE, FOLDER])
def test_oci_through_the_store_keeps_every_byte(
    mixed: Store, tmp_path: Path, form: SaveFormat
) -> None:
    out = tmp_path / "out"
    save_images(mixed, ["mixed:1"], out, form)
    saved = folder_blobs(out) if form is FOLDER else blobs(members(out))
    assert saved == blobs(oci_members(MIXED))
    found = open_target(f"{form.value}:{out}", mixed)
    assert (found.id.hex, found.names) == (MIXED.config.sha256, ("mixed:1",))


def test_a_docker_archive_has_plain_layers(mixed: Store, tmp_path: Path) -> None:
    save_images(mixed, ["mixed:1"], tmp_path / "out.tar", DOCKER)
    saved = members(tmp_path / "out.tar")
    (item,) = json.loads(saved["manifest.json"])
    assert item["RepoTags"] == ["mixed:1"]
    assert Digest.of(saved[item["Config"]]).hex == MIXED.config.sha256
    assert [saved[layer] for layer in item["Layers"]] == [BASE, TOP]
    for name, data in blobs(saved).items():
        assert name == f"blobs/sha256/{Digest.of(data).hex}"


def test_a_docker_archive_is_a_layout_too(mixed: Store, tmp_path: Path) -> None:
    out = tmp_path / "out.tar"
    save_images(mixed, ["mixed:1"], out, DOCKER)
    for transport in ("docker-archive", "oci-archive"):
        found = open_target(f"{transport}:{out}", mixed)
        assert (found.id.hex, found.names) == (MIXED.config.sha256, ("mixed:1",))
        for layer, data in zip(found.layers, (BASE, TOP), strict=True):
            with layer.open() as reader:
                assert reader.read() == data


@pytest.mark.parametrize("form", [DOCKER, ARCHIVE])
def test_the_same_images_give_the_same_bytes(
    mixed: Store, tmp_path: Path, form: SaveFormat
) -> None:
    load_new(mixed, image("plain:1"))
    names = ["mixed:1", "plain:1", "other/name:2"]
    save_images(mixed, names, tmp_path / "one", form)
    again = Store.open(tmp_path / "again")
    load(again, write_tar(tmp_path / "mixed.tar", oci_members(MIXED)))
    load_new(again, image("plain:1"))
    save_images(again, names, tmp_path / "two", form)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_docker_to_docker_keeps_the_id(store: Store, tmp_path: Path) -> None:
    loaded = load_new(store, image("app:1")).image
    save_images(store, ["app:1"], tmp_path / "out.tar", DOCKER)
    other = Store.open(tmp_path / "other")
    again = load(other, tmp_path / "out.tar").image
    assert (again.id, again.manifest, again.names) == (loaded.id, loaded.manifest, ("app:1",))


def test_shared_layers_are_written_once(store: Store, tmp_path: Path) -> None:
    load_new(store, image("base:1", layers=[BASE]))
    load_new(store, image("top:1"))
    save_images(store, ["base:1", "top:1"], tmp_path / "out.tar", DOCKER)
    with tarfile.open(tmp_path / "out.tar") as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))
    assert names[:4] == ["index.json", "manifest.json", "oci-layout", "blobs"]


def test_several_names_of_one_image_are_one_item(mixed: Store, tmp_path: Path) -> None:
    save_images(mixed, ["mixed:1", "other/name:2"], tmp_path / "out.tar", DOCKER)
    (item,) = json.loads(members(tmp_path / "out.tar")["manifest.json"])
    assert item["RepoTags"] == ["mixed:1", "other/name:2"]


@pytest.mark.parametrize("form", [DOCKER, ARCHIVE])
def test_by_id_no_name_is_saved(mixed: Store, tmp_path: Path, form: SaveFormat) -> None:
    save_images(mixed, [MIXED.config.sha256[:12]], tmp_path / "out.tar", form)
    assert open_target(str(tmp_path / "out.tar"), mixed).names == ()


def index(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "index.json").read_text())
    return document


def test_a_layout_keeps_what_it_has(store: Store, tmp_path: Path) -> None:
    theirs = image("theirs:1", note="theirs")
    folder = write_folder(tmp_path / "layout", oci_members(theirs))
    document = index(folder)
    document["manifests"][0]["artifactType"] = "something/unknown"
    document["annotations"] = {"a": "b"}
    (folder / "index.json").write_text(json.dumps(document))
    load_new(store, image("ours:1"))
    for _ in range(2):
        save_images(store, ["ours:1"], folder, FOLDER)
    assert index(folder)["annotations"] == {"a": "b"}
    first, second = index(folder)["manifests"]
    assert first == document["manifests"][0]
    assert second["annotations"][REF_NAME] == "ours:1"
    for name, made in (("theirs:1", theirs), ("ours:1", image("ours:1"))):
        assert open_target(f"oci:{folder}:{name}", store).id.hex == made.config.sha256


def test_a_name_in_a_layout_moves(store: Store, tmp_path: Path) -> None:
    load_new(store, image("app:1"))
    save_images(store, ["app:1"], tmp_path / "layout", FOLDER)
    new = load_new(store, image("app:1", note="new")).image
    save_images(store, ["app:1"], tmp_path / "layout", FOLDER)
    assert len(index(tmp_path / "layout")["manifests"]) == 1
    assert open_target(f"oci:{tmp_path}/layout", store).id == new.id


def test_a_folder_of_other_things_is_left_alone(mixed: Store, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {"thesis.txt": b"mine"})
    with pytest.raises(BadDestination, match="neither empty nor an OCI layout"):
        save_images(mixed, ["mixed:1"], folder, FOLDER)
    for form in (DOCKER, ARCHIVE):
        with pytest.raises(BadDestination, match="it is a folder"):
            save_images(mixed, ["mixed:1"], folder, form)
    assert os.listdir(folder) == ["thesis.txt"]


def test_a_pipe_is_written_to(mixed: Store, tmp_path: Path) -> None:
    save_images(mixed, ["mixed:1"], tmp_path / "file", ARCHIVE)
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    save_images(mixed, ["mixed:1"], tmp_path / "pipe", ARCHIVE)
    reader.join()
    assert got == [(tmp_path / "file").read_bytes()]


def damage(store: Store) -> None:
    file = store.blobs.path(store.manifest(store.resolve("mixed:1")).layers[0].digest)
    data = bytearray(file.read_bytes())
    data[-5] ^= 1
    file.write_bytes(data)


def test_damage_is_not_passed_on(mixed: Store, tmp_path: Path) -> None:
    damage(mixed)
    before = os.listdir(tmp_path)
    with pytest.raises(WrongDigest):
        save_images(mixed, ["mixed:1"], tmp_path / "out.tar", ARCHIVE)
    assert os.listdir(tmp_path) == before


def test_what_is_not_there_cannot_be_saved(mixed: Store, tmp_path: Path) -> None:
    with pytest.raises(NoSuchImage):
        save_images(mixed, ["mixed:1", "nope"], tmp_path / "out.tar", DOCKER)
    with pytest.raises(BadDestination, match="no such file"):
        save_images(mixed, ["mixed:1"], tmp_path / "nowhere" / "out.tar", DOCKER)
    mixed.blobs.path(mixed.manifest(mixed.resolve("mixed:1")).layers[0].digest).unlink()
    for form in (DOCKER, ARCHIVE):
        with pytest.raises(MissingBlob):
            save_images(mixed, ["mixed:1"], tmp_path / "out.tar", form)
    assert not (tmp_path / "out.tar").exists()


class Stops(Silent):
    """Progress of somebody who has had enough."""

    def check(self) -> None:
        raise Cancelled


def test_who_has_had_enough_keeps_the_old_file(mixed: Store, tmp_path: Path) -> None:
    (tmp_path / "out.tar").write_bytes(b"old")
    with pytest.raises(Cancelled):
        save_images(mixed, ["mixed:1"], tmp_path / "out.tar", DOCKER, Stops())
    assert (tmp_path / "out.tar").read_bytes() == b"old"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".out")]


def test_a_layout_that_was_not_finished_is_finished(mixed: Store, tmp_path: Path) -> None:
    class StopsLate(Silent):
        def check(self) -> None:
            if (tmp_path / "out/blobs").exists():
                raise Cancelled

    with pytest.raises(Cancelled):
        save_images(mixed, ["mixed:1"], tmp_path / "out", FOLDER, StopsLate())
    assert sorted(os.listdir(tmp_path / "out")) == ["blobs", "oci-layout"]
    save_images(mixed, ["mixed:1"], tmp_path / "out", FOLDER)
    assert open_target(f"oci:{tmp_path}/out", mixed).id.hex == MIXED.config.sha256


def test_the_longest_name_that_there_is(mixed: Store, tmp_path: Path) -> None:
    save_images(mixed, ["mixed:1"], tmp_path / ("日" * 85), DOCKER)
    assert (tmp_path / ("日" * 85)).is_file()


@pytest.mark.parametrize("form", [DOCKER, FOLDER])
def test_a_destination_that_is_full_is_not_the_stores_fault(
    mixed: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: SaveFormat
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("layerscope.sources.save.write_all", full)
    with pytest.raises(BadDestination, match="out: no space left on device") as caught:
        save_images(mixed, ["mixed:1"], tmp_path / "out", form)
    assert caught.value.hint is None
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]


def test_who_reads_a_pipe_may_leave(mixed: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)

    class Leaves(Silent):
        def begin(self, task: str, total: int | None) -> None:
            os.close(reader)

    with pytest.raises(BrokenPipeError):
        save_images(mixed, ["mixed:1"], tmp_path / "pipe", DOCKER, Leaves())


def test_progress_counts_every_byte(mixed: Store, tmp_path: Path) -> None:
    told: list[tuple[int | None, int]] = []

    class Listens(Silent):
        total: int | None = None

        def begin(self, task: str, total: int | None) -> None:
            self.total = total

        def advance(self, task: str, done: int) -> None:
            told.append((self.total, done))

    save_images(mixed, ["mixed:1"], tmp_path / "out.tar", DOCKER, Listens())
    total, done = told[-1]
    assert total == done > 0
    assert faults(mixed) == []
