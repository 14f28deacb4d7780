"""What is to run, and in what: plain values that the runtime is given.

Here, and wherever a short call passes, they are named tuples: making such a class takes a tenth of
the time that a dataclass takes, and a start has many to make.
"""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import ClassVar, NamedTuple

from layerscope.archive.overlay import Form
from layerscope.errors import LayerscopeError


class Network(enum.Enum):
    """What a container sees of the network."""

    NONE = "none"
    """A loopback of its own and nothing else."""
    HOST = "host"


class Process(NamedTuple):
    """A program to run. ``env`` has ``NAME=VALUE``, ``user`` is ``NAME|UID[:GROUP|GID]``."""

    args: tuple[str, ...]
    env: tuple[str, ...] = ()
    cwd: str = ""
    user: str = ""
    tty: bool = False


class Bind(NamedTuple):
    """A file or folder of the host, seen at ``target`` in the container."""

    source: Path
    target: str
    read_only: bool = False


class Box(NamedTuple):
    """What a container's processes live in.

    ``layers`` are the directories of its read-only layers, bottom first; ``own`` is the folder for
    what is the container's alone and no layer (its /etc/hosts and the like).
    """

    layers: tuple[Path, ...]
    upper: Path
    work: Path
    merged: Path
    form: Form
    own: Path
    hostname: str
    binds: tuple[Bind, ...] = ()
    network: Network = Network.NONE


class CannotRun(LayerscopeError):
    """No process could be started in a container. ``code`` is what Docker calls it."""

    code: ClassVar[int] = 125


class CannotExecute(CannotRun):
    """The program is there and can't be run, or not where it is to work."""

    exit_code: ClassVar[int] = 126
    code: ClassVar[int] = 126


class NoProgram(CannotRun):
    """The container has no such program."""

    exit_code: ClassVar[int] = 127
    code: ClassVar[int] = 127


def error_line(error: LayerscopeError) -> bytes:
    """An error for another process, a line."""
    code = error.code if isinstance(error, CannotRun) else CannotRun.code
    told = {"what": error.what, "why": error.why, "hint": error.hint, "code": code}
    return json.dumps(told).encode() + b"\n"


def error_of(line: bytes) -> CannotRun:
    """The error that another process has told of; an empty line for one that ended at once."""
    if not line.strip():
        return CannotRun("the container", "its first process ended at once")
    told = json.loads(line)
    kinds = {kind.code: kind for kind in (CannotExecute, NoProgram)}
    return kinds.get(told["code"], CannotRun)(told["what"], told["why"], told["hint"])
