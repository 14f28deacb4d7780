"""The process that watches containers for the explorer, listened to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from layerscope.accounting.live.figures import Figures
from layerscope.usecases.live_lines import Measured, from_line


class Watcher:
    """The latest figures that the watching process told, by container; close it."""

    def __init__(self, root: Path) -> None:
        self.figures: dict[str, Figures] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "layerscope.usecases.live"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"root": str(root)}).encode() + b"\n")
        self.process.stdin.flush()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = from_line(line)
            if isinstance(event, Measured):
                self.figures[event.id] = event.figures

    @property
    def cpu_seconds(self) -> float:
        """What it has cost so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def settles_at(self, identity: str, size: int, seconds: float = 5.0) -> bool:
        """Whether the figures of a container come to rest at ``size`` bytes within some seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._rests_at(identity, size):
                time.sleep(0.2)
                if self._rests_at(identity, size):
                    return True
            time.sleep(0.01)
        return False

    def _rests_at(self, identity: str, size: int) -> bool:
        figures = self.figures.get(identity)
        return figures is not None and figures.settled and figures.size == size

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
