"""What a step wrote as a layer of the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from layerscope.archive.made_tar import MadeTar
from layerscope.archive.writer import TarWriter
from layerscope.cow.commit import check_names, layer_entries, write_entries
from layerscope.cow.engine import Engine
from layerscope.cow.written import Written, written
from layerscope.sources.image import Layer
from layerscope.sources.layer_copy import KeptLayer, keep_layer

if TYPE_CHECKING:
    from layerscope.archive.entry import Entry
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
    owners = {} if engine.upper.real else _owners_below(engine, changed)
    entries = [
        clock.clamp(_owned(entry, owners.get(entry.path)))
        for entry in layer_entries(engine, changed)
    ]
    if not entries:
        return None

    def write(out: BinaryIO) -> None:
        tar = TarWriter(out)
        write_entries(engine, entries, tar)
        tar.close()

    return keep_layer(Layer(None, None, None, lambda: MadeTar(write)), store, hand, watch)


def _owned(entry: Entry, owner: tuple[int, int] | None) -> Entry:
    return entry if owner is None else replace(entry, uid=owner[0], gid=owner[1])


def _owners_below(engine: Engine, changed: list[Written]) -> dict[bytes, tuple[int, int]]:
    """Owners of the copies that a command of an ordinary user made of other users' files.

    Its namespace has no user but root, so the kernel gave the copies to him, and nobody could have
    wanted that: the files keep the owners that the image says.
    """
    found = {}
    for path, about, below, _ in changed:
        if about is None or below is None or (about.uid, about.gid) != (0, 0):
            continue
        was = below.stat()
        if (was.uid, was.gid) != (0, 0) and engine.upper.has_origin(engine.upper.fd, path or b"."):
            found[path] = (was.uid, was.gid)
    return found
