"""Attends a command that runs: what it prints goes on, and who interrupts it is heard."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from layerscope.containers.runtime import init
from layerscope.errors import Cancelled
from layerscope.signals import ENDING

if TYPE_CHECKING:
    from layerscope.build.runner import Output
    from layerscope.containers.runtime.launch import Started

_CHUNK = 1 << 16
_QUIET = 0.1  # seconds of silence that are told
_GRACE = 1.0  # seconds that an interrupted command has to end by itself


def attend(started: Started, reader: int, output: Output) -> int:
    """Until the command ends; its exit code as a shell says it. What comes out of ``reader`` goes
    to ``output``.

    A signal that asks to end is passed on; the command is killed if it goes on for a second, or
    when another comes. Raises Cancelled then, whatever the command made of it, and what ``output``
    raises, which kills the command.
    """
    with init.borrowed_signals() as signals:
        ended = os.pidfd_open(started.child)
        try:
            return _Attendant(started, reader, output).serve(signals, ended)
        except BaseException:
            _end(started)
            raise
        finally:
            os.close(ended)


def _end(started: Started) -> None:
    """No process of the command is left, unless it has ended already."""
    with suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(started.child, os.WNOHANG) == (0, 0):
            os.kill(started.pid, signal.SIGKILL)
            os.waitpid(started.child, 0)


class _Attendant:
    def __init__(self, started: Started, reader: int, output: Output) -> None:
        self._started, self._reader, self._output = started, reader, output
        self._kill_at: float | None = None

    def serve(self, signals: int, ended: int) -> int:
        poll = select.poll()
        for fd in (signals, ended, self._reader):
            poll.register(fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(_QUIET * 1000)}
            if self._reader not in ready:
                self._output(b"")
            elif not self._pass_on():
                poll.unregister(self._reader)
            self._hear(signals)
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._tell(signal.SIGKILL)
            if ended in ready:
                while self._pass_on():
                    pass
                self._hear(signals)
                return self._code()

    def _pass_on(self) -> bool:
        """Read once of what the command prints; False when that is over."""
        data = os.read(self._reader, _CHUNK)
        if data:
            self._output(data)
        return bool(data)

    def _hear(self, signals: int) -> None:
        """Pass on the signals that came; of those that ask to end, note when it must have ended."""
        with suppress(BlockingIOError):
            for number in os.read(signals, _CHUNK):
                if number != signal.SIGCHLD:
                    self._tell(number)
                if number in ENDING:
                    now = time.monotonic()
                    self._kill_at = now if self._kill_at is not None else now + _GRACE

    def _tell(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._started.pid, number)

    def _code(self) -> int:
        status = os.waitpid(self._started.child, 0)[1]
        if self._kill_at is not None:
            raise Cancelled
        return init.shell_code(status)
