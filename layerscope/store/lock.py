"""File locks that the kernel lets go of when their process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold ``path`` together with others; waits while somebody holds it alone."""
    with _held(path, fcntl.LOCK_SH):
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold ``path`` alone; waits until nobody holds it."""
    with _held(path, fcntl.LOCK_EX):
        yield


@contextmanager
def alone_if_free(path: Path) -> Iterator[bool]:
    """Hold ``path`` alone if nobody holds it; whether that is so."""
    try:
        held = _held(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.__enter__()
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        held.__exit__(None, None, None)


@contextmanager
def _held(path: Path, how: int) -> Iterator[None]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, how)
        yield
    finally:
        os.close(fd)
