"""Images from registries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from layerscope.progress import Progress, Silent
from layerscope.usecases.load import Loaded, loaded

if TYPE_CHECKING:
    from layerscope.oci.platform import Platform
    from layerscope.store.store import Store

# As many as Docker fetches at once.
_AT_ONCE = 3


def pull(
    store: Store,
    name: str,
    names: Sequence[str] = (),
    progress: Progress | None = None,
    platform: Platform | None = None,
    *,
    insecure: bool = False,
) -> Loaded:
    """Copy an image of a registry into the store, only the blobs that it lacks.

    ``names``, if any, replace its own. ``insecure`` takes any certificate, and http. Raises
    LayerscopeError.
    """
    from layerscope.oci.reference import Reference
    from layerscope.sources.load import load_image
    from layerscope.sources.registry.image import open_registry
    from layerscope.store.adding import familiar

    for given in names:
        familiar(given)  # a wrong one is told before gigabytes are copied
    progress = progress or Silent()
    reference = Reference.parse(name.removeprefix("docker://"))
    image = open_registry(reference, store, progress, platform, insecure=insecure)
    done = load_image(image, store, names or None, progress, at_once=_AT_ONCE)
    parts = [layer.descriptor.digest for layer in image.layers if layer.descriptor]
    store.remember_origin(reference, [done.image.id, *parts])
    return loaded(done)
