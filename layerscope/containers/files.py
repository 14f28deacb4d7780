"""A container's files: its image's layers below, its writable layer above, volumes mounted in."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from layerscope.containers.copy_tree import copy_tree
from layerscope.containers.image_lower import open_lower
from layerscope.containers.place import place_of
from layerscope.containers.record import Container, Mount, State
from layerscope.containers.shelf import folder_of
from layerscope.containers.volumes import data_of
from layerscope.cow.driver import Layers
from layerscope.cow.driver_engine import EngineDriver
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import Engine, open_engine

if TYPE_CHECKING:
    from layerscope.store.store import Store


@contextmanager
def open_files(store: Store, container: Container) -> Iterator[Engine]:
    """Its files, to work on while nobody else does; mount points are made as at its start.

    Raises LayerBusy, LayerscopeError, OSError.
    """
    layers = Layers(functools.partial(open_lower, store, container.image), lambda: ())
    with EngineDriver().files(layers, place_of(store, container)) as engine:
        for mount in container.mounts:
            _make_mount_point(engine, mount)
            if mount.volume:
                _fill(store, container, engine, mount)
        yield engine


@contextmanager
def look(store: Store, container: Container) -> Iterator[Engine]:
    """Its files, only to be read, also while its processes write: nobody is kept out, nothing is
    made. What changes meanwhile may be seen as it was, as it is, or give ENOENT.

    Raises LayerscopeError, OSError.
    """
    place = place_of(store, container)
    with TemporaryDirectory() as scratch:
        lower = open_lower(store, container.image)
        with open_engine(lower, place.upper, Path(scratch), place.form) as engine:
            yield engine


def read_files(store: Store, container: Container) -> AbstractContextManager[Engine]:
    """Its files to be read: kept still if it doesn't run, as they go by if it does.

    Raises LayerBusy if another call changes them, LayerscopeError, OSError.
    """
    opened = look if container.state is State.RUNNING else open_files
    return opened(store, container)


def open_mount(store: Store, container: Container, mount: Mount) -> Engine:
    """What a container has mounted, as it lies, through an engine with nothing below.

    Raises LayerBusy if another container works on it, OSError.
    """
    data = data_of(store, mount.volume) if mount.volume else Path(mount.source or "/")
    work = data.parent / "work" if mount.volume else folder_of(store, container) / "mounts"
    data.mkdir(parents=True, exist_ok=True)
    work.mkdir(exist_ok=True)
    return open_engine(EmptyLower(), data, work)


def _fill(store: Store, container: Container, engine: Engine, mount: Mount) -> None:
    """Copy what the image has at a mount point into a volume that is empty, as Docker does."""
    assert mount.volume is not None
    target = mount.target.rstrip("/").encode()
    if any(data_of(store, mount.volume).iterdir()) or not engine.names(target):
        return
    with open_mount(store, container, mount) as volume:
        copy_tree(engine, target, volume, b"/")


def _make_mount_point(engine: Engine, mount: Mount) -> None:
    """A directory, or an empty file for a file of the host."""
    folder, _, name = os.fsencode(mount.target.rstrip("/")).rpartition(b"/")
    path = b""
    for part in filter(None, folder.split(b"/")):
        path += b"/" + part
        if not engine.exists(path):
            engine.mkdir(path, 0o755)
    target = folder + b"/" + name
    if engine.exists(target):
        return
    if mount.source and Path(mount.source).is_file():
        engine.open(target, os.O_CREAT | os.O_WRONLY, 0o755).close()
    else:
        engine.mkdir(target, 0o755)
