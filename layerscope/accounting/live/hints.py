"""File events of a writable layer, as hints where to look: some may be lost, none is needed."""

from __future__ import annotations

import errno
import sys
import time
from typing import Protocol

_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0
_LIMIT = "the kernel's inotify limit is used up (fs.inotify.max_user_watches or _instances)"
_USED_UP = (errno.ENOSPC, errno.EMFILE, errno.ENFILE)


class _Watch(Protocol):
    @property
    def busy(self) -> bool: ...

    def fileno(self) -> int | None: ...

    def take(self) -> set[str]: ...

    def close(self) -> None: ...


class Hints:
    """What changes below ``directory``. Without a watch, ``note`` says why; another is tried for
    after a second, then less and less often."""

    def __init__(self, directory: str) -> None:
        self.note = ""
        self._directory = directory
        self._watch: _Watch | None = None
        self._retry = _FIRST_RETRY
        self._next = 0.0
        self._begin()

    @property
    def watching(self) -> bool:
        """Whether events come."""
        return self._watch is not None

    @property
    def busy(self) -> bool:
        """Whether there is more to take at once."""
        return self._watch is not None and self._watch.busy

    def fileno(self) -> int | None:
        """What can be read when there is something to take; None where one has to ask."""
        return self._watch.fileno() if self._watch is not None else None

    def take(self) -> set[str]:
        """The paths, relative to the directory, that events came for; an empty one if there were
        some and it is not known where. Returns in a few milliseconds. Raises KeyboardInterrupt."""
        if self._watch is None:
            self._begin()
        if self._watch is None:
            return set()
        try:
            return self._watch.take()
        except Exception as error:  # a notifier's own kind, and whatever it was hit by
            self._give_up(_why(error))
            return set()

    def close(self) -> None:
        """Watch no more."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _begin(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        try:
            self._watch = _watch(self._directory)
        except Exception as error:  # as above
            self._give_up(_why(error))
        else:
            self.note = ""

    def _give_up(self, why: str) -> None:
        self.close()
        self.note = why
        self._next = time.monotonic() + self._retry
        self._retry = min(2 * self._retry, _LAST_RETRY)


def _watch(directory: str) -> _Watch:
    if sys.platform == "linux":
        from layerscope.accounting.live.inotify import Inotify

        return Inotify(directory)
    from layerscope.accounting.live.notifier import Notifier

    return Notifier(directory)


def _why(error: Exception) -> str:
    text = str(error)
    if isinstance(error, OSError) and error.errno in _USED_UP:
        return _LIMIT
    return f"file events can't be had: {text.splitlines()[0] if text else type(error).__name__}"
