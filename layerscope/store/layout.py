"""The store as an OCI image layout: the two files that other tools enter it by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from layerscope.oci.descriptor import Descriptor
from layerscope.oci.manifest import ImageIndex
from layerscope.store.files import write_whole

REF_NAME = "org.opencontainers.image.ref.name"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


def make(root: Path, scratch: Path) -> None:
    """Make the folder a layout without images, where it is none yet. Raises OSError."""
    if not (root / "index.json").exists():
        write_whole(ImageIndex(()).to_bytes(), root / "index.json", scratch)
    if not (root / "oci-layout").exists():
        write_whole(LAYOUT, root / "oci-layout", scratch)


def index_of(images: Iterable[tuple[Descriptor, Iterable[str]]]) -> bytes:
    """The index of manifests and their names: one descriptor a name, one for a nameless image."""
    manifests = [
        Descriptor(manifest.media_type, manifest.digest, manifest.size, annotations=_named(name))
        for manifest, names in images
        for name in (list(names) or [""])
    ]
    return ImageIndex(tuple(manifests)).to_bytes()


def _named(name: str) -> Mapping[str, str]:
    return {REF_NAME: name} if name else {}
