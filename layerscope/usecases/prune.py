"""Removing what nothing refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.store.garbage import Garbage, Rubbish
    from layerscope.store.store import Store

_LOOKED_AT = "index of a layer looked at; it is read again next time"
_UNUSED = "index of a layer that no image has"
_COPY = "copy of what was looked at; it is made again next time"


@dataclass(frozen=True, slots=True)
class PrunedThing:
    """An image without a name, or a path of the store, its bytes (an image's are those of its
    paths), and what it is in words. ``key`` is what spares it; None where nothing can."""

    key: str | None
    name: str
    size: int
    about: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go: bytes, blobs, layers' caches, and images without a name or use."""

    bytes_freed: int
    blobs: int
    layers: int
    images: tuple[str, ...]
    things: tuple[PrunedThing, ...]


def prune(store: Store, *, dry_run: bool = False, spared: frozenset[str] = frozenset()) -> Pruned:
    """Remove what nothing refers to, or only look with ``dry_run``; ``spared`` has the keys of
    things that stay, and with an image all that it needs."""
    kept = {diff_id for (diff_id,) in store.database.rows("SELECT diff_id FROM layers")}
    found: Garbage = store.find_garbage(spared) if dry_run else store.collect(spared)
    images = tuple(str(image) for image in found.images)
    things = [PrunedThing(image, f"image {image[7:19]}", 0, "without a name") for image in images]
    things += [_thing(store, part, "blob that no image has") for part in found.blobs]
    for part in found.layers:
        was_here = f"sha256:{part.path.name}" in kept
        things.append(_thing(store, part, _UNUSED if was_here else _LOOKED_AT))
    for part in found.leftovers:
        is_copy = part.path.parent.name == "spool"
        things.append(_thing(store, part, _COPY if is_copy else "left by a process that died"))
    return Pruned(found.size, len(found.blobs), len(found.layers), images, tuple(things))


def _thing(store: Store, part: Rubbish, about: str) -> PrunedThing:
    return PrunedThing(part.pin, str(part.path.relative_to(store.root)), part.size, about)
