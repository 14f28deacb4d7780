"""Volumes: folders outside the layers, that outlive the containers they are mounted in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from layerscope.containers.names import check_name
from layerscope.errors import LayerscopeError
from layerscope.store.disk import told

if TYPE_CHECKING:
    from layerscope.store.store import Store


class NoSuchVolume(LayerscopeError):
    """No volume has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"volume {name!r}", "there is none", "layerscope volume ls")


class VolumeInUse(LayerscopeError):
    """A volume that containers have."""


class Volume(NamedTuple):
    """A volume; ``containers`` are the names of those that have it."""

    name: str
    path: Path
    created: str
    anonymous: bool
    containers: tuple[str, ...]


def all_volumes(store: Store) -> list[Volume]:
    """Every volume, by name."""
    users: dict[str, list[str]] = {}
    for volume, name in store.database.rows(
        "SELECT m.volume, c.name FROM mounts m JOIN containers c ON c.id = m.container "
        "WHERE m.volume IS NOT NULL ORDER BY c.name"
    ):
        users.setdefault(volume, []).append(name)
    rows = store.database.rows("SELECT name, created, anonymous FROM volumes ORDER BY name")
    return [
        Volume(name, data_of(store, name), created, bool(anonymous), tuple(users.get(name, ())))
        for name, created, anonymous in rows
    ]


def find_volume(store: Store, name: str) -> Volume:
    """The volume of a name. Raises NoSuchVolume."""
    for volume in all_volumes(store):
        if volume.name == name:
            return volume
    raise NoSuchVolume(name)


def make_volume(store: Store, now: str, name: str | None = None) -> str:
    """A volume of that name, the one there is or a new one; anonymous for None. Its name."""
    with store.database.write():
        chosen = record_volume(store, now, name)
        make_folder(store, chosen)
    return chosen


def record_volume(store: Store, now: str, name: str | None) -> str:
    """The record of :func:`make_volume` alone, for a transaction that makes its folder at last."""
    chosen = check_name(name) if name else os.urandom(32).hex()
    with store.database.write() as tx:
        sql = "INSERT OR IGNORE INTO volumes VALUES (?, ?, ?)"
        tx.execute(sql, (chosen, now, name is None))
    return chosen


def make_folder(store: Store, name: str) -> None:
    """The folder of a volume's data. Raises StoreFailure."""
    folder = data_of(store, name)
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)


def remove_volume(store: Store, name: str) -> None:
    """Remove a volume with its data. Raises NoSuchVolume, VolumeInUse."""
    from layerscope.store.disk import remove_tree

    with store.removing():
        with store.database.write() as tx:
            users = find_volume(store, name).containers
            if users:
                raise VolumeInUse(f"volume {name!r}", f"it is used by {', '.join(users)}")
            tx.execute("DELETE FROM volumes WHERE name = ?", (name,))
        remove_tree(store.root / "volumes" / name)


def data_of(store: Store, name: str) -> Path:
    """The folder of a volume's data."""
    return store.root / "volumes" / name / "_data"


def volume_size(path: Path) -> int:
    """Bytes of the files below a folder, each inode once, as `docker system df` counts."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                about = os.lstat(os.path.join(folder, name))
            except OSError:  # it has gone meanwhile, or its path is too long
                continue
            if (about.st_dev, about.st_ino) not in seen:
                seen.add((about.st_dev, about.st_ino))
                total += about.st_size
    return total
