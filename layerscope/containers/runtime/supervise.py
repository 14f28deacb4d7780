"""Watches over a running container: passes its output on, keeps its log, passes signals to it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from layerscope.containers.runtime import init
from layerscope.containers.runtime.launch import Started
from layerscope.containers.runtime.logs import LogWriter

_CHUNK = 1 << 16


class Output(NamedTuple):
    """Where output goes besides the log: a descriptor of this process, None for nowhere."""

    stream: str
    echo: int | None


def supervise(
    started: Started,
    outputs: Mapping[int, Output],
    log: LogWriter | None,
    keys: int | None = None,
) -> int:
    """Until the container ends; its exit code as a shell says it.

    ``outputs`` are the descriptors that its output comes from; ``keys`` is where what is typed for
    its terminal comes from.
    """
    supervisor = _Supervisor(started, dict(outputs), log)
    with init.borrowed_signals() as signals:
        ended = os.pidfd_open(started.child)
        try:
            if keys is not None:
                supervisor.resize()
            return supervisor.serve(signals, ended, keys)
        finally:
            os.close(ended)


class _Supervisor:
    def __init__(self, started: Started, outputs: dict[int, Output], log: LogWriter | None) -> None:
        self._started = started
        self._outputs = outputs
        self._log = log
        self._mute: set[int] = set()

    def serve(self, signals: int, ended: int, keys: int | None) -> int:
        poll = select.poll()
        for fd in (signals, ended, *self._outputs, *(() if keys is None else (keys,))):
            poll.register(fd, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll()]
            for fd in ready:
                if (fd in self._outputs and not self._pass_on(fd)) or (
                    fd == keys and not self._type(fd)
                ):
                    poll.unregister(fd)
            if signals in ready:
                for number in os.read(signals, 4096):
                    self._signal(number)
            if ended in ready:
                while any(self._pass_on(fd) for fd in list(self._outputs)):
                    pass
                return self._code()

    def _pass_on(self, fd: int) -> bool:
        """Read once from an output; False when it is over."""
        output = self._outputs[fd]
        try:
            data = os.read(fd, _CHUNK)
        except OSError:  # a terminal without a program gives EIO
            data = b""
        if not data:
            del self._outputs[fd]
            return False
        self._echo(output, data)
        if self._log is not None:
            with contextlib.suppress(OSError):  # a full disk must not stop the container
                self._log.write(output.stream, data)
        return True

    def _echo(self, output: Output, data: bytes) -> None:
        fd = output.echo
        if fd is None or fd in self._mute:
            return
        try:
            while data:
                data = data[os.write(fd, data) :]
        except OSError:  # nobody reads any more; the container goes on
            self._mute.add(fd)

    def _type(self, keys: int) -> bool:
        assert self._started.terminal is not None
        try:
            data = os.read(keys, _CHUNK)
            os.write(self._started.terminal, data or b"\x04")
        except OSError:
            return False
        return bool(data)

    def _signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            return
        if number == signal.SIGWINCH and self._started.terminal is not None:
            self.resize()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._started.pid, number)

    def resize(self) -> None:
        """Give the container's terminal the size of ours."""
        import fcntl
        import termios

        assert self._started.terminal is not None
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
            fcntl.ioctl(self._started.terminal, termios.TIOCSWINSZ, size)

    def _code(self) -> int:
        try:
            return init.shell_code(os.waitpid(self._started.child, 0)[1])
        except ChildProcessError:
            return 128 + signal.SIGKILL


@contextlib.contextmanager
def raw_terminal(fd: int) -> Iterator[None]:
    """The terminal at ``fd`` passes on every key as it is, for as long as the block runs."""
    import termios
    import tty

    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
