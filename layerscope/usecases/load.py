"""Copying an image into the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.progress import Progress, Silent

if TYPE_CHECKING:
    from layerscope.oci.platform import Platform
    from layerscope.sources.load import Loaded as Done
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; blobs are layers, the config and the manifest, bytes theirs."""

    id: str
    names: tuple[str, ...]
    layers: int
    blobs_added: int
    bytes_added: int
    blobs_shared: int


def load(
    store: Store,
    target: str,
    names: Sequence[str] = (),
    progress: Progress | None = None,
    platform: Platform | None = None,
) -> Loaded:
    """Copy the image that ``target`` names; ``names``, if any, replace its own.

    It may come through a pipe, standard input for ``-``. Only the blobs that the store lacks are
    copied. Raises LayerscopeError.
    """
    store.check_writable()  # told before anything is fetched or inflated
    if target.startswith("docker://"):
        from layerscope.usecases.pull import pull

        return pull(store, target, names, progress, platform)
    from layerscope.sources.load import load_image
    from layerscope.sources.target import open_target
    from layerscope.store.adding import familiar
    from layerscope.usecases.piped import at_hand

    for name in names:
        familiar(name)  # a wrong one is told before gigabytes are copied
    progress = progress or Silent()
    with at_hand(target, store, progress) as file:
        image = open_target(file, store, platform, progress)
        return loaded(load_image(image, store, names or None, progress))


def loaded(done: Done) -> Loaded:
    """The same in words."""
    return Loaded(
        id=str(done.image.id),
        names=done.image.names,
        layers=len(done.image.layers),
        blobs_added=done.blobs_added,
        bytes_added=done.bytes_added,
        blobs_shared=done.blobs_shared,
    )
