"""The root of every error that layerscope raises on purpose.

An error is one line, ``WHAT: WHY``, and where there is a mend a second, ``try: HINT``.
Each room keeps its own subclasses beside the code that raises them.
"""

from __future__ import annotations

from typing import ClassVar


class LayerscopeError(Exception):
    """Something failed, in words for a person.

    ``what`` names the thing (a file, a digest, an image), ``why`` says what is wrong with it and
    ``hint``, where there is one, says what to type instead.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, why: str, hint: str | None = None) -> None:
        super().__init__(f"{what}: {why}")
        self.what = what
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        """The line as it stands now: who passes an error on may say more closely what failed."""
        return f"{self.what}: {self.why}"


class UsageError(LayerscopeError):
    """The words of the call are off: an unknown verb, option or value."""

    exit_code: ClassVar[int] = 2


class Cancelled(LayerscopeError):
    """The user asked for it to stop; nothing half-done is visible."""

    exit_code: ClassVar[int] = 130

    def __init__(self, what: str = "interrupted") -> None:
        super().__init__(what, "stopped before it was done")
