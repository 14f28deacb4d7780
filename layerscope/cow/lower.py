"""The read-only side of a union: what the engine asks of the layers below the writable one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from layerscope.cow.stat import Stat


class LowerFile(Protocol):
    """A regular file of a lower layer, open for reading."""

    def stat(self) -> Stat:
        """Its metadata."""

    def xattrs(self) -> Mapping[str, bytes]:
        """Its extended attributes without the overlay's private ones."""

    def origin(self) -> bytes:
        """The value of ``overlay.origin`` for a copy of it."""

    def fileno(self) -> int | None:
        """A descriptor that ``copy_file_range`` can take, None if there is none."""

    def pread(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; empty at the end. Raises OSError (EIO) if the
        layer's blob is damaged."""

    def extents(self) -> list[tuple[int, int]]:
        """The parts that aren't holes, as (offset, length) in bytes."""

    def close(self) -> None:
        """Let go of it."""


class LowerNode(Protocol):
    """One name of the merged lower layers."""

    @property
    def fmt(self) -> int:
        """The type, as ``stat.S_IFMT`` gives it."""

    @property
    def layer(self) -> int:
        """The number of the layer that it shows, counted from 0 at the bottom."""

    def lookup(self, name: bytes) -> LowerNode | None:
        """The child of that name, None if there is none. Only for directories."""

    def names(self) -> Iterator[tuple[bytes, int]]:
        """(name, type) of each child, in no order. Only for directories."""

    def stat(self) -> Stat:
        """Its metadata."""

    def readlink(self) -> bytes:
        """A symlink's target."""

    def xattrs(self) -> Mapping[str, bytes]:
        """Its extended attributes without the overlay's private ones."""

    def open(self) -> LowerFile:
        """A regular file's content."""

    def origin(self) -> bytes:
        """The value of ``overlay.origin`` for a copy of it."""

    def strays(self) -> list[bytes]:
        """Whiteouts that hide nothing but that the kernel lists: it does where a directory isn't
        merged from several layers. Only for directories."""


class Lower(Protocol):
    """The read-only layers of one container, merged."""

    @property
    def root(self) -> LowerNode:
        """The root directory."""

    @property
    def depth(self) -> int:
        """How many layers there are."""

    def trim(self) -> None:
        """Called between operations: a moment to let go of descriptors."""

    def close(self) -> None:
        """Let go of everything."""
