"""How an image came to be, newest step first, as `docker image history` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    known = _ancestors(store, image, len(config.steps))
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


def _ancestors(store: Store, image: StoredImage, steps: int) -> dict[int, StoredImage]:
    """Images of the store by how many steps they have: this one and those it was made from."""
    images = {one.id: one for one in store.images()}
    known = {steps: image}
    seen = {image.id}
    parent = image.parent
    while parent in images and parent not in seen:
        seen.add(parent)
        known.setdefault(len(store.config(images[parent]).steps), images[parent])
        parent = images[parent].parent
    return known
