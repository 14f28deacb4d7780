"""What all trees of rows can be asked, whatever the rows are kept in."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Iterator

_NUL, _SLASH = b"\0", b"/"


class TreeRows:
    """Rows in tree order; row 0 is the root, and a row is an int.

    ``end`` has the row after each subtree, ``_bytes_before`` the bytes of all rows before each.
    """

    end: memoryview[int]
    _bytes_before: memoryview[int]

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def key(self, row: int) -> bytes:
        """The path with ``/`` as NUL: comparing keys is comparing tree order."""

    def path(self, row: int) -> bytes:
        """The path, relative to the root."""
        return self.key(row).replace(_NUL, _SLASH)

    def name(self, row: int) -> bytes:
        """The last component of the path."""
        return self.key(row).rpartition(_NUL)[2]

    def depth(self, row: int) -> int:
        """0 for the root, 1 for what is in it."""
        return self.key(row).count(_NUL) + 1 if row else 0

    def find(self, path: bytes) -> int | None:
        """The row of ``path``, whatever it is marked as; None if there is none."""
        key = path.replace(_SLASH, _NUL)
        row = bisect_left(range(len(self)), key, key=self.key)
        return row if row < len(self) and self.key(row) == key else None

    def children(self, row: int) -> Iterator[int]:
        """The rows right below a directory, by name, whatever they are marked as."""
        child, end = row + 1, self.end[row]
        while child < end:
            yield child
            child = self.end[child]

    def subtree_size(self, row: int) -> int:
        """Bytes of what is there at and below a row, each hard-linked file once."""
        return self._bytes_before[self.end[row]] - self._bytes_before[row]
