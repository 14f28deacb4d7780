"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def partial(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file in ``folder`` to write to, and its path; gone at the end unless it was renamed."""
    fd, name = tempfile.mkstemp(dir=folder, prefix="part-")
    path = Path(name)
    try:
        with open(fd, "wb", buffering=0) as out:
            yield out, path
    finally:
        path.unlink(missing_ok=True)


def settle(out: BinaryIO, path: Path, target: Path, mode: int = 0o644) -> None:
    """Make what was written to ``out`` durable and visible as ``target``. Raises OSError."""
    os.fchmod(out.fileno(), mode)
    os.fsync(out.fileno())
    os.replace(path, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_whole(data: bytes, target: Path, scratch: Path) -> None:
    """Write ``data`` to ``target`` by way of a file in ``scratch``. Raises OSError."""
    with partial(scratch) as (out, path):
        write_all(out, data)
        settle(out, path, target)


def write_all(out: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of ``data`` to an unbuffered file. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[out.write(view) :]
