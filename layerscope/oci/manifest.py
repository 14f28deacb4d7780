"""Manifests and image indexes (OCI image-spec, manifest.md and image-index.md; Docker schema 2)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.document import Document, InvalidDocument, canonical

# Far above what any engine can mount.
MAX_LAYERS = 10_000


class Manifest(NamedTuple):
    """One image: its config and its layers, bottom up."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = media.OCI_MANIFEST
    annotations: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def parse(cls, data: bytes, what: str = "manifest") -> Manifest:
        """Read one, strictly. Raises InvalidDocument, InvalidDigest."""
        document = Document.parse(data, what)
        _check_version(document)
        _check_only(document, "manifests", "an index of manifests")
        config = document.child("config")
        if config is None:
            raise document.wrong("config", "is missing")
        layers = document.children("layers")
        if len(layers) > MAX_LAYERS:
            raise document.wrong("layers", f"are more than {MAX_LAYERS}")
        return cls(
            config=Descriptor.from_document(config),
            layers=tuple(Descriptor.from_document(layer) for layer in layers),
            media_type=document.text("mediaType", media.OCI_MANIFEST),
            annotations=document.mapping("annotations"),
        )

    def to_bytes(self) -> bytes:
        """The document, always the same bytes for the same manifest."""
        values: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": self.config.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
        }
        if self.annotations:
            values["annotations"] = dict(self.annotations)
        return canonical(values)


class ImageIndex(NamedTuple):
    """A list of manifests: one image for several platforms, or the entrance to a layout."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = MappingProxyType({})
    media_type: str = media.OCI_INDEX

    @classmethod
    def parse(cls, data: bytes, what: str = "index") -> ImageIndex:
        """Read one, strictly. Raises InvalidDocument, InvalidDigest."""
        document = Document.parse(data, what)
        _check_version(document)
        _check_only(document, "layers", "an image's manifest")
        if document.values.get("manifests") is None:
            raise document.wrong("manifests", "are missing")
        manifests = document.children("manifests")
        if len(manifests) > MAX_LAYERS:
            raise document.wrong("manifests", f"are more than {MAX_LAYERS}")
        return cls(
            manifests=tuple(Descriptor.from_document(manifest) for manifest in manifests),
            annotations=document.mapping("annotations"),
            media_type=document.text("mediaType", media.OCI_INDEX),
        )

    def to_bytes(self) -> bytes:
        """The document, always the same bytes for the same index."""
        values: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "manifests": [manifest.to_json() for manifest in self.manifests],
        }
        if self.annotations:
            values["annotations"] = dict(self.annotations)
        return canonical(values)


def is_index(data: bytes, what: str) -> bool:
    """Whether a document of unknown type is an index rather than a manifest, by what is in it."""
    return "manifests" in Document.parse(data, what).values


def _check_only(document: Document, key: str, other: str) -> None:
    """What could be taken for both kinds would be two images to two readers."""
    if document.values.get(key) is not None:
        raise InvalidDocument(document.what, f"it has {key!r}, as {other} has")


def _check_version(document: Document) -> None:
    version = document.values.get("schemaVersion", 2)
    if version != 2:
        raise InvalidDocument(document.what, f"its schema version is {version!r}, not 2")
