"""The terminal: drawn on where stdout goes, left as it was found."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
from concurrent.futures import CancelledError
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste

from layerscope.signals import ENDING
from layerscope.tui.type_ahead import answered

if TYPE_CHECKING:
    from textual.message import Message

    from layerscope.tui.app import ExplorerApp

_ALTERNATE_SCREEN = "\x1b[?1049h"
_GRACE = 3  # seconds to leave after a signal
_SIGNALS = 512  # bytes, one for each signal; what is left is read at once
_PATIENCE = 0.5  # seconds that a key waits for the one before it


class Terminal(LinuxDriver):
    """Textual's driver, which draws on stderr by itself; errors may be sent elsewhere."""

    _app: ExplorerApp

    def __init__(self, app: ExplorerApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._file = sys.__stdout__
        self._last_key: str | None = None
        self._wakeup: tuple[int, int] | None = None

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and after a stop: nothing on it is known."""
        loop = asyncio.get_running_loop()
        self._wake_on_signals(loop)
        for number in ENDING:
            signal.signal(number, partial(self._end, loop))
        self._app.forget_screen()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Let go of what is the whole process's: signals are no longer passed on."""
        super().close()
        signal.alarm(0)
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            self._loop.remove_reader(self._wakeup[0])
            for fd in self._wakeup:
                os.close(fd)
            self._wakeup = None

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows as they are, whatever COLUMNS and LINES say that they were."""
        try:
            columns, rows = os.get_terminal_size()
        except OSError:
            return super()._get_terminal_size()
        return columns, rows

    def _wake_on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """Python runs a handler at its next instruction: of a signal that comes when the loop is
        just about to wait, that would be at the next key."""
        if self._wakeup is None:
            ear, _ = self._wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            loop.add_reader(ear, os.read, ear, _SIGNALS)
            signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)

    def run_input_thread(self) -> None:
        """Pass on what is typed; bytes that are no text are dropped."""
        while True:
            try:
                super().run_input_thread()
            except UnicodeDecodeError:
                continue
            return

    def process_message(self, message: Message) -> None:
        """Pass on what was typed, in the input thread. A key waits for another one before it, which
        may move the focus; one held down doesn't, so that the list jumps rather than lags."""
        if isinstance(message, (Key, Paste)):
            key = message.key if isinstance(message, Key) else None
            if key is None or key != self._last_key:
                self._let_answer()
            self._last_key = key
        super().process_message(message)

    def _let_answer(self) -> None:
        answer = asyncio.run_coroutine_threadsafe(answered(self._app), self._loop)
        with contextlib.suppress(TimeoutError, CancelledError):
            answer.result(_PATIENCE)

    def write(self, data: str) -> None:
        """Send text, but for the order to enter a screen that the first frame stands on already:
        terminals would then forget where the cursor was before."""
        if data == _ALTERNATE_SCREEN and self._app.first_frame.hand_over():
            return
        super().write(data)

    def _end(self, loop: asyncio.AbstractEventLoop, number: int, _: FrameType | None) -> None:
        """Leave. A terminal that takes nothing more keeps the loop waiting: the process ends then
        without it."""
        loop.call_soon_threadsafe(self._app.exit, 128 + number)
        signal.signal(signal.SIGALRM, partial(self._drop, 128 + number))
        signal.alarm(_GRACE)

    def _drop(self, code: int, _number: int, _: FrameType | None) -> None:
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        os._exit(code)


def stop() -> bool:
    """Stop this program and those it was started by and started, as a shell's Ctrl+Z does.

    False, and nothing is stopped, where no shell with job control waits to go on with them: it
    would have put them into a group of their own.
    """
    if os.getpgrp() == os.getsid(0):
        return False
    os.killpg(os.getpgrp(), signal.SIGTSTP)
    return True
