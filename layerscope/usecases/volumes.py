"""Volumes: made, listed, removed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.containers.volumes import (
    NoSuchVolume,
    Volume,
    VolumeInUse,
    all_volumes,
    find_volume,
    make_volume,
    remove_volume,
    volume_size,
)
from layerscope.units import now_text

if TYPE_CHECKING:
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume: where its data is, its bytes, the names of the containers that have it."""

    name: str
    path: str
    size: int
    containers: tuple[str, ...]


def create_volume(store: Store, name: str | None) -> VolumeRow:
    """Make a volume, or find the one of that name."""
    return _row(find_volume(store, make_volume(store, now_text(), name)))


def list_volumes(store: Store) -> list[VolumeRow]:
    """Every volume, by name."""
    return [_row(volume) for volume in all_volumes(store)]


def inspect_volume(store: Store, name: str) -> VolumeRow:
    """One volume. Raises NoSuchVolume."""
    return _row(find_volume(store, name))


def delete_volume(store: Store, name: str) -> None:
    """Remove a volume with its data. Raises NoSuchVolume, VolumeInUse."""
    remove_volume(store, name)


def prune_volumes(store: Store, *, named: bool = False) -> list[VolumeRow]:
    """Remove the volumes that no container has: those that nobody gave a name, or ``named`` ones,
    too. What is gone."""
    gone = []
    for volume in all_volumes(store):
        if (named or volume.anonymous) and not volume.containers:
            row = _row(volume)
            with suppress(NoSuchVolume, VolumeInUse):  # somebody was faster
                remove_volume(store, volume.name)
                gone.append(row)
    return gone


def _row(volume: Volume) -> VolumeRow:
    size = volume_size(volume.path)
    return VolumeRow(volume.name, str(volume.path), size, volume.containers)
