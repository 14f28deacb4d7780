"""The store examined, and mended where that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.progress import Progress

if TYPE_CHECKING:
    from layerscope.store.finding import Fault
    from layerscope.store.store import Store


def fsck(store: Store, progress: Progress, *, repair: bool = False) -> list[Fault]:
    """Recompute every digest, follow every reference; what isn't as it must be."""
    from layerscope.store.fsck import fsck as examine

    return examine(store, repair, progress)
