"""What other engines make otherwise of an image, or of every image of a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from layerscope.analysis.notes import Note, notes
from layerscope.errors import Cancelled, LayerscopeError
from layerscope.sources.stored import open_stored
from layerscope.usecases.opened import OpenImage

if TYPE_CHECKING:
    from layerscope.progress import Progress
    from layerscope.store.store import Store


def notes_of_image(image: OpenImage) -> list[Note]:
    """By layer, then by path. The image must have been read."""
    return notes(image.stacks())


def notes_of_store(store: Store, progress: Progress) -> Iterator[tuple[str, list[Note]]]:
    """Each image that has some, by its first name or short ID, and its notes; those of times alone
    are left to who looks at the image.

    What was never looked at is indexed. Images that can't be read are left out: they are faults.
    """
    for image in store.images():
        try:
            opened = OpenImage(open_stored(store, image), store)
            opened.read_all(progress)
        except Cancelled:
            raise
        except LayerscopeError:
            continue
        found = [note for note in notes_of_image(opened) if not note.case.is_of_times]
        if found:
            yield image.names[0] if image.names else image.id.short, found
