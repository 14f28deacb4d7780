"""A file of a layer, read from anywhere in it, or written to this machine's disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from layerscope.errors import LayerscopeError
from layerscope.store.disk import temporary_name
from layerscope.usecases.opened import OpenImage

if TYPE_CHECKING:
    from layerscope.archive.content import LayerContent


class CannotSave(LayerscopeError):
    """A file can't be written where somebody wants it."""


class Content(Protocol):
    """Bytes that can be read from anywhere in them."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset`` on. Raises LayerscopeError, OSError."""


class FileContent:
    """The bytes of row ``row`` of layer ``number``, which is a regular file. For one thread."""

    def __init__(self, image: OpenImage, number: int, row: int) -> None:
        index = image.layer(number)
        assert index is not None
        self._image, self._number, self._row = image, number, row
        self._entry = index.entry(row)
        self.size = self._entry.size
        self._chunks: Iterator[bytes] = iter(())
        self._rest = b""
        self._at = -1

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset`` on. Raises LayerscopeError, OSError."""
        size = max(0, min(size, self.size - offset))
        if not size:
            return b""
        content = self._content
        if content is None:
            return self._read_in_order(offset, size)
        return content.read_at(self._entry.data_offset + offset, size)

    @cached_property
    def _content(self) -> LayerContent | None:
        """The layer's bytes, if the file lies in them in one piece and they are in reach."""
        return self._image.content(self._number) if self._entry.sparse is None else None

    def _read_in_order(self, offset: int, size: int) -> bytes:
        """Going on from where the last read ended, or anew from the start of the file."""
        if self._at < 0 or offset < self._at:
            self._chunks, self._rest, self._at = self._stream(), b"", 0
        while self._at + len(self._rest) <= offset:
            self._at += len(self._rest)
            self._rest = next(self._chunks)
        found = self._rest[offset - self._at :]
        self._at, self._rest = offset, found
        while len(self._rest) < size:
            self._rest += next(self._chunks)
        return self._rest[:size]

    def _stream(self) -> Iterator[bytes]:
        return self._image.read_entry(self._number, self._row)


def save_file(image: OpenImage, number: int, row: int, dest: Path) -> Path:
    """Write a file of a layer to ``dest``, into it if that is a folder; nothing is overwritten.

    Gives where it is now. Raises CannotSave, LayerscopeError, OSError.
    """
    index = image.layer(number)
    assert index is not None
    target = dest / os.fsdecode(index.name(row)) if dest.is_dir() else dest
    if target.exists() or target.is_symlink():
        raise CannotSave(str(target), "it is there already", "another name")
    if not target.parent.is_dir():
        raise CannotSave(str(target.parent), "there is no such folder")
    partial = target.with_name(temporary_name(target.name))
    try:
        with partial.open("xb") as out:
            for chunk in image.read_entry(number, row):
                out.write(chunk)
            os.fchmod(out.fileno(), index.mode[row] & 0o777)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
