"""What a layer does to a path of the stack below it."""

from __future__ import annotations

import enum


class Change(enum.IntEnum):
    """The mark of a row. The numbers are the stack cache's on-disk format."""

    UNCHANGED = 0
    ADDED = 1
    MODIFIED = 2  # other content, or another kind of file
    METADATA = 3  # the same content; mode, owner, mtime or xattrs differ
    REMOVED = 4
    REPEATED = 5  # a file of the layer that is exactly what was there: it costs, changing nothing

    @property
    def letter(self) -> str:
        """Docker's letter in a change list: A, C, D, or nothing."""
        return ("", "A", "C", "C", "D", "")[self]
