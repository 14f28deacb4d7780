"""Calls of the command line, in this process and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from layerscope.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a call gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


class Cli:
    """Calls with a store of their own."""

    def __init__(self, root: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.root, self._capture = root, capture

    def __call__(self, *words: str) -> Outcome:
        """Call it in this process."""
        self._capture.readouterr()
        code = main([words[0], "--root", str(self.root), *words[1:]])
        out, err = self._capture.readouterr()
        return Outcome(code, out, err)

    def ok(self, *words: str) -> Any:
        """Call it with ``--json``; the document. It must work."""
        outcome = self(*words, "--json")
        assert outcome.code == 0, outcome.err
        assert outcome.err == ""
        return outcome.document

    def apply(self, container: str, *ops: dict[str, Any]) -> Any:
        """Run file operations in a container; the document."""
        file = self.root.parent / "ops.json"
        file.write_text(json.dumps(ops))
        return self.ok("apply", container, str(file))


def run(*words: str, root: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Call it as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "layerscope", *words],
        env={**os.environ, "LAYERSCOPE_ROOT": str(root), **env},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
