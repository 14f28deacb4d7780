"""How the program is started to be measured."""

from __future__ import annotations

COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""For the environment: an installed program has its bytecode beside it. Empty is as unset."""
