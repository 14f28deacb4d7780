"""The first frame: plain text in the alternate screen, before anything large is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J"
_LEAVE = "\x1b[?1049l\x1b[?25h"


@contextmanager
def first_frame(target: str | None) -> Iterator[None]:
    """Show what is being opened; the terminal is as it was if the block raises."""
    width = os.get_terminal_size(sys.stdout.fileno()).columns
    text = f" layerscope  {_plain(target) if target else 'the store'}"
    _write(f"{_ENTER}\x1b[7m{text[:width]:<{width}}\x1b[0m\r\n\r\n   opening …")
    try:
        yield
    except BaseException:
        _write(_LEAVE)
        raise


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
