"""The kernel's overlay as a storage driver: processes can live in it. Needs root, or a user
namespace that this process has entered (:func:`layerscope.cow.mount.own_users_and_mounts`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.archive.writer import Output
from layerscope.cow.driver import Layers
from layerscope.cow.driver_engine import EngineDriver
from layerscope.cow.empty_lower import EmptyLower
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.lock import LayerLock
from layerscope.cow.mount import mount_overlay, unmount
from layerscope.cow.place import Place

_OTHER = {Namespace.TRUSTED: Namespace.USER, Namespace.USER: Namespace.TRUSTED}


class OverlayDriver:
    """Files through a mount at ``place.merged``."""

    name = "overlay"

    def create(self, layers: Layers, place: Place) -> None:
        """Empty directories, and the layers unpacked."""
        place.make()
        layers.directories()

    @contextmanager
    def files(self, layers: Layers, place: Place) -> Iterator[Engine]:
        """The mounted union, walked as safely as an unmounted one."""
        lock = LayerLock(place.work)
        try:
            with mounted(layers, place), tempfile.TemporaryDirectory() as scratch:
                # The mount keeps its own xattrs apart; this engine must not do so once more.
                form = Form(_OTHER[place.form.namespace], Whiteouts.DEVICE, Owners.REAL)
                with open_engine(EmptyLower(), place.merged, Path(scratch), form) as engine:
                    yield engine
        finally:
            lock.release()

    def commit(self, layers: Layers, place: Place, out: Output) -> None:
        """The writable layer as a tar; it needs no mount."""
        EngineDriver().commit(layers, place, out)


@contextmanager
def mounted(layers: Layers, place: Place) -> Iterator[Path]:
    """The union mounted at ``place.merged`` for as long as the block runs. Raises MountFailed."""
    directories = layers.directories()
    mount_overlay(directories, place.upper, place.work, place.merged, place.form)
    try:
        yield place.merged
    finally:
        unmount(place.merged)
