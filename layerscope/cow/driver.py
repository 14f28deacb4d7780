"""Storage drivers: ways to give a container its files, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from layerscope.archive.overlay import Form

if TYPE_CHECKING:
    from layerscope.archive.writer import Output
    from layerscope.cow.engine import Engine
    from layerscope.cow.lower import Lower


@dataclass(frozen=True, slots=True)
class Place:
    """A container's directories, all on one file system. ``form`` is how its layer is written."""

    upper: Path
    work: Path
    merged: Path
    form: Form

    def make(self) -> None:
        """Make those that are missing."""
        for directory in (self.upper, self.work, self.merged):
            directory.mkdir(parents=True, exist_ok=True)
        self.upper.chmod(0o755)


@dataclass(frozen=True, slots=True)
class Layers:
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
