"""OCI image layouts, folders and archives: names, platforms, nested indexes, and what is wrong."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from layerscope.errors import LayerscopeError
from layerscope.oci import media
from layerscope.oci.descriptor import CONTAINERD_NAME, REF_NAME, Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import ImageIndex
from layerscope.oci.platform import NoSuchPlatform, Platform
from layerscope.sources.image import ChooseImage, Image, NotAnImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from sample_images.archives import GZIP, Blob, Layer
from sample_images.archives import Image as Made
from tests.support.images import BASE, TOP, Members, image, oci_members, write_folder, write_tar

ONE = image("one:1")
TWO = image("ghcr.io/me/two:2", note="two")
ARM, AMD, MIPS = (Platform.parse(f"linux/{name}") for name in ("arm64", "amd64", "mips"))


def opened(
    store: Store, members: Members, ref: str = "", platform: Platform | None = None
) -> Image:
    folder = write_folder(
        store.root.with_name(f"layout-{len(list(store.root.parent.iterdir()))}"), members
    )
    return open_target(f"oci:{folder}{ref}", store, platform)


def entry(made: Made, platform: Platform | None = None, **annotations: str) -> Descriptor:
    """How an index lists an image."""
    digest = Digest.parse(f"sha256:{made.manifest.sha256}")
    named = {key.replace("_", "."): value for key, value in annotations.items()}
    return Descriptor(media.OCI_MANIFEST, digest, made.manifest.size, platform, named)


def with_index(*made: Made, index: ImageIndex | bytes) -> Members:
    data = index if isinstance(index, bytes) else index.to_bytes()
    return oci_members(*made) | {"index.json": data}


def test_a_layout_is_read(store: Store) -> None:
    found = opened(store, oci_members(ONE))
    assert (found.names, found.id.hex) == (("one:1",), ONE.config.sha256)
    assert found.manifest_bytes == ONE.manifest.content
    assert [layer.diff_id for layer in found.layers] == [Digest.of(BASE), Digest.of(TOP)]
    with found.layers[0].open() as layer:
        assert layer.read() == BASE


def test_an_archive_is_read_in_place(store: Store, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", oci_members(ONE, TWO))
    found = open_target(f"oci-archive:{path}:one:1", store)
    place = found.layers[1].place
    assert place is not None
    assert place.path == path
    with place.open() as layer:
        assert layer.read() == TOP


def test_a_layer_is_what_it_is_whatever_its_media_type(store: Store) -> None:
    lying = Layer(Blob(BASE), Blob(gzip.compress(BASE)), media.OCI_LAYER)
    honest = Layer(Blob(TOP), Blob(gzip.compress(TOP)), GZIP)
    found = opened(store, oci_members(image("gz:1", layers=[lying, honest])))
    assert [layer.descriptor and layer.descriptor.media_type for layer in found.layers] == [
        media.OCI_LAYER,
        GZIP,
    ]


@pytest.mark.parametrize(
    ("ref", "made"),
    [
        (":one:1", ONE),
        (":docker.io/library/one:1", ONE),
        (":ghcr.io/me/two:2", TWO),
        (":2", TWO),
        (f":sha256:{TWO.manifest.sha256}", TWO),
        (f":{ONE.manifest.sha256[:12]}", ONE),
    ],
)
def test_one_of_several_is_chosen(store: Store, ref: str, made: Made) -> None:
    assert opened(store, oci_members(ONE, TWO), ref).id.hex == made.config.sha256


@pytest.mark.parametrize("ref", ["", ":three", ":one:2"])
def test_the_names_are_listed_where_none_fits(store: Store, ref: str) -> None:
    with pytest.raises(ChooseImage, match=r"there are: ghcr.io/me/two:2, one:1") as caught:
        opened(store, oci_members(ONE, TWO), ref)
    assert caught.value.hint
    assert caught.value.hint.startswith("oci:")


def test_one_tag_of_two_images_is_ambiguous(store: Store) -> None:
    with pytest.raises(ChooseImage):
        opened(store, oci_members(image("a:1"), image("b:1", note="b")), ":1")


def test_several_names_of_one_image_are_one_image(store: Store) -> None:
    assert opened(store, oci_members(image("a:1", "b:1"))).names == ("a:1", "b:1")


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({}, ()),
        ({REF_NAME: "v1.0"}, ("v1.0:latest",)),
        ({REF_NAME: "latest"}, ()),
        ({REF_NAME: "me/app:1"}, ("me/app:1",)),
        ({REF_NAME: "Not A Name"}, ()),
        ({REF_NAME: "1", CONTAINERD_NAME: "docker.io/me/app:1"}, ("me/app:1",)),
    ],
)
def test_names_come_from_annotations(
    store: Store, annotations: dict[str, str], names: tuple[str, ...]
) -> None:
    index = ImageIndex((Descriptor(media.OCI_MANIFEST, entry(ONE).digest, 1, None, annotations),))
    assert opened(store, with_index(ONE, index=index)).names == names


def several() -> Members:
    """One image for two platforms, each behind an attestation, in a nested index."""
    attestation = entry(ONE, Platform("unknown", "unknown"))
    attestation = Descriptor(
        attestation.media_type,
        Digest.of(b"not there"),
        1,
        attestation.platform,
        {"vnd.docker.reference.type": "attestation-manifest"},
    )
    inner = ImageIndex((attestation, entry(ONE, ARM), entry(TWO, AMD))).to_bytes()
    middle = ImageIndex((Descriptor.of(media.OCI_INDEX, inner),)).to_bytes()
    outer = ImageIndex((Descriptor.of(media.DOCKER_INDEX, middle),))
    members = with_index(ONE, TWO, index=outer)
    for data in (inner, middle):
        members[f"blobs/sha256/{Digest.of(data).hex}"] = data
    return members


def test_a_platform_is_chosen_through_nested_indexes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both configs say amd64: only the index tells them apart.
    assert opened(store, several(), platform=AMD).id.hex == TWO.config.sha256
    monkeypatch.setattr(Platform, "host", classmethod(lambda cls: ARM))
    assert opened(store, several()).id.hex == ONE.config.sha256


def test_platforms_are_listed_where_none_fits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSuchPlatform, match="nothing for linux/mips, only for linux/amd64, linux"):
        opened(store, several(), platform=MIPS)
    monkeypatch.setattr(Platform, "host", classmethod(lambda cls: MIPS))
    with pytest.raises(NoSuchPlatform):
        opened(store, several())


def test_an_image_for_one_platform_opens_anywhere_unless_another_is_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Platform, "host", classmethod(lambda cls: MIPS))
    members = with_index(ONE, index=ImageIndex((entry(ONE, AMD),)))
    assert opened(store, members).id.hex == ONE.config.sha256
    with pytest.raises(NoSuchPlatform):
        opened(store, members, platform=ARM)
    with pytest.raises(NoSuchPlatform, match="nothing for linux/arm64, only for linux/amd64"):
        opened(store, oci_members(ONE), platform=ARM)


def test_platforms_at_the_top_level(store: Store) -> None:
    index = ImageIndex((entry(ONE, ARM), entry(TWO, AMD)))
    assert (
        opened(store, with_index(ONE, TWO, index=index), platform=AMD).id.hex == TWO.config.sha256
    )


def nested(depth: int) -> Members:
    data = ImageIndex((entry(ONE),)).to_bytes()
    members = oci_members(ONE)
    for _ in range(depth):
        members[f"blobs/sha256/{Digest.of(data).hex}"] = data
        data = ImageIndex((Descriptor.of(media.OCI_INDEX, data),)).to_bytes()
    return members | {"index.json": data}


def test_nesting_has_a_bound(store: Store) -> None:
    assert opened(store, nested(7)).id.hex == ONE.config.sha256
    with pytest.raises(NotAnImage, match="nested more than 8 deep"):
        opened(store, nested(8))


def blob(data: bytes) -> str:
    return f"blobs/sha256/{Digest.of(data).hex}"


def manifest(**values: Any) -> Members:
    """A layout whose only manifest has other values."""
    assert isinstance(ONE.manifest.content, bytes)
    data = json.dumps(json.loads(ONE.manifest.content) | values).encode()
    index = ImageIndex((Descriptor.of(media.OCI_MANIFEST, data),))
    return with_index(ONE, index=index) | {blob(data): data}


def config(data: bytes) -> Members:
    described = Descriptor.of(media.OCI_CONFIG, data).to_json()
    return manifest(config=described) | {blob(data): data}


def less(name: str) -> Members:
    members = oci_members(ONE)
    del members[name]
    return members


LAYER = {"mediaType": media.OCI_LAYER, "digest": str(Digest.of(BASE))}
BROKEN: dict[str, tuple[Members, str]] = {
    "no index": (less("index.json"), "'index.json' is missing"),
    "an index that is no JSON": (with_index(ONE, index=b"[}"), "it is no JSON"),
    "an empty index": (with_index(ONE, index=b""), "it is empty"),
    "an index of nothing": (with_index(ONE, index=ImageIndex(())), "it lists no image"),
    "an index of another kind": (with_index(ONE, index=b'{"a": 1}'), "'manifests' are missing"),
    "a deep index": (with_index(ONE, index=b"[" * 100_000), "nested too deeply"),
    "no manifest": (less(f"blobs/sha256/{ONE.manifest.sha256}"), "is missing"),
    "no config": (less(f"blobs/sha256/{ONE.config.sha256}"), "is missing"),
    "no layer": (less(blob(TOP)), "is missing"),
    "a wrong manifest": (
        oci_members(ONE) | {f"blobs/sha256/{ONE.manifest.sha256}": b"{}"},
        "is damaged: its digest is",
    ),
    "a wrong config": (
        oci_members(ONE) | {f"blobs/sha256/{ONE.config.sha256}": b"{}"},
        "is damaged: its digest is",
    ),
    "a layer of another size": (oci_members(ONE) | {blob(TOP): b"short"}, "is 5 bytes, not"),
    "no layers": (manifest(layers=[]), "it has 0 layers, its config 2 diffIDs"),
    "layers that are none": (manifest(layers={}), "'layers' is no list"),
    "a negative size": (manifest(layers=[LAYER | {"size": -1}] * 2), "no size in bytes"),
    "a huge size": (manifest(layers=[LAYER | {"size": 1 << 63}] * 2), "no size in bytes"),
    "a digest that leads out": (
        manifest(layers=[LAYER | {"size": 1, "digest": "sha256:../../../etc/passwd"}] * 2),
        "hex digits",
    ),
    "a layer that lies elsewhere": (
        manifest(
            layers=[
                {"digest": str(Digest.of(b"?")), "size": 1, "urls": ["https://example.com/\x1b"]}
            ]
            * 2
        ),
        r"lies elsewhere \('https://example.com/\\x1b'\)",
    ),
    "an artifact": (config(b'{"name": "chart"}'), "it is no image config"),
    "an empty config": (config(b""), "it is empty"),
    "a config that is no JSON": (config(b"\x00\xff"), "it is no JSON"),
    "an old manifest": (manifest(schemaVersion=1), "schema version is 1"),
    "both kinds in one": (manifest(manifests=[]), "'manifests'|'layers'"),
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_what_is_wrong_is_one_line(store: Store, what: str, transport: str) -> None:
    members, why = BROKEN[what]
    path = store.root.with_name("broken")
    made = write_folder(path, members) if transport == "oci" else write_tar(path, members)
    with pytest.raises(LayerscopeError, match=why) as caught:
        open_target(f"{transport}:{made}", store)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_blob_that_is_no_file_is_told(store: Store, tmp_path: Path) -> None:
    for number, make in enumerate((os.mkfifo, os.mkdir)):
        folder = write_folder(tmp_path / f"{number}", oci_members(ONE))
        (folder / blob(TOP)).unlink()
        make(folder / blob(TOP))
        with pytest.raises(NotAnImage, match="is no regular file"):
            open_target(f"oci:{folder}", store)
