"""Images and containers of Docker and Podman beside the store's own: looked at, never touched."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.accounting.changes import Change, ChangeKind, ChangeList, CopiedUp, change_list
from layerscope.accounting.sizes import layer_usage
from layerscope.errors import LayerscopeError
from layerscope.sources.found import Engine, FoundImage

if TYPE_CHECKING:
    from layerscope.containers.foreign.container import ForeignContainer, Layers
    from layerscope.cow.engine import Engine as Files
    from layerscope.sources.containers_storage.storage import Storage
    from layerscope.sources.docker_daemon.client import DockerClient

__all__ = ["Engine", "FoundImage", "Told"]

Told = Callable[[LayerscopeError], object]
"""Hears why an engine that seems to be there could not be asked."""

_PATIENCE = 0.8  # seconds for one answer of a daemon while a list waits for it
_TRIES = 5


class ReadFrom(enum.Enum):
    """Where figures of a container come from."""

    PLACE = "read in place"
    DAEMON = "told by the daemon"


@dataclass(frozen=True, slots=True)
class ForeignFigures:
    """Bytes of a container's writable layer, and with its image."""

    size_rw: int
    size_root_fs: int
    read_from: ReadFrom


@dataclass(frozen=True, slots=True)
class ForeignChanges:
    """What it changed, by path; where the daemon tells it, sizes and copied-up files are unknown
    and 0 or missing."""

    list: ChangeList
    read_from: ReadFrom


def foreign_images(told: Told | None = None) -> list[FoundImage]:
    """The images of this user's Docker and Podman, newest first.

    An engine that is absent has none; one that can't be asked (denied, not answering) is told of,
    and has none either. Nothing is raised, and no engine is waited for longer than a second.
    """
    found: list[FoundImage] = []
    for client in _daemons(told):
        from layerscope.sources.docker_daemon.listing import list_images

        with _telling(told), client:
            found += list_images(client)
    for storage in _storages(told):
        from layerscope.sources.containers_storage.listing import list_images as list_stored

        with _telling(told):
            found += list_stored(storage)
    return sorted(found, key=lambda image: image.created, reverse=True)


def foreign_containers(told: Told | None = None) -> list[ForeignContainer]:
    """The containers of this user's Docker and Podman, newest first; as :func:`foreign_images`."""
    found: list[ForeignContainer] = []
    for client in _daemons(told):
        from layerscope.containers.foreign.docker import docker_containers

        with _telling(told), client:
            found += docker_containers(client)
    for storage in _storages(told):
        from layerscope.containers.foreign.podman import podman_containers

        with _telling(told):
            found += podman_containers(storage)
    return sorted(found, key=lambda container: container.created, reverse=True)


def foreign_figures(container: ForeignContainer) -> ForeignFigures:
    """Its sizes, as `docker ps -s` and `podman ps -s` have them; a walk of its writable layer.

    Raises NotInPlace, NoDaemon, DockerRefused, OSError.
    """
    if container.layers is None:
        with _asked(container) as client:
            from layerscope.containers.foreign.docker import docker_figures

            return ForeignFigures(*docker_figures(client, container.id), ReadFrom.DAEMON)
    size = layer_usage(container.layers.upper).size
    return ForeignFigures(size, foreign_image_size(container) + size, ReadFrom.PLACE)


def foreign_image_size(container: ForeignContainer) -> int:
    """Bytes of its image; where its engine doesn't say, those of its layers' files, which the first
    call walks; 0 if neither can be had. Raises OSError."""
    if container.image_size is not None:
        return container.image_size
    return _image_size(container.layers) if container.layers else 0


def foreign_changes(container: ForeignContainer) -> ForeignChanges:
    """What it changed, as `docker diff` or `podman diff` has it, also while it runs.

    Raises NotInPlace, NoDaemon, DockerRefused, OSError.
    """
    if container.layers is None:
        with _asked(container) as client:
            return ForeignChanges(_told_changes(client, container.id), ReadFrom.DAEMON)
    for left in reversed(range(_TRIES)):
        with container.look() as files:
            try:
                return ForeignChanges(_changes(container.engine, files), ReadFrom.PLACE)
            except (FileNotFoundError, NotADirectoryError):
                # Its processes removed what was just being looked at.
                if not left:
                    raise
    raise AssertionError


def _changes(engine: Engine, files: Files) -> ChangeList:
    if engine is Engine.DOCKER:
        return change_list(files)
    from layerscope.accounting.podman_changes import podman_change_list

    return ChangeList(podman_change_list(files), ())


def _told_changes(client: DockerClient, container_id: str) -> ChangeList:
    from layerscope.containers.foreign.docker import docker_changes

    told = docker_changes(client, container_id)
    changes = (
        Change(ChangeKind(letter), path.encode("utf-8", "surrogateescape"), 0, False, None)
        for letter, path in told
    )
    unchanged: tuple[CopiedUp, ...] = ()
    return ChangeList(tuple(changes), unchanged)


def _image_size(layers: Layers) -> int:
    return sum(map(_layer_size, layers.lower[: layers.image]))


@functools.lru_cache(maxsize=4096)
def _layer_size(directory: Path) -> int:
    """Of a layer that never changes."""
    return layer_usage(directory).size


@contextmanager
def _asked(container: ForeignContainer) -> Iterator[DockerClient]:
    from layerscope.sources.docker_daemon.client import DockerClient

    if container.daemon is None:
        container.need_layers()
    assert container.daemon is not None
    with DockerClient(container.daemon) as client:
        yield client


@contextmanager
def _telling(told: Told | None) -> Iterator[None]:
    try:
        yield
    except LayerscopeError as error:
        if told is not None:
            told(error)


def _daemons(told: Told | None) -> list[DockerClient]:
    """This user's Docker; none where nothing names one and the usual socket isn't there."""
    from layerscope.sources.docker_daemon.address import DEFAULT, find_address
    from layerscope.sources.docker_daemon.client import DockerClient

    with _telling(told):
        address = find_address()
        if address.text != DEFAULT or Path(address.socket).exists():
            return [DockerClient(address, _PATIENCE)]
    return []


def _storages(told: Told | None) -> list[Storage]:
    from layerscope.sources.containers_storage.settings import find_place
    from layerscope.sources.containers_storage.storage import open_storages

    with _telling(told):
        place = find_place()
        if place.root.exists():
            return open_storages(place)
    return []
