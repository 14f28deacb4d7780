"""Removing what nothing refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.store.garbage import Garbage
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class PrunedThing:
    """An image without a name, or a path of the store, and its bytes (an image's are those of its
    paths). ``key`` is what spares it; None where nothing can."""

    key: str | None
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go: bytes, blobs, layers' caches, and images without a name or use."""

    bytes_freed: int
    blobs: int
    layers: int
    images: tuple[str, ...]
    things: tuple[PrunedThing, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """In the store's folder."""
        return tuple(thing.name for thing in self.things[len(self.images) :])


def prune(store: Store, *, dry_run: bool = False, spared: frozenset[str] = frozenset()) -> Pruned:
    """Remove what nothing refers to, or only look with ``dry_run``; ``spared`` has the keys of
    things that stay, and with an image all that it needs."""
    found: Garbage = store.find_garbage(spared) if dry_run else store.collect(spared)
    images = tuple(str(image) for image in found.images)
    parts = (*found.blobs, *found.layers, *found.leftovers)
    things = [PrunedThing(image, f"image {image[7:19]}, without a name", 0) for image in images]
    things += [PrunedThing(p.pin, str(p.path.relative_to(store.root)), p.size) for p in parts]
    return Pruned(found.size, len(found.blobs), len(found.layers), images, tuple(things))
