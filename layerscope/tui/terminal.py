"""The terminal: drawn on where stdout goes, left as it was found."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

from layerscope.tui.first_frame import ENDING

if TYPE_CHECKING:
    from layerscope.tui.app import ExplorerApp

_ALTERNATE_SCREEN = "\x1b[?1049h"


class Terminal(LinuxDriver):
    """Textual's driver, which draws on stderr by itself; errors may be sent elsewhere."""

    _app: ExplorerApp

    def __init__(self, app: ExplorerApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._file = sys.__stdout__

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and after a stop: nothing on it is known."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            loop.add_signal_handler(number, self._app.exit, 128 + number)
        self._app.forget_screen()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def write(self, data: str) -> None:
        """Send text, but for the order to enter a screen that the first frame stands on already:
        terminals would then forget where the cursor was before."""
        if data == _ALTERNATE_SCREEN and self._app.first_frame.hand_over():
            return
        super().write(data)


def stop() -> bool:
    """Stop this program and those it was started by and started, as a shell's Ctrl+Z does.

    False, and nothing is stopped, where no shell with job control waits to go on with them: it
    would have put them into a group of their own.
    """
    if os.getpgrp() == os.getsid(0):
        return False
    os.killpg(os.getpgrp(), signal.SIGTSTP)
    return True
