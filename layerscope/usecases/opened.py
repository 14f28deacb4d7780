"""An image, or a container, that somebody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from layerscope.progress import Progress
from layerscope.sources.image import ChooseImage
from layerscope.sources.opened import NoSuchLayer, NotAFile, OpenImage, Step
from layerscope.sources.target import open_target
from layerscope.store.images import NoSuchImage

if TYPE_CHECKING:
    from collections.abc import Callable

    from layerscope.containers.record import Container
    from layerscope.oci.platform import Platform
    from layerscope.sources.image import Image
    from layerscope.store.store import Store

__all__ = [
    "ChooseImage",
    "NoSuchLayer",
    "NotAFile",
    "OpenImage",
    "Seen",
    "Step",
    "find_target",
    "open_image",
    "open_seen",
]


class Seen(NamedTuple):
    """An image, and a path in it. Of a container, what is mounted at or below the path may be the
    layer of the number ``mounts``."""

    image: OpenImage
    path: bytes
    mounts: int | None = None


def find_target(
    target: str,
    store: Store,
    platform: Platform | None = None,
    progress: Progress | None = None,
    *,
    tables: bool = True,
    shown: Callable[[Store, Container], Image] | None = None,
) -> OpenImage:
    """The image that ``target`` names, or the container whose name or ID it is.

    Names of images go first, then those of containers, then the beginnings of IDs. Only documents
    are read; ``progress`` hears of an archive that has to be inflated first. Without ``tables`` a
    layer's own table of contents doesn't do; ``shown`` makes another image of a container than its
    layers. Raises LayerscopeError.
    """
    if not store.has_name(target) and (named := _container(store, target, exactly=True)):
        return OpenImage(_shown(store, named, shown), store)
    try:
        found = open_target(target, store, platform, progress)
        return OpenImage(found, store, tables=tables)
    except NoSuchImage:
        if (container := _container(store, target, exactly=False)) is None:
            raise
        return OpenImage(_shown(store, container, shown), store)


def _container(store: Store, text: str, *, exactly: bool) -> Container | None:
    """The container of a name or ID."""
    if "/" in text or ":" in text:
        return None
    from layerscope.containers.shelf import NoSuchContainer, find_container

    try:
        container = find_container(store, text)
    except NoSuchContainer:
        return None
    if exactly and text not in (container.name, container.id):
        return None
    return container


def _shown(
    store: Store, container: Container, shown: Callable[[Store, Container], Image] | None
) -> Image:
    if shown is not None:
        return shown(store, container)
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


def open_seen(
    target: str,
    path: bytes,
    store: Store,
    progress: Progress | None = None,
    platform: Platform | None = None,
    *,
    follow: bool = False,
    content: bool = True,
) -> Seen:
    """As :func:`open_image`, of a container as its processes see it at and below ``path``.

    The path is then another, by which no symlink leads out of a mount or into one; with ``follow``
    its last name is no symlink either. With ``content`` a container that runs can be read, too.
    """
    seen: list[tuple[bytes, bool]] = []

    def shown(store: Store, container: Container) -> Image:
        from layerscope.containers.as_image import as_seen

        image, place, mounts = as_seen(store, container, path, follow=follow, content=content)
        seen.append((place, mounts))
        return image

    image = find_target(target, store, platform, progress, shown=shown)
    image.read_all(progress)
    place, mounts = seen[0] if seen else (path, False)
    return Seen(image, place, image.layer_count - 1 if mounts else None)
