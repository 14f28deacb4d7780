"""What RUN asks for: a command run on a stage's files, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from layerscope.build.workplace import Workplace
    from layerscope.oci.digest import Digest
    from layerscope.store.store import Store

Output = Callable[[bytes], None]


class Command(NamedTuple):
    """A command. ``image`` has the files below, ``place`` the writable layer to leave its own in;
    ``volumes`` are paths where what is written is lost; ``network`` is ``none`` or
    ``host`` where the instruction itself says so."""

    store: Store
    image: Digest | None
    place: Workplace
    argv: tuple[str, ...]
    env: Mapping[str, str]
    working_dir: str
    user: str
    volumes: tuple[str, ...]
    network: str | None = None


class Runner(Protocol):
    """One way to run commands."""

    def check(self) -> None:
        """Raise LayerscopeError, with what would help, where nothing can be run at all."""

    def run(self, command: Command, output: Output) -> int:
        """Run it; pieces of what it prints go to ``output``. Its exit code.

        Raises LayerscopeError if it can't be started, Cancelled if somebody interrupted it.
        """
