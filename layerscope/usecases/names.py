"""Names of images: given, and taken away with the images that have no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Tagged:
    """An image and all its names."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """Names and image IDs that are gone."""

    untagged: tuple[str, ...]
    deleted: tuple[str, ...]


def tag(store: Store, image: str, name: str) -> Tagged:
    """Give an image, by name or ID, one more name; another image's name moves over.

    Raises NoSuchImage, AmbiguousImage, InvalidReference.
    """
    store.tag(image, name)
    tagged = store.resolve(name)
    return Tagged(str(tagged.id), tagged.names)


def remove_image(store: Store, image: str, *, force: bool = False) -> Removed:
    """Take a name away, and the image whose last it was, by Docker's rules.

    Blobs stay until they are pruned. Raises NoSuchImage, AmbiguousImage, ImageInUse.
    """
    removed = store.remove_image(image, force)
    return Removed(removed.untagged, tuple(str(gone) for gone in removed.deleted))
