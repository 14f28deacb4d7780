"""One entry of a layer, as the tar format and the file system know it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NO_XATTRS: Mapping[bytes, bytes] = MappingProxyType({})


class Kind(enum.IntEnum):
    """What an entry is. The numbers are the index's on-disk format."""

    FILE = 0
    DIR = 1
    SYMLINK = 2
    HARDLINK = 3
    CHAR = 4
    BLOCK = 5
    FIFO = 6
    SOCKET = 7
    WHITEOUT = 8

    @property
    def word(self) -> str:
        """The name in `--json` output: file, dir, symlink, hardlink, char, block, fifo, …"""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Entry:
    """What a layer says of one path.

    ``path`` is relative to the root, without ``./``, leading or trailing slashes; the root itself
    is ``b""``. Sizes are bytes. ``link`` is a symlink's target as written, or a hardlink's target
    in the form of ``path``. ``device`` is (major, minor). ``sparse`` lists the stored extents of a
    sparse file as (offset, length) in bytes, None for a file stored whole. ``data_offset`` is
    where the content starts in the uncompressed tar.
    """

    path: bytes
    kind: Kind
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    mtime_ns: int = 0
    link: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[bytes, bytes] = field(default_factory=lambda: _NO_XATTRS)
    sparse: tuple[tuple[int, int], ...] | None = None
    data_offset: int = 0
    xxh3: int = 0

    @property
    def name(self) -> bytes:
        """The last component of the path."""
        return self.path.rpartition(b"/")[2]
