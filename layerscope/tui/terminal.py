"""The terminal: drawn on where stdout goes, left as it was found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from layerscope.tui.app import ExplorerApp


class Terminal(LinuxDriver):
    """Textual's driver, which draws on stderr by itself; errors may be sent elsewhere."""

    _app: ExplorerApp

    def __init__(self, app: ExplorerApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._file = sys.__stdout__

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and after a stop: nothing on it is known."""
        self._app.forget_screen()
        super().start_application_mode()  # type: ignore[no-untyped-call]
