"""What a step wrote as a layer of the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from layerscope.archive.made_tar import MadeTar
from layerscope.archive.writer import TarWriter
from layerscope.cow.commit import check_names, layer_entries, write_entries
from layerscope.cow.engine import Engine
from layerscope.cow.written import written
from layerscope.sources.image import Layer
from layerscope.sources.layer_copy import KeptLayer, keep_layer

if TYPE_CHECKING:
    from layerscope.build.clock import Clock
    from layerscope.store.hands import Hand
    from layerscope.store.store import Store


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
