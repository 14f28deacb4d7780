"""The first process of a container: starts the program, passes signals on, buries the dead.

The kernel ends every process of a pid namespace with its first, so this one ends when the program
does, or when nobody outside watches over the container any more.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from layerscope.signals import handlers_kept

# What tells of this process's own calls is its own: one in the background that reads its terminal
# stops, as any other job.
_OWN = (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTIN, signal.SIGTTOU)
_FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
_FORWARDED = tuple(
    number
    for number in signal.valid_signals()
    if number not in (signal.SIGKILL, signal.SIGSTOP, *_OWN, *_FAULTS)
)


def take_signals() -> tuple[int, int]:
    """From now on signals are bytes in a pipe; its two ends, the reader first."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (*_FORWARDED, signal.SIGCHLD):
        with contextlib.suppress(OSError):
            signal.signal(number, _noted)
    return reader, writer


@contextlib.contextmanager
def borrowed_signals() -> Iterator[int]:
    """Signals are bytes in a pipe, whose reader this gives, for as long as the block runs; then
    they do what they did before."""
    woken = signal.set_wakeup_fd(-1)
    with handlers_kept((*_FORWARDED, signal.SIGCHLD)):
        ends = take_signals()
        try:
            yield ends[0]
        finally:
            signal.set_wakeup_fd(woken)
            for fd in ends:
                os.close(fd)


def default_signals() -> None:
    """As a program expects to find them."""
    signal.set_wakeup_fd(-1)
    for number in (*_FORWARDED, *_OWN):
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def serve(program: int, signals: int, lifeline: int) -> NoReturn:
    """Look after ``program`` until it ends, and end as it did; ``lifeline`` is a pipe that closes
    when who watches from outside is gone."""
    while True:
        ready, _, _ = select.select([signals, lifeline], [], [])
        if lifeline in ready:
            os._exit(128 + signal.SIGKILL)
        for number in os.read(signals, 4096):
            if number != signal.SIGCHLD:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(program, number)
        code = _bury(program)
        if code is not None:
            os._exit(code)


def shell_code(status: int) -> int:
    """What a shell makes of a wait status: 128 and the signal's number for what a signal ended."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _bury(program: int) -> int | None:
    """Reap what has ended; the program's exit code if it was among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == program:
            return shell_code(status)


def _noted(number: int, frame: FrameType | None) -> None:
    """The wakeup descriptor tells; Python wants a handler besides."""
