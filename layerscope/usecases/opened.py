"""An image that somebody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.progress import Progress
from layerscope.sources.opened import NoSuchLayer, NotAFile, OpenImage, Step
from layerscope.sources.target import open_target

if TYPE_CHECKING:
    from layerscope.oci.platform import Platform
    from layerscope.store.store import Store

__all__ = ["NoSuchLayer", "NotAFile", "OpenImage", "Step", "open_image"]


def open_image(
    target: str, store: Store, progress: Progress | None = None, platform: Platform | None = None
) -> OpenImage:
    """The image that ``target`` names, every layer read and verified. Raises LayerscopeError."""
    image = OpenImage(open_target(target, store, platform), store)
    image.read_all(progress)
    return image
