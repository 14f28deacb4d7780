"""File events of a writable layer, as hints where to look: some may be lost, none is needed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0
_LIMIT = "the kernel's inotify limit is used up (fs.inotify.max_user_watches or _instances)"
_NAME = "a name that isn't UTF-8 ended the watch"


class Hints:
    """What changes below ``directory``. Without a watch, ``note`` says why; another is tried for
    after a second, then less and less often."""

    def __init__(self, directory: str) -> None:
        self.note = ""
        self._directory = directory
        self._watch: RustNotify | None = None
        self._retry = _FIRST_RETRY
        self._next = 0.0
        self._begin()

    @property
    def watching(self) -> bool:
        """Whether events come."""
        return self._watch is not None

    def take(self) -> set[str]:
        """The paths, relative to the directory, that events came for. Returns in a few
        milliseconds. Raises KeyboardInterrupt."""
        if self._watch is None:
            self._begin()
        if self._watch is None:
            return set()
        try:
            found = self._watch.watch(1, 1, 1, None)
        except Exception as error:  # the notifier's own kind, and whatever it was hit by
            self._give_up(_why(error))
            return set()
        if found == "signal":  # one that came meanwhile; the notifier keeps what it raised
            raise KeyboardInterrupt
        if isinstance(found, str):
            return set()
        start = len(self._directory) + 1
        return {path[start:] for _, path in found}

    def close(self) -> None:
        """Watch no more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _begin(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        from watchfiles._rust_notify import RustNotify

        try:
            self._watch = RustNotify([self._directory], False, False, 1000, True, True)
        except Exception as error:  # as above
            self._give_up(_why(error))
        else:
            self.note = ""

    def _give_up(self, why: str) -> None:
        self.close()
        self.note = why
        self._next = time.monotonic() + self._retry
        self._retry = min(2 * self._retry, _LAST_RETRY)


def _why(error: Exception) -> str:
    text = str(error)
    if isinstance(error, UnicodeError) or "decode" in text or "utf-8" in text:
        return _NAME
    if "limit" in text.lower() or "too many open files" in text.lower() or "os error 28" in text:
        return _LIMIT
    return f"file events can't be had: {text.splitlines()[0] if text else type(error).__name__}"
