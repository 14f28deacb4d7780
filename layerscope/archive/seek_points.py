"""Where inflating may start in the middle of a gzip file, and the file that keeps it.

A point is a bit of the compressed data where a deflate block (RFC 1951) starts, and the 32 KiB of
output before it, to which the block may refer. Layout: a header, a table of points, their windows,
each compressed. All numbers are little-endian.
"""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

WINDOW = 32 << 10

_MAGIC = b"layerscope gzip 1\n"
# Magic, name of the blob, its size in bytes, number of points, CRC of the table.
_HEADER = struct.Struct("<18s80sQII")
# Bytes inflated before the point, bits before it, offset in the file and length of its window.
_ROW = struct.Struct("<QQQI")
_MAX_POINTS = 1 << 20


class Point(NamedTuple):
    """``output`` bytes come before it, and ``bit`` bits of the compressed data."""

    output: int
    bit: int
    window: bytes


class Subject(NamedTuple):
    """The gzip blob that points are of: its digest or another name, and its size in bytes."""

    name: str
    size: int


class SeekPoints:
    """Points of one blob, kept in a file of which only what is asked for is read."""

    def __init__(self, path: Path, table: list[tuple[int, int, int, int]]) -> None:
        self._path = path
        self._table = table

    @classmethod
    def open(cls, path: Path, subject: Subject) -> SeekPoints | None:
        """The points in ``path``; None if it is damaged, of another blob, or not there."""
        try:
            with path.open("rb") as file:
                magic, name, size, count, crc = _HEADER.unpack(file.read(_HEADER.size))
                same = (name.rstrip(b"\0"), size) == (subject.name.encode(), subject.size)
                if magic != _MAGIC or not same or count > _MAX_POINTS:
                    return None
                rows = file.read(count * _ROW.size)
        except (OSError, struct.error):
            return None
        if zlib.crc32(rows) != crc or len(rows) != count * _ROW.size:
            return None
        return cls(path, list(_ROW.iter_unpack(rows)))

    @staticmethod
    def write(path: Path, subject: Subject, points: Iterable[Point]) -> None:
        """Write points, in their order, to ``path``, which appears whole. Raises OSError."""
        rows, windows = bytearray(), bytearray()
        kept = list(points)
        base = _HEADER.size + len(kept) * _ROW.size
        for point in kept:
            window = zlib.compress(point.window, 1)
            rows += _ROW.pack(point.output, point.bit, base + len(windows), len(window))
            windows += window
        name = subject.name.encode()
        crc = zlib.crc32(rows)
        header = _HEADER.pack(_MAGIC, name, subject.size, len(kept), crc)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(header + rows + windows)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise

    def before(self, output: int) -> Point | None:
        """The last point at or before byte ``output`` of what comes out.

        None if there is none or its window is damaged.
        """
        i = bisect_right(self._table, output, key=lambda row: row[0]) - 1
        if i < 0:
            return None
        at, bit, offset, length = self._table[i]
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                window = zlib.decompress(file.read(length))
        except (OSError, zlib.error):
            return None
        return Point(at, bit, window)
