"""Kernel overlay mounts for tests that have the right to make them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def overlay(layers: Sequence[Path], at: Path, *options: str) -> Iterator[Path]:
    """The layers, bottom first, mounted read-only at ``at``; skips the test where that fails."""
    at.mkdir()
    # The kernel wants two lower directories at least.
    empty = at.with_name(at.name + "-empty")
    empty.mkdir()
    lower = ":".join(str(path) for path in (*reversed(layers), empty))
    made = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", ",".join((f"lowerdir={lower}", *options)), at],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no overlay mounts here: {made.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)
