"""Images, their names and IDs."""

from __future__ import annotations

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest
from layerscope.oci.reference import InvalidReference
from layerscope.store.adding import IncompleteImage
from layerscope.store.blobs import MissingBlob
from layerscope.store.images import AmbiguousImage, NoSuchImage
from layerscope.store.store import Store
from tests.support.images import BASE, TOP, image, oci_members, write_tar
from tests.support.stores import faults, load, load_new


def test_a_loaded_image_is_listed_with_its_sizes(store: Store) -> None:
    made = image("b", "a:1")
    loaded = load_new(store, made).image
    assert store.images() == [loaded]
    assert loaded.id.hex == made.config.sha256
    assert loaded.names == ("a:1", "b:latest")
    assert loaded.created == "2024-01-02T03:04:05Z"
    assert [layer.diff_id for layer in loaded.layers] == [Digest.of(BASE), Digest.of(TOP)]
    assert [layer.size for layer in loaded.layers] == [5007, 11]
    assert [layer.tar_size for layer in loaded.layers] == [len(BASE), len(TOP)]
    assert loaded.size == 5018


def test_images_are_found_by_name_and_id(store: Store) -> None:
    loaded = load_new(store, image("example:1", "ghcr.io/a/b:2")).image
    names = ("example:1", "docker.io/library/example:1", "ghcr.io/a/b:2")
    ids = (loaded.id.hex[:1], loaded.id.short, loaded.id.hex, str(loaded.id))
    by_digest = f"example@{loaded.manifest.digest}"
    for text in (*names, *ids, by_digest):
        assert store.resolve(text) == loaded


@pytest.mark.parametrize(
    "text", ["nope", "example", "example:2", "", "sha256:", "g", "0" * 64, "a b", "\x1b[31m", "%"]
)
def test_what_is_not_there_is_told(store: Store, text: str) -> None:
    load_new(store, image("example:1"))
    with pytest.raises(NoSuchImage) as caught:
        store.resolve(text)
    assert "\x1b" not in str(caught.value)


def test_an_id_prefix_of_several_images_is_told(store: Store) -> None:
    firsts: set[str] = set()
    for number in range(17):
        loaded = load_new(store, image(note=f"{number}")).image
        if loaded.id.hex[0] in firsts:
            with pytest.raises(AmbiguousImage, match="several images"):
                store.resolve(loaded.id.hex[0])
            return
        firsts.add(loaded.id.hex[0])


def test_a_name_goes_before_an_id(store: Store) -> None:
    one = load_new(store, image("one:1")).image
    two = load_new(store, image(f"{one.id.hex[:6]}:latest", note="two")).image
    assert store.resolve(one.id.hex[:6]) == two


def test_a_name_moves_to_the_image_that_is_loaded_last(store: Store) -> None:
    old = load_new(store, image("app:1")).image
    new = load_new(store, image("app:1", note="new")).image
    assert store.resolve("app:1") == new
    assert store.resolve(str(old.id)).names == ()
    assert faults(store) == []


def test_tagging_gives_one_more_name(store: Store) -> None:
    load_new(store, image("app:1"))
    store.tag("app:1", "ghcr.io/me/app")
    assert store.images()[0].names == ("app:1", "ghcr.io/me/app:latest")
    for wrong in ("Not A Name", f"app@{Digest.of(BASE)}"):
        with pytest.raises(InvalidReference):
            store.tag("app:1", wrong)
    with pytest.raises(NoSuchImage):
        store.tag("nope", "app:2")
    assert faults(store) == []


def test_one_image_in_two_forms_is_one_image(store: Store) -> None:
    made = image("plain:1")
    plain = load_new(store, made).image
    config = made.config.content
    assert isinstance(config, bytes)
    manifest = store.manifest(plain)
    other = Manifest(
        Descriptor("application/vnd.docker.container.image.v1+json", plain.id, len(config)),
        manifest.layers,
        "application/vnd.docker.distribution.manifest.v2+json",
    )
    store.add_image(other.to_bytes(), ["docker:1"])

    (listed,) = store.images()
    assert listed.names == ("docker:1", "plain:1")
    assert store.resolve("plain:1").manifest.digest == plain.manifest.digest
    assert store.resolve("docker:1").manifest.digest == Digest.of(other.to_bytes())
    assert faults(store) == []
    store.remove_image("docker:1")
    assert store.images() == [plain]
    assert faults(store) == []


def test_an_image_without_its_parts_is_refused(store: Store) -> None:
    layer = Descriptor("application/vnd.oci.image.layer.v1.tar", Digest.of(BASE), len(BASE))
    config = ImageConfig.parse(b'{"rootfs": {"diff_ids": ["%s"]}}' % str(layer.digest).encode())
    config_bytes = config.to_bytes()
    described = Descriptor.of("application/vnd.oci.image.config.v1+json", config_bytes)
    whole = Manifest(described, (layer,)).to_bytes()
    with pytest.raises(MissingBlob):
        store.add_image(whole)
    with store.hold() as hand:
        store.blobs.put(config_bytes, hand)
        with pytest.raises(MissingBlob):
            store.add_image(whole)
        store.blobs.put(BASE, hand)
        with pytest.raises(IncompleteImage, match="not seen to hold it"):
            store.add_image(whole)
        with pytest.raises(IncompleteImage, match="has 0 layers, the config 1"):
            store.add_image(Manifest(described, ()).to_bytes())
        with pytest.raises(LayerscopeError, match="no JSON"):
            store.add_image(b"nonsense")
    assert store.images() == []
    assert faults(store) == []


def test_parents_are_kept(store: Store) -> None:
    base = load_new(store, image("base:1", layers=[BASE])).image
    top = load_new(store, image("top:1")).image
    manifest = store.blobs.read(top.manifest.digest)
    assert store.add_image(manifest, parent=base.id).parent == base.id
    assert store.add_image(manifest).parent == base.id


def test_images_from_an_oci_archive_have_its_manifest(store: Store) -> None:
    made = image("oci:1")
    archive = write_tar(store.root.with_name("oci.tar"), oci_members(made))
    loaded = load(store, archive).image
    assert loaded.manifest.digest.hex == made.manifest.sha256
