"""Images of the store as a source like any other."""

from __future__ import annotations

from layerscope.archive.blob import FileRange
from layerscope.oci.config import ImageConfig
from layerscope.sources.image import Image, Layer
from layerscope.store.images import StoredImage
from layerscope.store.store import Store


def open_stored(store: Store, stored: StoredImage) -> Image:
    """An image of the store. Raises MissingBlob, WrongDigest, InvalidDocument."""
    config_bytes = store.blobs.read(stored.id)
    config = ImageConfig.parse(config_bytes, f"config {stored.id.short}")
    manifest = store.manifest(stored)
    layers = []
    for descriptor, diff_id in zip(manifest.layers, config.diff_ids, strict=True):
        size = store.blobs.size(descriptor.digest)
        place = FileRange(store.blobs.path(descriptor.digest), 0, size)
        layers.append(Layer(diff_id, descriptor, place.size, place))
    origin = stored.names[0] if stored.names else stored.id.short
    manifest_bytes = store.blobs.read(stored.manifest.digest)
    return Image(
        origin, stored.names, config, config_bytes, tuple(layers), manifest, manifest_bytes
    )
