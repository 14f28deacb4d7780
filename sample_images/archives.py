"""Image archives written from layers: what `docker save` and `skopeo copy` make, byte for byte
the same each time for the same layers.

Formats: docker image-spec v1.2 (`manifest.json`, `repositories`), OCI image-layout 1.0.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

PLAIN = "application/vnd.oci.image.layer.v1.tar"
GZIP = PLAIN + "+gzip"
ZSTD = PLAIN + "+zstd"

_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Blob:
    """Bytes with a digest: a file that may be large, or something small in memory."""

    content: Path | bytes

    def open(self) -> BinaryIO:
        """The bytes from their start."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        return self.content.open("rb")

    @cached_property
    def size(self) -> int:
        """Bytes."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """The digest's 64 hex digits."""
        with self.open() as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    @property
    def member(self) -> str:
        """Its name in an OCI layout."""
        return f"blobs/sha256/{self.sha256}"

    def descriptor(self, media_type: str) -> dict[str, Any]:
        """How a manifest points at it."""
        return {"mediaType": media_type, "digest": f"sha256:{self.sha256}", "size": self.size}


@dataclass(frozen=True)
class Layer:
    """One layer: ``blob`` as stored, ``tar`` its uncompressed bytes (the same for a plain one)."""

    tar: Blob
    blob: Blob
    media_type: str = PLAIN

    @classmethod
    def plain(cls, content: Path | bytes) -> Layer:
        """A layer stored uncompressed."""
        blob = Blob(content)
        return cls(blob, blob)


@dataclass(frozen=True)
class Image:
    """Layers, bottom up, the history that made them, and the names an archive gives them.

    ``history`` rows are the OCI image-spec's; ``runtime`` its `config` object. ``created`` is
    RFC 3339.
    """

    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    history: tuple[dict[str, Any], ...]
    created: str
    runtime: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def config(self) -> Blob:
        """The image's configuration; its digest is the image's ID."""
        return Blob(
            canonical(
                {
                    "architecture": "amd64",
                    "config": self.runtime,
                    "created": self.created,
                    "history": list(self.history),
                    "os": "linux",
                    "rootfs": {
                        "type": "layers",
                        "diff_ids": [f"sha256:{layer.tar.sha256}" for layer in self.layers],
                    },
                }
            )
        )

    @cached_property
    def manifest(self) -> Blob:
        """The OCI manifest."""
        return Blob(
            canonical(
                {
                    "schemaVersion": 2,
                    "mediaType": _MANIFEST,
                    "config": self.config.descriptor(_CONFIG),
                    "layers": [layer.blob.descriptor(layer.media_type) for layer in self.layers],
                }
            )
        )


def canonical(document: object) -> bytes:
    """JSON without spaces, keys in their order: the same bytes for the same document."""
    return json.dumps(document, separators=(",", ":")).encode()


def write_docker_archive(out: BinaryIO, images: Sequence[Image]) -> None:
    """Write what `docker save` of Docker 20 writes: `CONFIG.json`, `HEX/layer.tar`, manifest.

    Every layer is stored uncompressed, once however many images share it.
    """
    members: dict[str, Blob] = {}
    manifest = []
    repositories: dict[str, dict[str, str]] = {}
    for image in images:
        members[f"{image.config.sha256}.json"] = image.config
        layers = [f"{layer.tar.sha256}/layer.tar" for layer in image.layers]
        members.update(zip(layers, (layer.tar for layer in image.layers), strict=True))
        config = f"{image.config.sha256}.json"
        manifest.append({"Config": config, "RepoTags": list(image.names), "Layers": layers})
        for name in image.names:
            repository, _, tag = name.rpartition(":")
            repositories.setdefault(repository, {})[tag] = image.layers[-1].tar.sha256
    members["manifest.json"] = Blob(canonical(manifest))
    members["repositories"] = Blob(canonical(repositories))
    _write_members(out, members.items())


def write_oci_archive(out: BinaryIO, images: Sequence[Image]) -> None:
    """Write an OCI image layout as a tar, layers as they are stored."""
    _write_members(out, _oci_members(images))


def write_saved_by_docker_25(out: BinaryIO, images: Sequence[Image]) -> None:
    """Write what `docker save` writes since Docker 25: an OCI layout that has a manifest.json."""
    manifest = [
        {
            "Config": image.config.member,
            "RepoTags": list(image.names),
            "Layers": [layer.blob.member for layer in image.layers],
        }
        for image in images
    ]
    members = dict(_oci_members(images))
    members["manifest.json"] = Blob(canonical(manifest))
    _write_members(out, members.items())


def _oci_members(images: Sequence[Image]) -> Iterator[tuple[str, Blob]]:
    seen: set[str] = set()
    for image in images:
        for blob in (*(layer.blob for layer in image.layers), image.config, image.manifest):
            if blob.member not in seen:
                seen.add(blob.member)
                yield blob.member, blob
    rows = [
        image.manifest.descriptor(_MANIFEST)
        | {
            "annotations": {
                "io.containerd.image.name": name,
                "org.opencontainers.image.ref.name": name.rpartition(":")[2],
            }
        }
        for image in images
        for name in image.names
    ]
    yield (
        "index.json",
        Blob(canonical({"schemaVersion": 2, "mediaType": _INDEX, "manifests": rows})),
    )
    yield "oci-layout", Blob(canonical({"imageLayoutVersion": "1.0.0"}))


def _write_members(out: BinaryIO, members: Iterable[tuple[str, Blob]]) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, blob in members:
            info = tarfile.TarInfo(name)
            info.size = blob.size
            with blob.open() as stream:
                tar.addfile(info, stream)
