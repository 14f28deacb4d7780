"""Nothing below: an engine over it works on its directory as it lies."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping

from layerscope.cow.lower import LowerFile, LowerNode
from layerscope.cow.origin import UNKNOWN
from layerscope.cow.stat import Stat


class EmptyLower:
    """A root directory without children."""

    depth = 0

    @property
    def root(self) -> LowerNode:
        """The root directory."""
        return _EmptyRoot()

    def trim(self) -> None:
        """There is nothing to let go of."""

    def close(self) -> None:
        """There is nothing to close."""


class _EmptyRoot:
    fmt = stat.S_IFDIR
    layer = 0

    def lookup(self, name: bytes) -> LowerNode | None:
        return None

    def names(self) -> Iterator[tuple[bytes, int]]:
        return iter(())

    def stat(self) -> Stat:
        return Stat(stat.S_IFDIR | 0o755, 0, 0, 0, 0, 0, 1, 1, 0, 0)

    def readlink(self) -> bytes:
        raise NotImplementedError("a directory is no symlink")

    def xattrs(self) -> Mapping[str, bytes]:
        return {}

    def open(self) -> LowerFile:
        raise NotImplementedError("a directory is no file")

    def origin(self) -> bytes:
        return UNKNOWN

    def strays(self) -> list[bytes]:
        return []
