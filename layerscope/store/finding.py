"""What an examination of the store finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be; ``mend`` puts it right, None where nothing can."""

    what: str
    why: str
    mend: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was not as it must be, and whether it is now."""

    what: str
    why: str
    mended: bool
