"""A layer's exact tar, made again from its unpacked files and what was kept of the tar around them.

Docker and containers-storage keep beside each unpacked layer a ``tar-split``: JSON lines, gzipped,
of the tar's bytes in order (github.com/vbatts/tar-split, ``tar/storage``). A line of type 2 has
bytes as they were (headers, padding) in base64; one of type 1 stands for a file's content, ``size``
bytes of the file ``name`` (``name_raw``, in base64, where it is not UTF-8). So the diffID is again
what it was.
"""

from __future__ import annotations

import binascii
import io
import json
import os
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from layerscope.archive.blob import BrokenBlob
from layerscope.archive.codec import decoded, detect
from layerscope.archive.folders import Folders
from layerscope.archive.paths import follow
from layerscope.archive.tar_format import InvalidTar, told
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 20
_DENIED_HINT = "sudo layerscope …, or podman unshare layerscope … for a user's own storage"
_MAX_LINE = 64 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BYTES = b'{"type":2,"payload":"'


class UnreadableLayer(LayerscopeError):
    """A layer has files that this user may not read."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """``size`` bytes of the tar: in ``text`` as base64, or the content of the file ``name``."""

    size: int
    text: bytes = b""
    name: bytes | None = None


class SplitTar(io.RawIOBase, BinaryIO):
    """The tar of a layer that lies unpacked in the folder ``files``.

    It can be read from anywhere; going forward over files costs no reading of them. Nothing outside
    ``files`` is ever opened. Raises OSError, and in reading BrokenBlob where the files aren't what
    the tar-split tells of, UnreadableLayer where they may not be read.
    """

    def __init__(self, split: Path, files: Path) -> None:
        super().__init__()
        self._split, self._what = split, str(files)
        self._lines = cast(io.RawIOBase, split.open("rb", buffering=0))
        try:
            self._folders = Folders(files)
        except OSError:
            self._lines.close()
            raise
        self._file = -1
        self._begin()

    def _begin(self) -> None:
        """To the tar's first byte."""
        self._lines.seek(0)
        codec = detect(self._lines.read(512) or b"")
        self._lines.seek(0)
        self._pieces = self._read_pieces(io.BufferedReader(decoded(self._lines, codec), _CHUNK))
        self._piece, self._within, self._position = _Piece(0), 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte counted from the start (or from here); at most to the end."""
        offset += self._position if whence == os.SEEK_CUR else 0
        if whence == os.SEEK_END or offset < 0:
            raise io.UnsupportedOperation("a tar's end is known when it is reached")
        if offset < self._position:
            self._close_file()
            self._begin()
        while self._position < offset and self._more():
            step = min(offset - self._position, self._piece.size - self._within)
            self._within += step
            self._position += step
        return self._position

    def readinto(self, memory: WriteableBuffer) -> int:
        """Fill ``memory`` with what comes next; less only at the end."""
        done = 0
        with memoryview(memory).cast("B") as whole:
            while done < len(whole) and self._more():
                done += self._read_into(whole[done:])
        return done

    def _read_into(self, memory: memoryview) -> int:
        """Put what the piece at hand still has into ``memory``; how much."""
        piece, within = self._piece, self._within
        size = min(len(memory), piece.size - within)
        if piece.name is None:
            memory[:size] = binascii.a2b_base64(piece.text)[within : within + size]
        else:
            size = self._read_file(piece.name, memory[:size])
            if not size:
                raise self._broken(piece.name)
        self._within += size
        self._position += size
        return size

    def close(self) -> None:
        """Let go of the files."""
        if not self.closed:
            self._close_file()
            self._folders.close()
            self._lines.close()
        super().close()

    def _more(self) -> bool:
        """Whether there are bytes left; the piece that has them is at hand then."""
        while self._within >= self._piece.size:
            self._close_file()
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._piece, self._within = piece, 0
        return True

    def _read_pieces(self, lines: io.BufferedReader) -> Iterator[_Piece]:
        while line := lines.readline(_MAX_LINE):
            try:
                yield _piece(line)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise BrokenBlob(str(self._split), "it is no tar-split") from None

    def _read_file(self, name: bytes, memory: memoryview) -> int:
        if self._file < 0:
            try:
                self._file = self._open(name)
            except (FileNotFoundError, NotADirectoryError):
                raise self._broken(name) from None
            except PermissionError:
                why = f"this user may not read {told(name)} in it"
                raise UnreadableLayer(self._what, why, _DENIED_HINT) from None
        return os.preadv(self._file, [memory], self._within)

    def _open(self, name: bytes) -> int:
        folder, _, last = name.rpartition(b"/")
        with suppress(NotADirectoryError):
            return os.open(last, _FLAGS, dir_fd=self._folders.fd(folder))
        folder = _resolved(self._folders, folder)
        return os.open(last, _FLAGS, dir_fd=self._folders.fd(folder))

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _broken(self, name: bytes) -> BrokenBlob:
        return BrokenBlob(self._what, f"{told(name)} in it is not what its layer had")


def _piece(line: bytes) -> _Piece:
    if line.startswith(_BYTES):
        end = line.index(b'"', len(_BYTES))
        return _bytes(line[len(_BYTES) : end])
    values = json.loads(line)
    if values["type"] == 2:
        return _bytes(values["payload"].encode())
    size = values.get("size", 0)
    if values["type"] != 1 or type(size) is not int or not 0 <= size < 1 << 62:
        raise ValueError(line)
    raw = values.get("name_raw")
    name = binascii.a2b_base64(raw) if raw else values["name"].encode("utf-8", "surrogateescape")
    return _Piece(size, name=_clean(name))


def _bytes(text: bytes) -> _Piece:
    padding = len(text) - len(text.rstrip(b"="))
    if len(text) % 4 or padding > 2:
        raise ValueError(text[:80])
    return _Piece(len(text) // 4 * 3 - padding, text)


def _clean(name: bytes) -> bytes:
    return posixpath.normpath(b"/" + name).lstrip(b"/")


def _resolved(folders: Folders, path: bytes) -> bytes:
    """A folder behind symlinks of the layer's own, which never lead out of it."""

    def target(here: bytes) -> bytes | None:
        above, _, name = here.rpartition(b"/")
        try:
            return os.readlink(name, dir_fd=folders.fd(above))
        except OSError:
            return None

    try:
        return follow(path, target)
    except InvalidTar:
        raise FileNotFoundError(path) from None
