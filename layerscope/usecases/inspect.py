"""Everything known of an image, a container or a volume."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from layerscope.oci.chain import chain_ids
from layerscope.oci.config import ImageConfig
from layerscope.store.images import NoSuchImage

if TYPE_CHECKING:
    from layerscope.oci.descriptor import Descriptor
    from layerscope.progress import Progress
    from layerscope.sources.image import Image
    from layerscope.store.store import Store


def inspect(store: Store, name: str, progress: Progress | None = None) -> dict[str, Any]:
    """The container, image or volume of that name or ID, in this order, as Docker looks.

    Where there is none of them, the image that ``name`` is a TARGET of. Raises NoSuchImage if that
    is none either, AmbiguousImage, AmbiguousContainer, LayerscopeError.
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
        return inspect_target(store, name, progress)


def inspect_image(store: Store, name: str) -> dict[str, Any]:
    """An image of the store as plain values; sizes in bytes. Raises NoSuchImage, AmbiguousImage."""
    image = store.resolve(name)
    return {
        "kind": "image",
        "id": str(image.id),
        "names": list(image.names),
        "parent": str(image.parent) if image.parent else None,
        "created": image.created or None,
        "loaded_at": image.loaded_at,
        "size": image.size,
        "manifest": _manifest(image.manifest),
        **_config(store.config(image)),
        "layers": [
            {"diff_id": str(layer.diff_id), "chain_id": str(layer.chain_id), "size": layer.size}
            for layer in image.layers
        ],
    }


def inspect_target(store: Store, target: str, progress: Progress | None = None) -> dict[str, Any]:
    """The image that ``target`` names, its layers read. Raises LayerscopeError."""
    from layerscope.usecases.opened import open_image

    opened = open_image(target, store, progress)
    layers = [one.facts for n in range(opened.layer_count) if (one := opened.layer(n))]
    diff_ids = [facts.diff_id for facts in layers]
    image, chain = opened.image.with_layers(diff_ids), chain_ids(diff_ids)
    return {
        "kind": "image",
        "id": str(image.id),
        "names": list(image.names),
        "parent": None,
        "created": image.config.created or None,
        "loaded_at": None,
        "size": sum(facts.size for facts in layers),
        "manifest": _manifest(_descriptor(image)),
        **_config(image.config),
        "layers": [
            {"diff_id": str(facts.diff_id), "chain_id": str(chain_id), "size": facts.size}
            for facts, chain_id in zip(layers, chain, strict=True)
        ],
    }


def _descriptor(image: Image) -> Descriptor | None:
    from layerscope.oci.descriptor import Descriptor
    from layerscope.oci.digest import Digest

    data = image.manifest_bytes
    if image.manifest is None or data is None:
        return None
    return Descriptor(image.manifest.media_type, Digest.of(data), len(data))


def _manifest(manifest: Descriptor | None) -> dict[str, Any] | None:
    if manifest is None:
        return None
    return {
        "media_type": manifest.media_type,
        "digest": str(manifest.digest),
        "size": manifest.size,
    }


def _config(config: ImageConfig) -> dict[str, Any]:
    return {
        "author": config.author,
        "os": config.platform.os,
        "architecture": config.platform.architecture,
        "variant": config.platform.variant,
        "config": config.config.to_json(),
    }
