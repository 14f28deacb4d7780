"""Images and containers of Docker and Podman beside the store's own: looked at, never touched."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from layerscope.accounting.changes import Change, ChangeKind, ChangeList, CopiedUp, change_list
from layerscope.accounting.sizes import SizeModel, layer_usage
from layerscope.errors import LayerscopeError
from layerscope.sources.found import Engine, FoundImage
from layerscope.usecases.engines import PATIENCE, Told, find_daemon, find_storages, telling

if TYPE_CHECKING:
    from layerscope.containers.foreign.container import ForeignContainer, Layers
    from layerscope.cow.engine import Engine as Files
    from layerscope.sources.containers_storage.storage import Storage
    from layerscope.sources.docker_daemon.client import DockerClient

__all__ = ["Engine", "FoundImage", "Told"]

T = TypeVar("T")

LISTED = (Engine.DOCKER, Engine.PODMAN)
"""Whose images can be asked for; Buildah's are in Podman's list."""

_TRIES = 5
_LONGER = 10.0  # seconds for one answer of a daemon while nobody waits


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


def foreign_images(told: Told | None = None, *, every: bool = False) -> list[FoundImage]:
    """The images of this user's Docker and Podman, newest first; with ``every`` Docker's that
    others stand on, too.

    An engine that is absent has none; one that can't be asked (denied, not answering) is told of,
    and has none either. Nothing is raised, and no engine is waited for longer than a second.
    """
    found = [one for engine in LISTED for one in images_of(engine, told, every=every)]
    return sorted(found, key=lambda image: image.created, reverse=True)


def images_of(
    engine: Engine, told: Told | None = None, patience: float = PATIENCE, *, every: bool = False
) -> list[FoundImage]:
    """The images of one of them, as it lists them; ``patience`` as for a DockerClient, ``every`` as
    for :func:`foreign_images`."""
    from layerscope.sources.containers_storage.listing import list_images as stored_images
    from layerscope.sources.docker_daemon.listing import list_images

    listed = functools.partial(list_images, every=every)
    return _listed(engine, told, patience, listed, stored_images)


def foreign_containers(told: Told | None = None) -> list[ForeignContainer]:
    """The containers of this user's Docker and Podman, newest first; as :func:`foreign_images`."""
    found = [one for engine in LISTED for one in containers_of(engine, told)]
    return sorted(found, key=lambda container: container.created, reverse=True)


def containers_of(
    engine: Engine, told: Told | None = None, patience: float = PATIENCE
) -> list[ForeignContainer]:
    """The containers of one of them, Buildah's with Podman's."""
    from layerscope.containers.foreign.docker import docker_containers
    from layerscope.containers.foreign.podman import podman_containers

    return _listed(engine, told, patience, docker_containers, podman_containers)


def _listed(
    engine: Engine,
    told: Told | None,
    patience: float,
    of_daemon: Callable[[DockerClient], Iterable[T]],
    of_storage: Callable[[Storage], Iterable[T]],
) -> list[T]:
    found: list[T] = []
    if engine is Engine.DOCKER:
        client = find_daemon(told, patience)
        if client is not None:
            with telling(told), client:
                found += of_daemon(client)
        return found
    for storage in find_storages(told):
        with telling(told):
            found += of_storage(storage)
    return found


def find_foreign(engine: str, identity: str) -> ForeignContainer:
    """The container of an ID. Raises LayerscopeError."""
    errors: list[LayerscopeError] = []
    wanted = Engine.DOCKER if engine == Engine.DOCKER.value else Engine.PODMAN
    for one in containers_of(wanted, errors.append, _LONGER):
        if one.id == identity:
            return one
    raise errors[0] if errors else LayerscopeError(f"container {identity[:12]}", "it is gone")


def foreign_figures(container: ForeignContainer) -> ForeignFigures:
    """Its sizes, as `docker ps -s` and `podman ps -s` have them; a walk of its writable layer.

    Raises NotInPlace, NoDaemon, DockerRefused, OSError.
    """
    if container.layers is None:
        with _asked(container) as client:
            from layerscope.containers.foreign.docker import docker_figures

            return ForeignFigures(*docker_figures(client, container.id), ReadFrom.DAEMON)
    size = layer_usage(container.layers.upper, size_model(container.layers)).size
    return ForeignFigures(size, foreign_image_size(container) + size, ReadFrom.PLACE)


def size_model(layers: Layers) -> SizeModel:
    """How its engine counts."""
    return SizeModel.CONTAINERD if layers.in_blocks else SizeModel.CLASSIC


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
    if layers.in_blocks:
        return sum(_layer_size(one, SizeModel.CONTAINERD) for one in layers.lower)
    return sum(map(_layer_size, layers.lower[: layers.image]))


@functools.lru_cache(maxsize=4096)
def _layer_size(directory: Path, model: SizeModel = SizeModel.CLASSIC) -> int:
    """Of a layer that never changes."""
    return layer_usage(directory, model).size


@contextmanager
def _asked(container: ForeignContainer) -> Iterator[DockerClient]:
    from layerscope.sources.docker_daemon.client import DockerClient

    if container.daemon is None:
        container.need_layers()
    assert container.daemon is not None
    with DockerClient(container.daemon) as client:
        yield client
