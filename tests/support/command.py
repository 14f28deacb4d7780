"""The command line as another program calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TOP = Path(__file__).parents[2]


@dataclass(frozen=True)
class Layerscope:
    """`python -m layerscope` with a store of its own."""

    store: Path

    def __call__(self, *words: str) -> str:
        """What it prints; AssertionError with its stderr if it fails."""
        ran = self.run(*words)
        assert ran.returncode == 0, ran.stderr.decode(errors="replace")
        return ran.stdout.decode()

    def json(self, *words: str) -> Any:
        """The document that it prints with `--json`."""
        return json.loads(self(*words, "--json"))

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """The finished process, whatever its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "layerscope", "--root", str(self.store), *words],
            cwd=_TOP,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
