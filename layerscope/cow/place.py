"""Where a container's writable layer lies."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from layerscope.archive.overlay import Form


class Place(NamedTuple):
    """A container's directories, all on one file system. ``form`` is how its layer is written."""

    upper: Path
    work: Path
    merged: Path
    form: Form

    def make(self) -> None:
        """Make those that are missing."""
        for directory in (self.upper, self.work, self.merged):
            directory.mkdir(parents=True, exist_ok=True)
        self.upper.chmod(0o755)
