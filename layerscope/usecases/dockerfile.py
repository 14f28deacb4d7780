"""The Dockerfile that an image could have come from, told by its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.analysis.dockerfile.reconstruct import Base, Reconstruction, reconstruct

if TYPE_CHECKING:
    from layerscope.oci.config import ImageConfig
    from layerscope.oci.history import Step
    from layerscope.oci.platform import Platform
    from layerscope.progress import Progress
    from layerscope.sources.image import Image
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store


def dockerfile_of_target(
    store: Store,
    target: str,
    progress: Progress | None = None,
    platform: Platform | None = None,
) -> Reconstruction:
    """The Dockerfile of the image that ``target`` names; its layers aren't read.

    Raises LayerscopeError.
    """
    from layerscope.sources.target import open_target

    return dockerfile_of(store, open_target(target, store, platform, progress))


def dockerfile_of(store: Store, image: Image) -> Reconstruction:
    """The Dockerfile of an image, on the image of the store that its lower steps are."""
    name = image.names[0] if image.names else image.origin
    return reconstruct(image.config, name, _base(store, image))


def _base(store: Store, image: Image) -> Base | None:
    """The image with a name in the store that has the most of this one's steps, from the lowest
    on, but not all."""
    config = image.config
    best: Base | None = None
    for stored in store.images():
        if not stored.names or stored.id == image.id or not _has_layers(config, stored):
            continue
        other = store.config(stored)
        count = len(other.steps)
        longest = best.steps if best else 0
        if longest < count < len(config.steps) and _has_steps(config, other):
            name = min(stored.names, key=len)  # without a registry before it, if it has such a one
            best = Base(name, count, other.config)
    return best


def _has_layers(config: ImageConfig, base: StoredImage) -> bool:
    """Whether the lowest layers are the base's, all of them."""
    below = tuple(layer.diff_id for layer in base.layers)
    return bool(below) and config.diff_ids[: len(below)] == below


def _has_steps(config: ImageConfig, base: ImageConfig) -> bool:
    """Whether the lowest steps are the base's: the same words and layers."""
    return all(
        own.layer == other.layer and _words(own) == _words(other)
        for own, other in zip(config.steps, base.steps, strict=False)
    )


def _words(step: Step) -> str:
    return step.history.created_by if step.history else ""
