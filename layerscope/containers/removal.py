"""A container taken away, with all that is its alone."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from layerscope.containers.shelf import folder_of, forget_container

if TYPE_CHECKING:
    from layerscope.containers.record import Container
    from layerscope.store.store import Store


def discard(store: Store, container: Container, *, with_volumes: bool) -> None:
    """Drop a container that doesn't run: its record, its writable layer, its log; if asked
    its anonymous volumes that no other container has. Raises OSError."""
    from layerscope.store.disk import remove_tree

    folder = folder_of(store, container)
    with store.removing():
        forget_container(store, container)
        with suppress(OSError):  # the kernel lets nobody but root look into it
            os.chmod(folder / "work" / "work", 0o700)
        remove_tree(folder)
    if with_volumes and container.volumes:
        from layerscope.containers import volumes

        for volume in volumes.all_volumes(store):
            if volume.anonymous and volume.name in container.volumes and not volume.containers:
                volumes.remove_volume(store, volume.name)
