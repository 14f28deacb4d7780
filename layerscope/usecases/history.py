"""How an image came to be, newest step first, as `docker image history` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.oci.config import ImageConfig
    from layerscope.oci.digest import Digest
    from layerscope.oci.platform import Platform
    from layerscope.progress import Progress
    from layerscope.sources.image import Image
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

MISSING = "<missing>"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One step; ``id`` is that of the image it made here, or ``<missing>``. Size in bytes."""

    id: str
    created: str
    created_by: str
    size: int
    comment: str
    empty_layer: bool
    diff_id: str | None
    names: tuple[str, ...] = ()


def history(store: Store, image: StoredImage) -> list[HistoryRow]:
    """The steps of an image of the store, newest first."""
    config = store.config(image)
    sizes = [layer.size for layer in image.layers]
    return _rows(config, sizes, _ancestors(store, image, len(config.steps)))


def history_of_target(
    store: Store,
    target: str,
    progress: Progress | None = None,
    platform: Platform | None = None,
) -> list[HistoryRow]:
    """The steps of the image that ``target`` names, newest first; its layers are read if need be.

    Raises LayerscopeError.
    """
    from layerscope.sources.target import open_target
    from layerscope.usecases.opened import OpenImage

    image = open_target(target, store, platform, progress)
    stored = next((one for one in store.images() if one.id == image.id), None)
    if stored is not None:
        return history(store, stored)
    opened = OpenImage(image, store, tables=True)
    opened.read_all(progress)
    layers = [layer.facts for n in range(opened.layer_count) if (layer := opened.layer(n))]
    known = image.with_layers([layer.diff_id for layer in layers])
    return history_of_image(known, [layer.size for layer in layers])


def history_of_image(image: Image, sizes: Sequence[int]) -> list[HistoryRow]:
    """The steps that an image's config tells, newest first; ``sizes`` are its layers' bytes, bottom
    up."""
    made = _Made(image.id, image.names)
    return _rows(image.config, sizes, {len(image.config.steps): made})


@dataclass(frozen=True, slots=True)
class _Made:
    """The image that a step made."""

    id: Digest
    names: tuple[str, ...]


def _rows(
    config: ImageConfig, sizes: Sequence[int], known: Mapping[int, _Made]
) -> list[HistoryRow]:
    """A row a step; ``sizes`` by layer, ``known`` images by how many steps they have."""
    rows = []
    for position, step in enumerate(config.steps):
        made = known.get(position + 1)
        told = step.history
        rows.append(
            HistoryRow(
                id=str(made.id) if made else MISSING,
                created=told.created if told else "",
                created_by=told.created_by if told else "",
                size=sizes[step.layer] if step.layer is not None else 0,
                comment=told.comment if told else "",
                empty_layer=step.layer is None,
                diff_id=str(config.diff_ids[step.layer]) if step.layer is not None else None,
                names=made.names if made else (),
            )
        )
    return rows[::-1]


def _ancestors(store: Store, image: StoredImage, steps: int) -> dict[int, _Made]:
    """Images of the store by how many steps they have: this one and those it was made from."""
    images = {one.id: one for one in store.images()}
    known = {steps: _Made(image.id, image.names)}
    seen = {image.id}
    parent = image.parent
    while parent in images and parent not in seen:
        seen.add(parent)
        made = images[parent]
        known.setdefault(len(store.config(made).steps), _Made(made.id, made.names))
        parent = made.parent
    return known
