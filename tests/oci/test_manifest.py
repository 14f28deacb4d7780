"""Manifests, indexes and descriptors, read and written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest, InvalidDigest
from layerscope.oci.document import InvalidDocument
from layerscope.oci.manifest import ImageIndex, Manifest
from layerscope.oci.platform import Platform

CONFIG = Descriptor.of(media.OCI_CONFIG, b"config")
LAYER = Descriptor.of(media.OCI_LAYER_GZIP, b"layer")


def document(**values: Any) -> bytes:
    base = {"schemaVersion": 2, "config": CONFIG.to_json(), "layers": [LAYER.to_json()]}
    return json.dumps({k: v for k, v in (base | values).items() if v is not ...}).encode()


def test_a_manifest_comes_back_as_it_was_written() -> None:
    manifest = Manifest(CONFIG, (LAYER, LAYER), media.DOCKER_MANIFEST, {"a": "b"})
    assert Manifest.parse(manifest.to_bytes()) == manifest


def test_an_index_comes_back_as_it_was_written() -> None:
    platform = Platform("linux", "arm", "v7")
    arm = Descriptor(media.OCI_MANIFEST, Digest.of(b"m"), 1, platform, {"n": "v"}, ("u",))
    index = ImageIndex((arm, CONFIG))
    assert ImageIndex.parse(index.to_bytes()) == index


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"config": ...}, "'config' is missing"),
        ({"config": []}, "'config' is no object"),
        ({"schemaVersion": 1}, "schema version is 1"),
        ({"manifests": []}, "'manifests'"),
        ({"layers": 7}, "'layers' is no list"),
        ({"layers": [LAYER.to_json() | {"size": -5}]}, "'size' is no size"),
        ({"layers": [{"size": 1}]}, "'digest' is missing"),
        ({"layers": [LAYER.to_json()] * 10_001}, "more than 10000"),
    ],
)
def test_a_wrong_manifest_is_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidDocument, match=why):
        Manifest.parse(document(**values))


def test_a_wrong_digest_is_refused() -> None:
    with pytest.raises(InvalidDigest):
        Manifest.parse(document(config=CONFIG.to_json() | {"digest": "sha256:../../etc"}))


def test_a_manifest_is_no_index_and_an_index_no_manifest() -> None:
    with pytest.raises(InvalidDocument):
        ImageIndex.parse(document())
    with pytest.raises(InvalidDocument):
        Manifest.parse(ImageIndex((CONFIG,)).to_bytes())


def test_attestations_are_told_from_images() -> None:
    annotations = {"vnd.docker.reference.type": "attestation-manifest"}
    manifest = Descriptor(media.OCI_MANIFEST, Digest.of(b""), 0, annotations=annotations)
    assert manifest.is_attestation
    assert not CONFIG.is_attestation


def test_media_types_are_told_apart() -> None:
    assert media.is_index(media.DOCKER_INDEX)
    assert not media.is_index(media.DOCKER_MANIFEST)
    assert media.is_config(media.DOCKER_CONFIG)
    assert not media.is_config("application/vnd.cncf.helm.config.v1+json")
