"""Images to registries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.progress import Progress, Silent
from layerscope.usecases.load import Loaded

if TYPE_CHECKING:
    from layerscope.store.store import Store


def push(
    store: Store,
    image: str,
    name: str,
    progress: Progress | None = None,
    *,
    insecure: bool = False,
) -> Loaded:
    """Copy an image of the store to a registry as ``name``, only the blobs that it lacks.

    Its manifest goes as it is, and so keeps its digest. ``insecure`` takes any certificate, and
    http. Raises LayerscopeError.
    """
    from layerscope.oci.reference import Reference
    from layerscope.sources.registry.push import push_image

    reference = Reference.parse(name.removeprefix("docker://"))
    done = push_image(store, image, reference, progress or Silent(), insecure=insecure)
    return Loaded(
        id=str(done.image.id),
        names=(str(reference),),
        layers=len(done.image.layers),
        blobs_added=len(done.sent),
        bytes_added=sum(done.sent.values()),
        blobs_shared=len(done.there),
    )
