"""Everything known of an image of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layerscope.oci.config import ImageConfig

if TYPE_CHECKING:
    from layerscope.store.store import Store


def inspect_image(store: Store, name: str) -> dict[str, Any]:
    """An image as plain values; sizes in bytes. Raises NoSuchImage, AmbiguousImage."""
    image = store.resolve(name)
    data = store.blobs.read(image.id)
    config = ImageConfig.parse(data, f"config {image.id.short}")
    return {
        "kind": "image",
        "id": str(image.id),
        "names": list(image.names),
        "parent": str(image.parent) if image.parent else None,
        "created": image.created,
        "loaded_at": image.loaded_at,
        "author": config.author,
        "os": config.platform.os,
        "architecture": config.platform.architecture,
        "variant": config.platform.variant,
        "size": image.size,
        "manifest": {
            "media_type": image.manifest.media_type,
            "digest": str(image.manifest.digest),
            "size": image.manifest.size,
        },
        "config": config.config.to_json(),
        "layers": [
            {
                "diff_id": str(layer.diff_id),
                "chain_id": str(layer.chain_id),
                "size": layer.size,
            }
            for layer in image.layers
        ],
    }
