"""A container's files: its image's layers below, its writable layer above, volumes mounted in."""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from layerscope.archive.paths import follow
from layerscope.archive.tar_format import InvalidTar
from layerscope.containers.copy_tree import copy_tree
from layerscope.containers.image_lower import open_lower
from layerscope.containers.place import place_of
from layerscope.containers.record import Container, Mount, State
from layerscope.containers.shelf import folder_of
from layerscope.containers.volumes import data_of
from layerscope.containers.with_mounts import Mounted, WithMounts
from layerscope.cow.driver import Layers
from layerscope.cow.driver_engine import EngineDriver
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import Engine, open_engine
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from layerscope.store.store import Store

_KERNELS = (b"/proc", b"/dev", b"/sys")  # mounted in every container


@contextmanager
def open_files(store: Store, container: Container) -> Iterator[Engine]:
    """Its files, to work on while nobody else does; mount points are made as at its start.

    Raises LayerBusy, LayerscopeError, OSError.
    """
    layers = Layers(functools.partial(open_lower, store, container.image), lambda: ())
    with EngineDriver().files(layers, place_of(store, container)) as engine:
        targets = {mount: _resolved(engine, mount) for mount in container.mounts}
        for mount, target in targets.items():
            # One in another mount is made in that one, when it stands.
            others = (*targets.values(), *_KERNELS)
            if not any(target.startswith(other + b"/") for other in others):
                _make_mount_point(engine, target, mount)
            if mount.volume:
                _fill(store, container, engine, mount, target)
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
    """Its files to be read: kept still if it doesn't run, as they go by if it does, or if the
    store cannot be written.

    Raises LayerBusy if another call changes them, LayerscopeError, OSError.
    """
    opened = look if container.state is State.RUNNING or not store.is_writable else open_files
    return opened(store, container)


@contextmanager
def open_mounted(store: Store, container: Container) -> Iterator[Engine]:
    """Its files as :func:`open_files` has them, and what is mounted in them: what its processes
    would see. Raises LayerBusy, LayerscopeError, OSError."""
    with ExitStack() as stack:
        layers = stack.enter_context(open_files(store, container))
        view = WithMounts(layers)
        for mount in container.mounts:
            work = _work_of(store, container, mount)
            view.mount(os.fsencode(mount.target), _open_mount(stack, store, mount, work))
        yield view


@contextmanager
def look_mounted(store: Store, container: Container) -> Iterator[WithMounts]:
    """The same, only to be read, as :func:`look` has them. Raises LayerscopeError, OSError."""
    with ExitStack() as stack:
        view = WithMounts(stack.enter_context(look(store, container)))
        scratch = Path(stack.enter_context(TemporaryDirectory()))
        for number, mount in enumerate(container.mounts):
            if _source_of(store, mount).exists():
                work = scratch / str(number)
                view.mount(os.fsencode(mount.target), _open_mount(stack, store, mount, work))
        yield view


def _open_mount(stack: ExitStack, store: Store, mount: Mount, work: Path) -> Mounted:
    """What a container has mounted, as it lies, through an engine with nothing below.

    Raises LayerBusy if another call has it in hand, OSError.
    """
    source = _source_of(store, mount)
    if not source.exists():
        source.mkdir(parents=True)  # as Docker does for -v
    work.mkdir(parents=True, exist_ok=True)
    folder, path = (source, b"") if source.is_dir() else (source.parent, os.fsencode(source.name))
    engine = stack.enter_context(open_engine(EmptyLower(), folder, work))
    return Mounted(engine, path and b"/" + path, mount.read_only)


def _source_of(store: Store, mount: Mount) -> Path:
    return data_of(store, mount.volume) if mount.volume else Path(mount.source or "/")


def _work_of(store: Store, container: Container, mount: Mount) -> Path:
    """The folder for what isn't finished in a mount."""
    if mount.volume:
        return data_of(store, mount.volume).parent / "work"
    return folder_of(store, container) / "mounts" / str(container.mounts.index(mount))


def _fill(store: Store, container: Container, engine: Engine, mount: Mount, target: bytes) -> None:
    """Copy what the image has at a mount point into a volume that is empty, as Docker does."""
    assert mount.volume is not None
    if any(data_of(store, mount.volume).iterdir()) or not _has_content(engine, target):
        return
    work = _work_of(store, container, mount)
    with ExitStack() as stack:
        copy_tree(engine, target, _open_mount(stack, store, mount, work).engine, b"/")


def _has_content(engine: Engine, folder: bytes) -> bool:
    return engine.exists(folder) and bool(engine.names(folder))


def _resolved(engine: Engine, mount: Mount) -> bytes:
    """The path of a mount point with its symlinks followed, as far as it is there."""

    def link(path: bytes) -> bytes | None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if engine.stat(b"/" + path).fmt == stat.S_IFLNK:
                return engine.readlink(b"/" + path)
        return None

    try:
        return b"/" + follow(os.fsencode(mount.target), link)
    except InvalidTar:
        raise LayerscopeError(mount.target, "its symlinks go round") from None


def _make_mount_point(engine: Engine, target: bytes, mount: Mount) -> None:
    """A directory, or an empty file for what is none on the host."""
    path = b""
    for part in target.split(b"/")[1:-1]:
        path += b"/" + part
        if not engine.exists(path):
            engine.mkdir(path, 0o755)
    if engine.exists(target):
        return
    if mount.source and os.path.exists(mount.source) and not os.path.isdir(mount.source):
        engine.open(target, os.O_CREAT | os.O_WRONLY, 0o755).close()
    else:
        engine.mkdir(target, 0o755)
