"""The containers of a store: their records, by ID and name."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from layerscope.containers.names import any_name, check_name
from layerscope.containers.record import Container, Mount, State
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from pathlib import Path

    from layerscope.store.store import Store

_TRIES = 20


class NoSuchContainer(LayerscopeError):
    """No container has that name or ID."""

    def __init__(self, text: str) -> None:
        super().__init__(f"container {text!r}", "there is none", "layerscope ps -a")


class AmbiguousContainer(LayerscopeError):
    """An ID prefix that several containers share."""


class NameTaken(LayerscopeError):
    """Another container has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"container {name!r}", "another one has that name", "another --name")


def all_containers(store: Store) -> list[Container]:
    """Every container, newest first."""
    rows = store.database.rows(
        "SELECT id, name, image, created, record FROM containers ORDER BY created DESC, id"
    )
    mounts: dict[str, list[Mount]] = {}
    for of, target, volume, source, read_only in store.database.rows(
        "SELECT container, target, volume, source, read_only FROM mounts ORDER BY target"
    ):
        mounts.setdefault(of, []).append(Mount(target, volume, source, bool(read_only)))
    found = (Container.from_record(row, tuple(mounts.get(row[0], ()))) for row in rows)
    return [_as_it_is(container) for container in found]


def _as_it_is(container: Container) -> Container:
    """A container whose processes are gone, though nobody could write it down, has ended: it was
    killed with all that watched over it, or the machine was started anew. Docker's code is 255."""
    if container.state is not State.RUNNING:
        return container
    from layerscope.containers.runtime.alive import is_alive

    life = container.life
    if life and is_alive(life.monitor, life.monitor_started, life.boot):
        return container
    return container._replace(state=State.EXITED, exit_code=255, life=None)


def find_container(store: Store, text: str) -> Container:
    """The container of a name or the start of an ID. Raises NoSuchContainer, AmbiguousContainer."""
    containers = all_containers(store)
    found = [c for c in containers if text in (c.name, c.id)]
    found = found or [c for c in containers if text and c.id.startswith(text)]
    if not found:
        raise NoSuchContainer(text)
    if len(found) > 1:
        there = ", ".join(container.short for container in found)
        raise AmbiguousContainer(f"container {text!r}", f"several IDs start so: {there}")
    return found[0]


def add_container(store: Store, container: Container, name: str | None) -> Container:
    """Keep a new container under ``name``, or under one that is free. Raises NameTaken."""
    for _ in range(_TRIES):
        named = container.renamed(check_name(name) if name else any_name())
        try:
            _insert(store, named)
        except NameTaken:
            if name:
                raise
            continue
        return named
    raise NameTaken(container.name)


def change_container(store: Store, identity: str, **changes: Any) -> Container:
    """Keep other values of a container's fields, the rest as others may have changed it meanwhile.

    What its processes do is no matter of the disk: after a power cut they are gone in any case.
    Raises NoSuchContainer, NameTaken.
    """
    with store.database.write(lasting="state" not in changes):
        changed = find_container(store, identity)._replace(**changes)
        save_container(store, changed)
    return changed


def save_container(store: Store, container: Container) -> None:
    """Keep what has changed of a container. Raises NameTaken."""
    with store.database.write() as tx:
        try:
            tx.execute(
                "UPDATE containers SET name = ?, record = ? WHERE id = ?",
                (container.name, container.to_record(), container.id),
            )
        except sqlite3.IntegrityError:
            raise NameTaken(container.name) from None


def forget_container(store: Store, container: Container) -> None:
    """Drop its record and its mounts; its volumes stay."""
    with store.database.write() as tx:
        tx.execute("DELETE FROM containers WHERE id = ?", (container.id,))


def _insert(store: Store, container: Container) -> None:
    with store.database.write() as tx:
        row = (container.id, container.name, str(container.image), container.created)
        try:
            tx.execute(
                "INSERT INTO containers VALUES (?, ?, ?, ?, ?)", (*row, container.to_record())
            )
        except sqlite3.IntegrityError:
            raise NameTaken(container.name) from None
        tx.executemany(
            "INSERT INTO mounts VALUES (?, ?, ?, ?, ?)",
            [
                (container.id, mount.target, mount.volume, mount.source, mount.read_only)
                for mount in container.mounts
            ],
        )


def folder_of(store: Store, container: Container) -> Path:
    """The folder of everything that belongs to a container alone."""
    return store.root / "containers" / container.id
