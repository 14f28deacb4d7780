"""What a container of another engine looks like from here."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.errors import LayerscopeError
from layerscope.sources.found import Engine

if TYPE_CHECKING:
    from layerscope.cow.engine import Engine as Files
    from layerscope.cow.lower import Lower
    from layerscope.sources.docker_daemon.address import Address


class NotInPlace(LayerscopeError):
    """A container's writable layer can't be read where it lies."""


class State(enum.Enum):
    """What its engine says of it, in Docker's words."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    EXITED = "exited"
    DEAD = "dead"
    UNKNOWN = "unknown"

    @property
    def is_up(self) -> bool:
        """Whether `docker ps` lists it without ``-a``."""
        return self in (State.RUNNING, State.PAUSED, State.RESTARTING)

    @classmethod
    def of(cls, text: str) -> State:
        """The state of a word."""
        return next((state for state in cls if state.value == text.lower()), cls.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ForeignMount:
    """Something mounted into it: ``source`` on the host, ``volume`` its name if it is one."""

    target: str
    source: str
    volume: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Layers:
    """Its directories in the kernel's overlay form: ``lower`` bottom first, the image's and those
    that the engine put between (Docker's mount points); ``image`` of them are the image's own.
    ``in_blocks``: the engine counts disk blocks, directories too, instead of files' lengths."""

    upper: Path
    lower: tuple[Path, ...]
    image: int
    namespace: Namespace = Namespace.TRUSTED
    in_blocks: bool = False

    @property
    def form(self) -> Form:
        """How the writable layer is written."""
        return Form(self.namespace, Whiteouts.DEVICE, Owners.REAL)


@dataclass(frozen=True, slots=True)
class ForeignContainer:
    """A container of another engine.

    ``image`` is the name it was made from, ``image_size`` in bytes is what its engine says, None if
    it says nothing. ``layers`` is None where they can't be read in place, ``blocked`` says why;
    ``daemon`` is who can be asked instead. Times are RFC 3339, "" for never or if unknown;
    ``exit_code`` is None while it runs, or if it is unknown.
    """

    engine: Engine
    id: str
    name: str
    image: str
    image_id: str
    command: tuple[str, ...]
    created: str
    state: State
    status: str
    exit_code: int | None
    started_at: str
    layers: Layers | None
    blocked: str = ""
    image_size: int | None = None
    mounts: tuple[ForeignMount, ...] = ()
    daemon: Address | None = None

    @property
    def short(self) -> str:
        """The ID as it is listed."""
        return self.id[:12]

    @property
    def upper(self) -> Path | None:
        """The directory of its writable layer, None where it can't be read in place."""
        return self.layers.upper if self.layers else None

    def open_lower(self) -> Lower:
        """What its writable layer lies on. Raises NotInPlace, OSError."""
        layers = self.need_layers()
        if not layers.lower:
            from layerscope.cow.empty_lower import EmptyLower

            return EmptyLower()
        from layerscope.cow.directory_lower import DirectoryLower

        return DirectoryLower(layers.lower, layers.namespace)

    @contextmanager
    def look(self) -> Iterator[Files]:
        """Its files, only to be read, also while its processes write: nobody is kept out, nothing
        is made. What changes meanwhile may give ENOENT. Raises NotInPlace, OSError."""
        from layerscope.cow.engine import open_engine

        layers = self.need_layers()
        with TemporaryDirectory(prefix="layerscope-") as scratch:
            lower = self.open_lower()
            try:
                files = open_engine(lower, layers.upper, Path(scratch), layers.form)
            except BaseException:
                lower.close()
                raise
            with files:
                yield files

    def need_layers(self) -> Layers:
        """Its directories. Raises NotInPlace."""
        if self.layers is None:
            raise NotInPlace(f"container {self.name!r}", self.blocked)
        return self.layers


def why_not(directory: Path) -> str:
    """Why a directory can't be read here, "" if it can."""
    if os.access(directory, os.R_OK | os.X_OK):
        return ""
    try:
        directory.stat()
    except FileNotFoundError:
        return f"its folder {directory} isn't on this machine"
    except OSError:
        pass
    return f"this user may not read {directory}"
