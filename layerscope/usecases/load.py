"""Copying an image into the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.oci.platform import Platform
    from layerscope.progress import Progress
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; blobs are layers and documents, ``layers`` counts those of the image."""

    id: str
    names: tuple[str, ...]
    layers: int
    blobs_added: int
    bytes_added: int
    blobs_shared: int


def load(
    store: Store,
    target: str,
    names: Iterable[str] = (),
    progress: Progress | None = None,
    platform: Platform | None = None,
) -> Loaded:
    """Copy the image that ``target`` names; ``names`` replace its own. Raises LayerscopeError.

    Nothing of it is visible before all of it is there.
    """
    from layerscope.sources.load import load_image
    from layerscope.sources.target import open_target

    image = open_target(target, store, platform)
    done = load_image(image, store, tuple(names) or None, progress)
    return Loaded(
        id=str(done.image.id),
        names=done.image.names,
        layers=len(done.image.layers),
        blobs_added=done.blobs_added,
        bytes_added=done.bytes_added,
        blobs_shared=done.blobs_shared,
    )
