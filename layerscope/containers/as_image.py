"""A container seen as an image: its image's layers, and its writable layer as one more."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from layerscope.archive.made_tar import MadeTar
from layerscope.containers.files import read_files
from layerscope.containers.record import Container
from layerscope.cow.commit import commit_layer
from layerscope.sources.image import Image, Layer
from layerscope.sources.stored import open_stored

if TYPE_CHECKING:
    from layerscope.store.store import Store


def as_image(store: Store, container: Container) -> Image:
    """The container's files as they are when its topmost layer is read; what is mounted is not
    among them. Raises LayerscopeError; reading raises ReservedName and LayerBusy, too."""
    image = open_stored(store, store.resolve(str(container.image)))

    def write(out: BinaryIO) -> None:
        with read_files(store, container) as engine:
            commit_layer(engine, out)

    top = Layer(None, None, None, lambda: MadeTar(write))
    return image._replace(origin=f"container {container.name}", layers=(*image.layers, top))
