"""Watches over a running container: passes its output on, keeps its log, passes signals to it."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from layerscope.containers.runtime import init
from layerscope.containers.runtime.launch import Started
from layerscope.containers.runtime.logs import LogWriter
from layerscope.containers.runtime.streams import Stream, never_blocking, wait
from layerscope.containers.runtime.terminal import copy_size
from layerscope.signals import ENDING

_GRACE = 1.0  # seconds that a program has to end in when nobody takes its output any more
_PATIENCE = 1.0  # seconds that we wait for who takes the output after we were asked to end
_MOST_LEFT = 1 << 20  # bytes that an ended program can have left in a pipe (pipe-max-size)
_GONE = frozenset((errno.EPIPE, errno.EIO))  # who read from a pipe, or a terminal


class Output(NamedTuple):
    """Where output goes besides the log: a descriptor of this process, None for nowhere."""

    stream: str
    echo: int | None


def supervise(
    started: Started,
    outputs: Mapping[int, Output],
    log: LogWriter | None,
    typed: Stream | None = None,
    at_end: Callable[[int], None] = lambda code: None,
) -> int:
    """Until the container ends; its exit code as a shell says it.

    ``outputs`` are the descriptors that its output comes from; ``typed`` brings it what is typed.
    ``at_end`` gets the exit code once the log is whole, before the last output is taken. A program
    whose output nobody takes any more is ended.

    Raises OSError if output could not be written, though somebody was there to take it.
    """
    code = 128 + signal.SIGKILL
    with contextlib.ExitStack() as stack:
        try:
            streams = [_stream(stack, fd, output, log) for fd, output in outputs.items()]
            supervisor = _Supervisor(started, streams, typed)
            signals = stack.enter_context(init.borrowed_signals())
            code = supervisor.serve(signals)
        finally:
            at_end(code)
        supervisor.flush(signals)
    return code


def _stream(
    stack: contextlib.ExitStack, source: int, output: Output, log: LogWriter | None
) -> Stream:
    def keep(data: bytes) -> None:
        if log is not None and data:
            with contextlib.suppress(OSError):  # a full disk must not stop the container
                log.write(output.stream, data)

    target = None
    if output.echo is not None:
        target = never_blocking(output.echo)
        stack.callback(os.close, target)
    return Stream(source, target, keep)


class _Supervisor:
    def __init__(self, started: Started, outputs: list[Stream], typed: Stream | None) -> None:
        self._started = started
        self._outputs = outputs
        self._typed = typed
        self._over = False
        self._deadline: float | None = None
        self._asked_to_end = False
        self._failed: OSError | None = None

    def serve(self, signals: int) -> int:
        """Pass on until the program ends, and read what it leaves; its exit code."""
        if self._started.terminal is not None:
            copy_size(self._started.terminal)
        ended = os.pidfd_open(self._started.child)
        try:
            while ended not in self._pass_on(signals, ended):
                if self._left() == 0:
                    self._deadline = None
                    self._send(signal.SIGKILL)
        finally:
            os.close(ended)
        self._over = True
        for output in self._outputs:
            _drain(output)
        return self._code()

    def flush(self, signals: int) -> None:
        """Wait for who takes the last of the output. Raises OSError if it couldn't be written."""
        while waiting := [output for output in self._outputs if output.writes is not None]:
            targets = [output.writes for output in waiting if output.writes is not None]
            ready, free = wait([signals], targets, _PATIENCE if self._asked_to_end else None)
            if not ready and not free:
                break
            for output in waiting:
                if output.writes in free:
                    self._write(output)
            if ready:
                self._take(signals)
        if self._failed is not None and self._failed.errno not in _GONE:
            raise OSError(self._failed.errno, self._failed.strerror, "standard output")

    def _pass_on(self, signals: int, ended: int) -> set[int]:
        """Wait, do what can be done, and give what could be read."""
        streams = [*self._outputs, *([] if self._typed is None else [self._typed])]
        reads = [stream.reads for stream in streams if stream.reads is not None]
        writes = [stream.writes for stream in streams if stream.writes is not None]
        ready, free = wait([signals, ended, *reads], writes, self._left())
        for stream in streams:
            if stream.writes in free:
                self._write(stream)
            if stream.reads in ready:
                stream.read()
        if signals in ready:
            self._take(signals)
        return ready

    def _write(self, stream: Stream) -> None:
        try:
            stream.write()
        except OSError as error:
            if stream is self._typed:
                stream.stop()
                return
            stream.drop_target()
            self._failed = error
            self._send(signal.SIGTERM)
            if self._deadline is None:
                self._deadline = time.monotonic() + _GRACE

    def _take(self, signals: int) -> None:
        for number in os.read(signals, 4096):
            if number == signal.SIGWINCH and self._started.terminal is not None:
                copy_size(self._started.terminal)
            elif number != signal.SIGCHLD:
                self._send(number)
            self._asked_to_end |= number in ENDING

    def _send(self, number: int) -> None:
        if not self._over:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._started.pid, number)

    def _left(self) -> float | None:
        """Seconds until it is killed."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _code(self) -> int:
        try:
            return init.shell_code(os.waitpid(self._started.child, 0)[1])
        except ChildProcessError:
            return 128 + signal.SIGKILL


def _drain(output: Stream) -> None:
    """Take what is there: what it started may hold its pipe open, and go on writing."""
    left = _MOST_LEFT
    while left > 0 and output.source is not None and wait([output.source], [], 0)[0]:
        left -= output.read()
