"""Storage drivers: ways to give a container its files, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from layerscope.archive.writer import Output
    from layerscope.cow.engine import Engine
    from layerscope.cow.lower import Lower
    from layerscope.cow.place import Place


class Layers(NamedTuple):
    """The read-only layers. ``open`` gives them merged, unpacked or not; ``directories`` unpacks
    what isn't yet and names them, bottom first."""

    open: Callable[[], Lower]
    directories: Callable[[], Sequence[Path]]


class Driver(Protocol):
    """One way. What it leaves in ``place.upper`` every other driver can go on with."""

    @property
    def name(self) -> str:
        """As it is chosen."""

    def create(self, layers: Layers, place: Place) -> None:
        """Prepare a new container. Raises OSError."""

    def files(self, layers: Layers, place: Place) -> AbstractContextManager[Engine]:
        """The container's files, to work on while nobody else does.

        Raises LayerBusy, and MountFailed where the driver needs a mount and can't have it.
        """

    def commit(self, layers: Layers, place: Place, out: Output) -> None:
        """Write what the container changed as a layer tar. Raises ReservedName, OSError."""
