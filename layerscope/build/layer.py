"""A stage's files to work on, and what was done to them as a layer of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from layerscope.archive.made_tar import MadeTar
from layerscope.archive.writer import TarWriter
from layerscope.containers.files import open_lower
from layerscope.cow.commit import check_names, layer_entries, write_entries
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.written import written
from layerscope.sources.image import Layer
from layerscope.sources.layer_copy import KeptLayer, keep_layer
from layerscope.store.disk import remove_tree

if TYPE_CHECKING:
    from layerscope.build.clock import Clock
    from layerscope.oci.digest import Digest
    from layerscope.store.hands import Hand
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Workplace:
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
    lower = EmptyLower() if image is None else open_lower(store, image)
    return open_engine(lower, place.upper, place.work)


def make_layer(
    engine: Engine, store: Store, hand: Hand, clock: Clock, watch: Callable[[int], None]
) -> KeptLayer | None:
    """What was written as a layer of the store; None if the files are as they were.

    The same files give the same bytes. Raises ReservedName, StoreFailure, LayerscopeError, OSError.
    """
    changed = list(written(engine))
    check_names(changed)
    entries = [clock.clamp(entry) for entry in layer_entries(engine, changed)]
    if not entries:
        return None

    def write(out: BinaryIO) -> None:
        tar = TarWriter(out)
        write_entries(engine, entries, tar)
        tar.close()

    return keep_layer(Layer(None, None, None, lambda: MadeTar(write)), store, hand, watch)
