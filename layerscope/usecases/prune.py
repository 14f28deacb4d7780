"""Removing what nothing refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.store.garbage import Garbage
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go: bytes, blobs, layers' caches, and images without a name or use."""

    bytes_freed: int
    blobs: int
    layers: int
    images: tuple[str, ...]
    paths: tuple[str, ...]


def prune(store: Store, *, dry_run: bool = False) -> Pruned:
    """Remove what nothing refers to, or only look with ``dry_run``."""
    found: Garbage = store.find_garbage() if dry_run else store.collect()
    parts = (*found.blobs, *found.layers, *found.leftovers)
    return Pruned(
        bytes_freed=found.size,
        blobs=len(found.blobs),
        layers=len(found.layers),
        images=tuple(str(image) for image in found.images),
        paths=tuple(str(part.path.relative_to(store.root)) for part in parts),
    )
