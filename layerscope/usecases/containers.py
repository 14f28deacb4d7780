"""Containers: made, listed, looked into, changed, committed, removed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.containers.names import new_id
from layerscope.containers.record import Container, Mount, Settings, State
from layerscope.containers.shelf import (
    add_container,
    all_containers,
    change_container,
    find_container,
    folder_of,
)
from layerscope.errors import LayerscopeError, UsageError
from layerscope.units import counted, now_text

if TYPE_CHECKING:
    from layerscope.accounting.changes import ChangeList
    from layerscope.cow.ops import Language, OpResult
    from layerscope.oci.runtime_config import RuntimeConfig
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store


_TRIES = 10


class ContainerRunning(LayerscopeError):
    """A container that can't be removed while it runs."""


class ContainerRow(NamedTuple):
    """A container and its bytes: of its writable layer, and with its image's."""

    container: Container
    size_rw: int
    size_root_fs: int


class Wanted(NamedTuple):
    """What a new container is to be, where it isn't as its image says."""

    name: str | None = None
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    mounts: tuple[Mount, ...] = ()
    entrypoint: str | None = None
    hostname: str = ""
    network: str = "none"
    terminal: bool = False
    interactive: bool = False
    toolbox: bool = False
    remove: bool = False


def create(store: Store, image: str, wanted: Wanted) -> Container:
    """A writable layer over an image; its cost does not grow with the image.

    Raises NoSuchImage, NameTaken, InvalidName, UsageError, OSError.
    """
    from layerscope.containers.place import make_place
    from layerscope.containers.volumes import make_folder

    stored, now = store.resolve(image), now_text()
    runtime = store.runtime_config(stored)
    entrypoint, arguments = _words(runtime, wanted)
    settings = Settings(
        command=(*entrypoint, *arguments),
        env=(*runtime.env, *wanted.env),
        working_dir=wanted.working_dir or runtime.working_dir,
        user=wanted.user or runtime.user,
        hostname=wanted.hostname,
        network=wanted.network,
        terminal=wanted.terminal,
        interactive=wanted.interactive,
        toolbox=wanted.toolbox,
        remove=wanted.remove,
        stop_signal=runtime.stop_signal or "SIGTERM",
        entrypoint=len(entrypoint),
    )
    container = Container(
        id=new_id(),
        name="",
        image=stored.id,
        image_name=image,
        created=now,
        settings=settings,
    )
    asked = _mounts(runtime, wanted)
    with store.database.write():  # its volumes come with it, or not at all
        mounts = tuple(_with_volume(store, mount, now) for mount in asked)
        added = add_container(store, container._replace(mounts=mounts), wanted.name)
        for volume in added.volumes:
            make_folder(store, volume)
    make_place(store, added)
    return added


def list_containers(
    store: Store, *, every: bool = True, tell: Callable[[LayerscopeError], object] | None = None
) -> list[ContainerRow]:
    """Containers, newest first; only running ones without ``every``. ``tell`` hears of sizes that
    are too small, for what can't be read."""
    sizes = {image.id: image.size for image in store.images()}
    rows = []
    for container in all_containers(store):
        if every or container.state is State.RUNNING:
            size = size_of(store, container, tell)
            rows.append(ContainerRow(container, size, size + sizes.get(container.image, 0)))
    return rows


def size_of(
    store: Store, container: Container, tell: Callable[[LayerscopeError], object] | None = None
) -> int:
    """Bytes of its writable layer, by Docker's classic rule, as far as it can be read; ``tell``
    hears if that isn't all. 0 for one that another process is just making or removing. Raises
    OSError."""
    from layerscope.accounting.sizes import layer_usage

    upper = folder_of(store, container) / "upper"
    unread: list[PermissionError] = []
    try:
        size = layer_usage(upper, unread=unread.append).size
    except FileNotFoundError:
        return 0
    if unread and tell:
        first = "/" + os.path.relpath(os.fsdecode(unread[0].filename), upper)
        folders = f"{counted(len(unread), 'folder')} ({first!r})"
        why = f"permission denied in {folders}, whose content its size lacks"
        tell(LayerscopeError(f"container {container.name!r}", why))
    return size


def diff(store: Store, name: str) -> ChangeList:
    """What a container changed, whether or not it runs. Raises NoSuchContainer, OSError."""
    from layerscope.accounting.changes import change_list
    from layerscope.containers.files import look

    container = find_container(store, name)
    for left in reversed(range(_TRIES)):
        with look(store, container) as engine:
            try:
                return change_list(engine)
            except (FileNotFoundError, NotADirectoryError):
                # Its processes removed what was just being looked at.
                if not left:
                    raise
    raise AssertionError


def apply(
    store: Store,
    name: str,
    ops: Sequence[Mapping[str, Any]],
    language: Language | None = None,
) -> list[OpResult]:
    """Run file operations in a container; ``language`` is guessed from them for None.

    Raises NoSuchContainer, InvalidOps, LayerBusy.
    """
    from layerscope.containers.apply import apply as run

    return run(store, find_container(store, name), ops, language)


def commit(
    store: Store,
    name: str,
    image_name: str | None,
    comment: str = "",
    author: str = "",
    changes: Sequence[str] = (),
) -> StoredImage:
    """A new image of a container; ``changes`` are instructions that its config follows then.

    Raises NoSuchContainer, ReservedName, LayerBusy, BadDockerfile, UsageError.
    """
    from layerscope.containers.commit import commit as make
    from layerscope.oci.history import History

    container = find_container(store, name)
    words = " ".join(container.settings.command)
    step = History(created=now_text(), created_by=words, author=author, comment=comment)

    def change(config: RuntimeConfig) -> RuntimeConfig:
        if not changes:
            return config
        from layerscope.build.config_changes import changed_by

        platform = store.config(store.resolve(str(container.image))).platform
        return changed_by(config, changes, platform, "--change")

    return make(store, container, (image_name,) if image_name else (), step, change)


def remove(
    store: Store, name: str, *, force: bool = False, with_volumes: bool = False
) -> Container:
    """Remove a container and its writable layer; its anonymous volumes if asked.

    Raises NoSuchContainer, ContainerRunning, OSError.
    """
    from layerscope.containers.removal import discard

    container = find_container(store, name)
    if container.state is State.RUNNING:
        if not force:
            raise ContainerRunning(f"container {name!r}", "it is running", "layerscope rm -f")
        _kill(container)
    discard(store, container, with_volumes=with_volumes)
    return container


def _kill(container: Container) -> None:
    from layerscope.containers.running import NotRunning, end

    with suppress(NotRunning):
        end(container)


def rename(store: Store, name: str, new: str) -> None:
    """Give a container another name. Raises NoSuchContainer, NameTaken, InvalidName."""
    from layerscope.containers.names import check_name

    change_container(store, find_container(store, name).id, name=check_name(new))


def inspect_container(store: Store, name: str) -> dict[str, Any]:
    """A container as plain values; sizes in bytes. Raises NoSuchContainer."""
    from layerscope.containers.place import place_of

    container = find_container(store, name)
    place, size = place_of(store, container), size_of(store, container)
    image = store.resolve(str(container.image))
    return {
        "kind": "container",
        "id": container.id,
        "name": container.name,
        "image": str(container.image),
        "image_name": container.image_name,
        "created": container.created,
        "status": container.state.value,
        "exit_code": container.exit_code,
        "started_at": container.started_at or None,
        "finished_at": container.finished_at or None,
        "pid": container.life.pid if container.life else None,
        "command": list(container.settings.command),
        "env": list(container.settings.env),
        "working_dir": container.settings.working_dir,
        "user": container.settings.user,
        "network": container.settings.network,
        "size_rw": size,
        "size_root_fs": image.size + size,
        "upper": str(place.upper),
        "form": place.form.namespace.value,
        "mounts": [
            {
                "target": mount.target,
                "volume": mount.volume,
                "source": mount.source,
                "read_only": mount.read_only,
            }
            for mount in container.mounts
        ],
    }


def _words(runtime: RuntimeConfig, wanted: Wanted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entrypoint, and what it is given. Another entrypoint than the image's leaves the image's
    command out, as Docker does."""
    if wanted.entrypoint is not None:
        return (wanted.entrypoint,) if wanted.entrypoint else (), wanted.command
    return runtime.entrypoint, wanted.command or runtime.cmd


def _mounts(runtime: RuntimeConfig, wanted: Wanted) -> list[Mount]:
    """Those asked for, and what the image wants a volume for besides. Raises UsageError."""
    given: set[str] = set()
    for mount in wanted.mounts:
        if mount.target in given:
            raise UsageError("duplicate mount point", mount.target)
        given.add(mount.target)
    return [*wanted.mounts, *(Mount(path) for path in runtime.volumes if path not in given)]


def _with_volume(store: Store, mount: Mount, now: str) -> Mount:
    if mount.source is not None:
        return mount
    from layerscope.containers.volumes import record_volume

    return mount._replace(volume=record_volume(store, now, mount.volume))
