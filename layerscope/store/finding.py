"""What an examination of the store finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be; ``mend`` puts it right, None where nothing can.

    ``outcome`` says in a word or two what mending does: what can't be restored is taken away.
    """

    what: str
    why: str
    mend: Callable[[], object] | None = None
    outcome: str = "repaired"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was not as it must be, and what was done of it, None if nothing was."""

    what: str
    why: str
    outcome: str | None

    @property
    def mended(self) -> bool:
        """Whether it is as it must be now."""
        return self.outcome is not None
