"""File events where the kernel has no inotify, by way of watchfiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify


class Notifier:
    """What changes below ``top``."""

    busy = False

    def __init__(self, top: str) -> None:
        """Raises the notifier's own kinds of error, OSError."""
        from watchfiles._rust_notify import RustNotify

        self._top = top
        self._watch: RustNotify = RustNotify([top], False, False, 1000, True, True)

    def fileno(self) -> None:
        """It can only be asked."""

    def take(self) -> set[str]:
        """Paths below the top where something changed. Takes a millisecond. Raises
        KeyboardInterrupt, and as its making."""
        found = self._watch.watch(1, 1, 1, None)
        if found == "signal":  # one that came meanwhile; the notifier keeps what it raised
            raise KeyboardInterrupt
        if isinstance(found, str):
            return set()
        start = len(self._top) + 1
        return {path[start:] for _, path in found}

    def close(self) -> None:
        """Watch no more."""
        self._watch.close()
