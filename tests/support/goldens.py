"""Screens as text, kept beside the tests; ``LAYERSCOPE_WRITE_GOLDENS=1`` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "tui" / "goldens"


def golden(name: str, lines: Sequence[str]) -> list[str]:
    """The kept lines of a screen; ``lines`` are those of now."""
    path = _FOLDER / f"{name}.txt"
    if os.environ.get("LAYERSCOPE_WRITE_GOLDENS"):
        path.write_text("\n".join(lines) + "\n")
    return path.read_text().splitlines()
