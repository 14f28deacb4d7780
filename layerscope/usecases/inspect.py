"""Everything known of an image, a container or a volume."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from layerscope.oci.config import ImageConfig
from layerscope.store.images import NoSuchImage

if TYPE_CHECKING:
    from layerscope.store.store import Store


def inspect(store: Store, name: str) -> dict[str, Any]:
    """The container, image or volume of that name or ID, in this order, as Docker looks.

    Raises NoSuchImage if there is none of them, AmbiguousImage, AmbiguousContainer.
    """
    from layerscope.containers.shelf import NoSuchContainer
    from layerscope.containers.volumes import NoSuchVolume
    from layerscope.usecases.containers import inspect_container
    from layerscope.usecases.volumes import inspect_volume

    with suppress(NoSuchContainer):
        return inspect_container(store, name)
    try:
        return inspect_image(store, name)
    except NoSuchImage:
        with suppress(NoSuchVolume):
            return {"kind": "volume", **asdict(inspect_volume(store, name))}
        raise


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
