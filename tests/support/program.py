"""The command line as another program calls it: a process, its JSON, its exit code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command import run


@dataclass(frozen=True)
class Layerscope:
    """`python -m layerscope` with a store of its own."""

    store: Path

    def __call__(self, *words: str) -> str:
        """What it prints; AssertionError with its stderr if it fails."""
        ran = run(*words, root=self.store)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def json(self, *words: str) -> Any:
        """The document that it prints with `--json`."""
        return json.loads(self(*words, "--json"))
