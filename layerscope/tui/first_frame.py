"""The first frame: plain text in the alternate screen, before anything large is imported."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from layerscope.signals import ending_by_exit

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J"
_LEAVE = "\x1b[?1049l\x1b[?25h"


class FirstFrame:
    """What stands on the terminal until the explorer draws."""

    def __init__(self) -> None:
        self.stands = False

    def show(self, target: str | None) -> None:
        """Say what is being opened."""
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
        text = f" layerscope  {_plain(target) if target else 'the store'}"
        bar = f"\x1b[7m{text[:columns]:<{columns}}\x1b[0m"
        self.stands = True
        _write(f"{_ENTER}{bar}\r\n\r\n   opening …")

    def hand_over(self) -> bool:
        """From here on another one leaves the alternate screen; False if one did so before."""
        stood, self.stands = self.stands, False
        return stood

    def leave(self) -> None:
        """Show again what the terminal had, unless another one does."""
        if self.hand_over():
            _write(_LEAVE)


@contextlib.contextmanager
def first_frame(target: str | None) -> Iterator[FirstFrame]:
    """Show what is being opened; a block that ends, by a signal too, leaves no trace."""
    frame = FirstFrame()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Lines and bars have no other encoding; a locale without it shows odd ones, and goes on.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    with ending_by_exit():
        try:
            frame.show(target)
            yield frame
        finally:
            frame.leave()


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that was closed
        sys.stdout.write(text)
        sys.stdout.flush()
