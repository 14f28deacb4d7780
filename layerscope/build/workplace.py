"""Where a step works: the folders of its writable layer, and the stage's files through them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from layerscope.store.disk import remove_tree

if TYPE_CHECKING:
    from layerscope.cow.engine import Engine
    from layerscope.oci.digest import Digest
    from layerscope.store.hands import Hand
    from layerscope.store.store import Store


class Workplace(NamedTuple):
    """The folders of a writable layer in the making, all on the store's file system."""

    folder: Path

    @property
    def upper(self) -> Path:
        """What is written."""
        return self.folder / "upper"

    @property
    def work(self) -> Path:
        """Where it is prepared."""
        return self.folder / "work"


@contextmanager
def workplace(hand: Hand) -> Iterator[Workplace]:
    """New folders for one step; they are gone after it. Raises OSError."""
    place = Workplace(hand.temporary())
    try:
        for folder in (place.folder, place.upper, place.work):
            folder.mkdir(mode=0o755)
            folder.chmod(0o755)
        yield place
    finally:
        remove_tree(place.folder)


def open_stage(store: Store, image: Digest | None, place: Workplace) -> Engine:
    """The files of an image, or of none, with the writable layer on top. Raises LayerscopeError."""
    from layerscope.containers.image_lower import open_lower
    from layerscope.cow.empty_lower import EmptyLower
    from layerscope.cow.engine import open_engine

    lower = EmptyLower() if image is None else open_lower(store, image)
    return open_engine(lower, place.upper, place.work)
