"""The images of the store and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.analysis.sharing import Chain, shares

if TYPE_CHECKING:
    from layerscope.oci.digest import Digest
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image, its bytes, those that others have as well, and how many containers use it."""

    image: StoredImage
    size: int
    shared_size: int
    unique_size: int
    containers: int


def list_images(store: Store, *, every: bool = False) -> list[ImageRow]:
    """All images, newest first; without ``every``, no nameless ones that others were made from.

    As with Docker, what is shared is what the images listed share with each other.
    """
    images = store.images()
    parents = {image.parent for image in images}
    listed = [one for one in images if every or one.names or one.id not in parents]
    sizes = shares(chains(listed))
    return [
        ImageRow(
            image,
            sizes[image.id].size,
            sizes[image.id].shared,
            sizes[image.id].unique,
            len(store.users(image.id)),
        )
        for image in listed
    ]


def chains(images: list[StoredImage]) -> dict[Digest, list[Chain]]:
    """The layers of every image as chain IDs and sizes in bytes, bottom up."""
    return {
        image.id: [Chain(layer.chain_id, layer.size) for layer in image.layers] for image in images
    }
