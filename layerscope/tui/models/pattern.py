"""What somebody types to find files, and what it means of one path."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Pattern:
    """A part of a name; with a ``/``, of a path that ends in that name; with ``*`` a whole one.

    ``text`` is as typed, in bytes. ``folds_case``: typed without capitals, it finds them, too.
    ``*`` stands for any run of characters but ``/``; a path that doesn't start with ``/`` may
    start at any directory.
    """

    text: bytes
    folds_case: bool

    @classmethod
    def parse(cls, typed: str) -> Pattern:
        """Read what was typed."""
        return cls(os.fsencode(typed), typed == typed.lower())

    @property
    def in_path(self) -> bool:
        """True if it is matched against paths and not just names."""
        return b"/" in self.text

    @property
    def is_glob(self) -> bool:
        """True if it means whole names."""
        return b"*" in self.text

    @property
    def literal(self) -> bytes:
        """The longest part that must be found as it is."""
        return max(self.text.split(b"*"), key=len)

    def matches(self, path: bytes) -> bool:
        """True if it means ``path``, which is relative to the root."""
        if self.folds_case:
            path = path.lower()
        name = path.rpartition(b"/")[2]
        subject = b"/" + path if self.in_path else name
        if self.is_glob:
            return self._expression.fullmatch(subject) is not None
        at = subject.rfind(self.text)
        return at >= 0 and at + len(self.text) >= len(subject) - len(name)

    @cached_property
    def _expression(self) -> re.Pattern[bytes]:
        pieces = (re.escape(piece) for piece in self.text.split(b"*"))
        anywhere = self.in_path and not self.text.startswith(b"/")
        return re.compile((rb".*/" if anywhere else b"") + rb"[^/]*".join(pieces), re.DOTALL)
