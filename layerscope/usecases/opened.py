"""An image, or a container, that somebody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.progress import Progress
from layerscope.sources.opened import NoSuchLayer, NotAFile, OpenImage, Step
from layerscope.sources.target import open_target
from layerscope.store.images import NoSuchImage

if TYPE_CHECKING:
    from layerscope.oci.platform import Platform
    from layerscope.sources.image import Image
    from layerscope.store.store import Store

__all__ = ["NoSuchLayer", "NotAFile", "OpenImage", "Step", "find_target", "open_image"]


def find_target(
    target: str,
    store: Store,
    platform: Platform | None = None,
    progress: Progress | None = None,
    *,
    tables: bool = True,
) -> OpenImage:
    """The image that ``target`` names, or the container whose name or ID it is.

    Names of images go first, then those of containers, then the beginnings of IDs. Only documents
    are read; ``progress`` hears of an archive that has to be inflated first. Without ``tables`` a
    layer's own table of contents doesn't do. Raises LayerscopeError.
    """
    if not store.has_name(target) and (named := _container(store, target, exactly=True)):
        return OpenImage(named, store)
    try:
        found = open_target(target, store, platform, progress)
        return OpenImage(found, store, tables=tables)
    except NoSuchImage:
        if (container := _container(store, target, exactly=False)) is None:
            raise
        return OpenImage(container, store)


def _container(store: Store, text: str, *, exactly: bool) -> Image | None:
    """The container of a name or ID, as an image."""
    if "/" in text or ":" in text:
        return None
    from layerscope.containers.shelf import NoSuchContainer, find_container

    try:
        container = find_container(store, text)
    except NoSuchContainer:
        return None
    if exactly and text not in (container.name, container.id):
        return None
    from layerscope.containers.as_image import as_image  # needs the engine, slow to import

    return as_image(store, container)


def open_image(
    target: str,
    store: Store,
    progress: Progress | None = None,
    platform: Platform | None = None,
    *,
    last: int | None = None,
    tables: bool = True,
) -> OpenImage:
    """As :func:`find_target`, with the layers up to ``last``, or every one, read and verified."""
    image = find_target(target, store, platform, progress, tables=tables)
    image.read_all(progress, last)
    return image
