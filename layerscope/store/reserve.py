"""Room that the store holds back, so that things can be removed when the disk has no other.

Removing needs some, too: SQLite writes down what it is about to change before it changes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from layerscope.store.disk import room

RESERVE = "reserve"
_SIZE = 1 << 20  # bytes
_SHARE = 8  # on a tiny disk it is one part in so many
_LEAST = 16 << 10  # bytes that are still worth a file


def keep_reserve(root: Path) -> None:
    """Make the reserve of the store at ``root`` whole, if the disk has plenty of room."""
    with suppress(OSError):
        if _held(root) < _wanted(root) < room(root) // 2:
            _make(root)


@contextmanager
def reserve_lent(
    root: Path, tidy: Callable[[], object] = lambda: None, *, wholly: bool = False
) -> Iterator[None]:
    """Half of the reserve, or all of it, is room for what the block writes: somebody else may be
    quicker to fill it, and then there is some left for the next. After it, it is made whole again
    as far as there is room; ``tidy`` is called for more."""
    with suppress(OSError):
        os.truncate(root / RESERVE, 0 if wholly else _held(root) // 2)
    try:
        yield
    finally:
        with suppress(OSError):
            _make(root)
            if _held(root) < _wanted(root):
                tidy()
                _make(root)


def _make(root: Path) -> None:
    """As large as it should be, or as there is room. Raises OSError."""
    size = _wanted(root)
    with (root / RESERVE).open("ab") as file:
        while size >= _LEAST and not _allocated(file.fileno(), size):
            size //= 2


def _allocated(fd: int, size: int) -> bool:
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError:
        return False
    return True


def _held(root: Path) -> int:
    try:
        return (root / RESERVE).stat().st_size
    except FileNotFoundError:
        return 0


def _wanted(root: Path) -> int:
    about = os.statvfs(root)
    return min(_SIZE, about.f_blocks * about.f_frsize // _SHARE)
