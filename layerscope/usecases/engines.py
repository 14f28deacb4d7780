"""The other engines of this machine: how this user's Docker and Podman are found and asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from layerscope.sources.containers_storage.storage import Storage
    from layerscope.sources.docker_daemon.client import DockerClient

Told = Callable[[LayerscopeError], object]
"""Hears why an engine that seems to be there could not be asked."""

PATIENCE = 0.8  # seconds for one answer of a daemon while a list waits for it


def find_daemon(told: Told | None, patience: float = PATIENCE) -> DockerClient | None:
    """This user's Docker; None where nothing names one and the usual socket isn't there."""
    from layerscope.sources.docker_daemon.address import DEFAULT, find_address

    with telling(told):
        address = find_address()
        if address.text != DEFAULT or Path(address.socket).exists():
            from layerscope.sources.docker_daemon.client import DockerClient

            return DockerClient(address, patience)
    return None


def find_storages(told: Told | None) -> list[Storage]:
    """This user's storage, one for each driver that it has; none where its folder isn't there."""
    from layerscope.sources.containers_storage.settings import find_place

    with telling(told):
        place = find_place()
        if place.root.exists():
            from layerscope.sources.containers_storage.storage import open_storages

            return open_storages(place)
    return []


@contextmanager
def telling(told: Told | None) -> Iterator[None]:
    """Errors end the block and are told of."""
    try:
        yield
    except LayerscopeError as error:
        if told is not None:
            told(error)
