"""How long work tells a face (command line or explorer) how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears of work as it goes on; may be called from any thread.

    ``task`` is a stable key of one piece of work (a layer's digest, a file's name). Counts are
    bytes unless the task says otherwise.
    """

    def begin(self, task: str, total: int | None) -> None:
        """``task`` starts; ``total`` is its size in bytes, or None if nobody knows."""

    def advance(self, task: str, done: int) -> None:
        """``done`` bytes of ``task`` are through, counted from its start."""

    def end(self, task: str) -> None:
        """``task`` is done."""

    def check(self) -> None:
        """Raise :class:`layerscope.errors.Cancelled` if the user asked to stop."""


class Silent:
    """Progress that nobody looks at."""

    def begin(self, task: str, total: int | None) -> None: ...

    def advance(self, task: str, done: int) -> None: ...

    def end(self, task: str) -> None: ...

    def check(self) -> None: ...
