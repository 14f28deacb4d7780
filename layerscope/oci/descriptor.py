"""Descriptors: a typed, sized pointer to content (OCI image-spec, descriptor.md)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.oci.digest import Digest

if TYPE_CHECKING:
    from layerscope.oci.document import Document
    from layerscope.oci.platform import Platform

REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"
_ATTESTATION = "vnd.docker.reference.type"


class Descriptor(NamedTuple):
    """What a blob is (media type), its digest and its size in bytes."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = MappingProxyType({})
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, media_type: str, data: bytes) -> Descriptor:
        """The descriptor of ``data``."""
        return cls(media_type, Digest.of(data), len(data))

    @classmethod
    def from_document(cls, document: Document) -> Descriptor:
        """Read one. Raises InvalidDocument, InvalidDigest."""
        from layerscope.oci.platform import Platform

        platform = document.child("platform")
        return cls(
            media_type=document.text("mediaType", ""),
            digest=Digest.parse(document.text("digest")),
            size=document.size("size"),
            platform=Platform.from_document(platform) if platform else None,
            annotations=document.mapping("annotations"),
            urls=document.texts("urls"),
        )

    @property
    def ref_name(self) -> str:
        """The name that an image layout gives it; empty if none."""
        return self.annotations.get(REF_NAME, "")

    @property
    def is_attestation(self) -> bool:
        """True for the manifests of BuildKit that tell of an image's making and are none."""
        return _ATTESTATION in self.annotations

    def to_json(self) -> dict[str, Any]:
        """As the spec writes it."""
        values: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.urls:
            values["urls"] = list(self.urls)
        if self.annotations:
            values["annotations"] = dict(self.annotations)
        if self.platform:
            values["platform"] = self.platform.to_json()
        return values
