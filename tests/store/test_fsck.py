"""Whatever is damaged is found, named, and mended where that can be."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from layerscope.oci.digest import Digest
from layerscope.store import fsck_images
from layerscope.store.fsck import fsck
from layerscope.store.store import Store
from sample_images.archives import GZIP, Blob, Layer
from tests.support.images import BASE, TOP, image, oci_members, write_tar
from tests.support.stores import faults, load, load_new


@pytest.fixture
def full(store: Store) -> Store:
    """A store with an image of a plain layer and one with a gzip layer on top of the same."""
    load_new(store, image("plain:1"))
    zipped = Layer(Blob(TOP + bytes(10240)), Blob(gzip.compress(TOP + bytes(10240))), GZIP)
    archive = write_tar(
        store.root.with_name("gzip.tar"), oci_members(image("gzip:1", layers=[BASE, zipped]))
    )
    load(store, archive)
    return store


def gzip_blob(store: Store) -> Path:
    image_layers = store.manifest(store.resolve("gzip:1")).layers
    return store.blobs.path(image_layers[1].digest)


def base_blob(store: Store) -> Path:
    return store.blobs.path(Digest.of(BASE))


def config_blob(store: Store) -> Path:
    return store.blobs.path(store.resolve("plain:1").id)


def manifest_blob(store: Store) -> Path:
    return store.blobs.path(store.resolve("plain:1").manifest.digest)


def run(store: Store, statement: str) -> None:
    with store.database.write() as tx:
        tx.execute("PRAGMA defer_foreign_keys = ON")
        tx.execute(statement)


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def index(store: Store) -> Path:
    return store.layer_dir(Digest.of(BASE)) / "index"


ZEROS = Path("blobs", "sha256", "0" * 64)
Damage = Callable[[Store], object]

DAMAGES: dict[str, tuple[Damage, str]] = {
    "a layer's bytes": (lambda s: flip(base_blob(s)), "its bytes have the digest"),
    "a gzip layer's bytes": (lambda s: flip(gzip_blob(s)), "its bytes have the digest"),
    "a config's bytes": (lambda s: flip(config_blob(s)), "its bytes have the digest"),
    "a layer cut short": (lambda s: base_blob(s).write_bytes(BASE[:700]), "its bytes have"),
    "a missing layer": (lambda s: base_blob(s).unlink(), "of layer 0 is missing"),
    "a missing gzip layer": (lambda s: gzip_blob(s).unlink(), "of layer 1 is missing"),
    "a missing config": (lambda s: config_blob(s).unlink(), "it is not in the store"),
    "a missing manifest": (lambda s: manifest_blob(s).unlink(), "it is not in the store"),
    "a foreign file": (lambda s: (s.root / "blobs/notes.txt").write_text("x"), "it is no blob"),
    "a folder as a blob": (lambda s: (s.root / ZEROS).mkdir(), "it is no blob"),
    "an index's bytes": (lambda s: flip(index(s)), "its index: "),
    "an index cut short": (lambda s: index(s).write_bytes(b"LSLAYER2"), "its index: "),
    "a stray folder": (lambda s: (s.root / "layers/nonsense").mkdir(), "it is no layer's"),
    "index.json": (lambda s: (s.root / "index.json").write_text("{}"), "it lists other images"),
    "no index.json": (lambda s: (s.root / "index.json").unlink(), "it lists other images"),
    "oci-layout": (lambda s: (s.root / "oci-layout").write_text(""), "missing or damaged"),
    "a layer's size": (lambda s: run(s, "UPDATE layers SET size = 1"), "the database has 1 bytes"),
    "an image's layers": (
        lambda s: run(s, "DELETE FROM image_layers WHERE position = 1"),
        "other layers for it than its config",
    ),
    "a manifest's blobs": (
        lambda s: run(s, "UPDATE manifest_blobs SET size = 1 WHERE position = 1"),
        "other blobs for it than its manifest",
    ),
    "what a blob holds": (
        lambda s: run(s, "DELETE FROM layer_blobs WHERE codec = 'gzip'"),
        "was not seen to hold",
    ),
    "a name": (lambda s: run(s, "UPDATE names SET name = 'No!' || name"), "it is no image's name"),
    "no manifest": (lambda s: run(s, "DELETE FROM manifests"), "it has no manifest"),
}


def test_a_whole_store_is_clean(full: Store) -> None:
    assert fsck(full) == []
    assert fsck(full, repair=True) == []


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_found_and_mended(full: Store, what: str) -> None:
    damage, why = DAMAGES[what]
    damage(full)
    found = fsck(full)
    assert any(why in fault.why for fault in found), found
    assert not any(fault.mended for fault in found)
    assert all(fault.mended for fault in fsck(full, repair=True))
    assert fsck(full) == []
    full.collect()
    assert fsck(full) == []


def test_images_are_named_whose_blob_is_damaged(full: Store) -> None:
    flip(base_blob(full))
    text = "\n".join(faults(full))
    assert "image plain:1: the blob" in text
    assert "image gzip:1: the blob" in text
    assert "of layer 0 is damaged" in text


def test_a_mended_store_takes_the_image_again(full: Store) -> None:
    flip(base_blob(full))
    fsck(full, repair=True)
    assert full.images() == []
    load_new(full, image("plain:1"))
    assert faults(full) == []


def test_a_blob_that_holds_another_layer_is_found(full: Store) -> None:
    run(full, f"UPDATE layer_blobs SET diff_id = '{Digest.of(BASE)}' WHERE codec = 'gzip'")
    assert any("the layer in it has the diffID" in line for line in faults(full))


def test_an_image_in_use_is_not_taken_away(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerscope.store.users.IMAGE_USERS", ("SELECT id, 'c' FROM images",))
    base_blob(full).unlink()
    found = fsck(full, repair=True)
    assert found
    assert not any(fault.mended for fault in found)
    assert len(full.images()) == 2


def test_a_user_whose_image_is_gone_is_found(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fsck_images, "IMAGE_USERS", ("SELECT 'sha256:1', 'container x'",))
    assert faults(full) == ["container x: its image sha256:1 is missing"]


def test_garbage_is_no_fault(full: Store) -> None:
    with full.hold() as hand:
        full.blobs.put(b"loose", hand)
    (full.root / "tmp" / "hand-dead").mkdir()
    (full.root / "tmp" / "spool" / "copy").write_bytes(b"x")
    assert faults(full) == []
