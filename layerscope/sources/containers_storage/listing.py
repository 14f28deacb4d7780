"""The images of a storage, as `podman images` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerscope.oci.reference import familiar_names
from layerscope.sources.containers_storage.storage import chain, image_size
from layerscope.sources.found import Engine, FoundImage

if TYPE_CHECKING:
    from layerscope.sources.containers_storage.storage import Storage


def list_images(storage: Storage, specifier: str = "") -> list[FoundImage]:
    """All of them; ``specifier`` (in square brackets) is how a TARGET names the storage, "" for the
    usual one. Raises NoStorage, InvalidDocument."""
    layers = storage.layers()
    found = []
    for image in storage.images():
        names = familiar_names(image.names)
        target = f"containers-storage:{specifier}{names[0] if names else image.id}"
        own = chain(layers, image.layer)
        size, identity = image_size(image, own), f"sha256:{image.id}"
        one = FoundImage(Engine.PODMAN, identity, names, image.created, size, target, len(own))
        found.append(one)
    return found
