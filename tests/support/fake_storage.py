"""A containers-storage on disk, with images but without a program that made it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from layerscope.oci.chain import chain_ids
from layerscope.oci.digest import Digest
from sample_images.archives import Image
from tests.support.tar_split import split_tar


def write_storage(root: Path, *images: Image, domain: str = "localhost") -> None:
    """The storage of the overlay driver at ``root``; nobody's whiteouts are made. ``domain`` goes
    before the images' names."""
    for name in ("overlay", "overlay-images", "overlay-layers", "overlay-containers"):
        (root / name).mkdir(parents=True)
    layers: dict[str, dict[str, Any]] = {}
    records = [_image(root, image, layers, domain) for image in images]
    write_list(root, "images", records)
    write_list(root, "layers", list(layers.values()))
    write_list(root, "containers", [])


def write_list(root: Path, what: str, records: list[dict[str, Any]]) -> None:
    """One of the storage's lists."""
    (root / f"overlay-{what}" / f"{what}.json").write_text(json.dumps(records))


def _image(
    root: Path, image: Image, layers: dict[str, dict[str, Any]], domain: str
) -> dict[str, Any]:
    diff_ids = [Digest("sha256", layer.tar.sha256) for layer in image.layers]
    parent = ""
    for layer, chain in zip(image.layers, chain_ids(diff_ids), strict=True):
        with layer.tar.open() as stream:
            tar = stream.read()
        _layer(root, chain.hex, tar)
        layers[chain.hex] = {"id": chain.hex, "parent": parent, "diff-size": len(tar)}
        parent = chain.hex
    folder = root / "overlay-images" / image.config.sha256
    folder.mkdir()
    with image.config.open() as stream:
        config = stream.read()
    manifest = _manifest(image, len(config))
    (folder / "manifest").write_bytes(manifest)
    key = base64.b64encode(f"sha256:{image.config.sha256}".encode()).decode()
    (folder / f"={key}").write_bytes(config)
    return {
        "id": image.config.sha256,
        "names": [f"{domain}/{name}" for name in image.names],
        "layer": parent,
        "created": "2024-01-02T03:04:05Z",
        "big-data-sizes": {"manifest": len(manifest), "config": len(config)},
    }


def _manifest(image: Image, size: int) -> bytes:
    config = {"mediaType": "x", "digest": f"sha256:{image.config.sha256}", "size": size}
    return json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()


def _layer(root: Path, identity: str, tar: bytes) -> None:
    diff = root / "overlay" / identity / "diff"
    if diff.exists():
        return
    diff.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(tar)) as members:
        for member in members:
            stream, path = members.extractfile(member), diff / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            if stream is not None:
                path.write_bytes(stream.read())
    split = root / "overlay-layers" / f"{identity}.tar-split.gz"
    split.write_bytes(gzip.compress(split_tar(tar)))
