"""Media types of the OCI image-spec and of Docker's image manifest, schema 2."""

from __future__ import annotations

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = OCI_LAYER + "+gzip"
OCI_LAYER_ZSTD = OCI_LAYER + "+zstd"

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = DOCKER_LAYER + ".gzip"

_INDEXES = frozenset((OCI_INDEX, DOCKER_INDEX))
_CONFIGS = frozenset((OCI_CONFIG, DOCKER_CONFIG))


def is_index(media_type: str) -> bool:
    """True for a list of manifests, one a platform."""
    return media_type in _INDEXES


def is_config(media_type: str) -> bool:
    """True for an image's config; artifacts that are no images have other types."""
    return media_type in _CONFIGS
