"""A file of columns: a JSON header and arrays behind it, mapped into memory and read in place.

Layout: magic (8 bytes), header length (u32), header (JSON: ``meta``, ``rows`` and the columns'
type code, offset and length), then each column on an 8-byte boundary, native byte order.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PREAMBLE = 12
_BYTE_ORDER = sys.byteorder


class InvalidIndex(LayerscopeError):
    """A cached index file is of another version, truncated or damaged; it can be made anew."""


def write_columns(
    path: Path, magic: bytes, meta: Mapping[str, Any], columns: Mapping[str, tuple[str, Any]]
) -> None:
    """Write ``columns`` (name -> type code, bytes-like) to ``path``, visible only when whole.

    Raises OSError. Not synced: it is a cache, whose length and checksum tell a torn file.
    """
    places: dict[str, tuple[str, int, int]] = {}
    end = 0
    checksum = xxhash.xxh3_64()
    for name, (code, data) in columns.items():
        size = memoryview(data).nbytes
        places[name] = (code, end, size)
        end += -(-size // 8) * 8
        checksum.update(data)
    header = {
        "meta": dict(meta),
        "columns": places,
        "bytes": end,
        "order": _BYTE_ORDER,
        "xxh3": checksum.intdigest(),
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + _PREAMBLE) % 8)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{id(columns):x}")
    try:
        with open(partial, "wb", buffering=0) as out:
            _write(out.fileno(), magic + len(text).to_bytes(4, "little") + text)
            for _, data in columns.values():
                view = memoryview(data).cast("B")
                _write(out.fileno(), view)
                _write(out.fileno(), bytes(-len(view) % 8))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _write(fd: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class ColumnFile:
    """An open file of columns. Raises InvalidIndex if it isn't whole, OSError if it isn't there."""

    def __init__(self, path: Path, magic: bytes) -> None:
        self.path = path
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size < _PREAMBLE:
                raise InvalidIndex(str(path), "it is not a whole index")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._view = memoryview(self._map)
        length = int.from_bytes(self._view[8:_PREAMBLE], "little")
        self._start = _PREAMBLE + length
        if self._view[:8] != magic or self._start > size:
            raise InvalidIndex(str(path), "it is not an index of this version")
        try:
            self._header = json.loads(bytes(self._view[_PREAMBLE : self._start]))
            whole = self._header["bytes"] + self._start == size
            self.meta: dict[str, Any] = self._header["meta"]
            right_order = self._header["order"] == _BYTE_ORDER
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidIndex(str(path), "its header is damaged") from error
        if not whole or not right_order:
            raise InvalidIndex(str(path), "it is not a whole index of this machine")

    def raw(self, name: str) -> memoryview:
        """The bytes of a column."""
        _, offset, size = self._header["columns"][name]
        start = self._start + offset
        return self._view[start : start + size]

    def column(self, name: str) -> memoryview[int]:
        """A column as integers, indexed by row."""
        return self.raw(name).cast(self._header["columns"][name][0])

    def np(self, name: str) -> npt.NDArray[Any]:
        """A column as a numpy array on the mapped file, without a copy."""
        import numpy as np

        code: np.dtype[Any] = np.dtype(self._header["columns"][name][0])
        return np.frombuffer(self.raw(name), code)

    def intact(self) -> bool:
        """True if every byte is as it was written. Reads the whole file."""
        checksum = xxhash.xxh3_64()
        for name in self._header["columns"]:
            checksum.update(self.raw(name))
        return bool(checksum.intdigest() == self._header["xxh3"])
