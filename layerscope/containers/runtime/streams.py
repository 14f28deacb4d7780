"""Bytes on their way from one descriptor to another, without ever waiting for either."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable, Collection

_CHUNK = 1 << 16
_MOST = 1 << 16  # bytes that wait to be written before no more are read
_MASTERS = os.makedev(5, 2)  # /dev/ptmx: to open it once more makes another terminal


class Stream:
    """From ``source``, None once it is over, to ``target``, None for nowhere."""

    def __init__(
        self,
        source: int,
        target: int | None,
        seen: Callable[[bytes], None] = lambda data: None,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        """``seen`` gets all that is read; ``at_end`` is called when the last is written."""
        self.source: int | None = source
        self.target = target
        self._most = 0 if target is None else _at_once(target)
        self._seen = seen
        self._at_end = at_end
        self._waiting = bytearray()

    @property
    def reads(self) -> int | None:
        """What is to be read from now."""
        return self.source if len(self._waiting) < _MOST else None

    @property
    def writes(self) -> int | None:
        """What is to be written to now."""
        return self.target if self._waiting else None

    def read(self) -> int:
        """Take what is there; how many bytes."""
        assert self.source is not None
        try:
            data = os.read(self.source, _CHUNK)
        except BlockingIOError:  # somebody else was faster
            return 0
        except OSError:  # a terminal without a program gives EIO
            data = b""
        if not data:
            self.source = None
        self._seen(data)
        if self.target is not None:
            self._waiting += data
            self._end_if_done()
        return len(data)

    def write(self) -> None:
        """Pass on what waits, as much as surely fits. Raises OSError."""
        assert self.target is not None
        try:
            written = os.write(self.target, self._waiting[: self._most])
        except BlockingIOError:
            return
        del self._waiting[:written]
        self._end_if_done()

    def drop_target(self) -> None:
        """What comes goes nowhere from now on."""
        self.target = None
        self._waiting.clear()

    def stop(self) -> None:
        """Nothing is read any more."""
        self.source = None
        self.drop_target()

    def _end_if_done(self) -> None:
        if self.source is None and not self._waiting:
            self._at_end()


def wait(
    reads: Collection[int], writes: Collection[int], seconds: float | None = None
) -> tuple[set[int], set[int]]:
    """Those that can be read, and those that can be written; none after ``seconds``."""
    poll = select.poll()
    for fd in {*reads, *writes}:
        poll.register(fd, select.POLLIN * (fd in reads) | select.POLLOUT * (fd in writes))
    found = poll.poll(None if seconds is None else seconds * 1000)
    # What has failed or ended is both: the call that follows tells.
    readable = {fd for fd, event in found if event & ~select.POLLOUT}
    writable = {fd for fd, event in found if event & ~select.POLLIN}
    return readable.intersection(reads), writable.intersection(writes)


def _at_once(target: int) -> int:
    """Bytes that can be written without waiting, if any can: as many as there are, unless the
    descriptor is one that may block."""
    is_file = stat.S_ISREG(os.fstat(target).st_mode)
    return _CHUNK if is_file or not os.get_blocking(target) else select.PIPE_BUF


def never_blocking(fd: int) -> int:
    """A descriptor for the same pipe or terminal that a write never waits for. To make ``fd`` one
    would make it so for all who share it; what can't be opened once more only seldom waits."""
    about = os.fstat(fd)
    is_terminal = os.isatty(fd) and about.st_rdev != _MASTERS
    if is_terminal or stat.S_ISFIFO(about.st_mode):
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            return os.open(f"/proc/self/fd/{fd}", flags)
        except OSError:
            pass
    return os.dup(fd)
