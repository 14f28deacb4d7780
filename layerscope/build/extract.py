"""A tar of the context unpacked into a stage, as ADD does."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any, cast

from layerscope.archive.codec import Codec, decoded, detect
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.paths import clean
from layerscope.archive.read_tar import entry_at, read_tar
from layerscope.archive.scan import ScannedEntries
from layerscope.build.copying import Looks, clear, dress, make_folder, make_folders, put, resolve
from layerscope.cow.engine import Engine
from layerscope.cow.handle import Handle
from layerscope.errors import LayerscopeError

_BLOCK = 512
_CHECKSUM = slice(148, 156)


class _Pieces(io.RawIOBase):
    """Content in pieces as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, memory: memoryview) -> int:  # type: ignore[override]
        """Fill as much of ``memory`` as the next piece does."""
        self._rest = self._rest or next(self._pieces, b"")
        done = min(len(memory), len(self._rest))
        memory[:done] = self._rest[:done]
        self._rest = self._rest[done:]
        return done


def _plain(pieces: Iterator[bytes]) -> io.BufferedReader[Any]:
    """The content inflated, if it is compressed. Raises LayerscopeError, OSError."""
    head = next(pieces, b"")
    raw = io.BufferedReader(_Pieces(chain((head,), pieces)))
    codec = detect(head)
    if codec is Codec.PLAIN:
        return raw
    inflated = decoded(cast(io.RawIOBase, raw), codec)
    return io.BufferedReader(cast(io.RawIOBase, inflated))


def is_archive(pieces: Iterator[bytes]) -> bool:
    """Whether the content is a tar, compressed or not: its first header's checksum tells."""
    try:
        block = _first_block(pieces)
    except (LayerscopeError, OSError, EOFError, zlib.error):
        return False
    told = block[_CHECKSUM].strip(b" \0")
    if len(block) < _BLOCK or not told or told.strip(b"01234567"):
        return False
    return int(told, 8) == sum(block) - sum(block[_CHECKSUM]) + 8 * 0x20


def _first_block(pieces: Iterator[bytes]) -> bytes:
    head = next(pieces, b"")
    if detect(head) is Codec.GZIP:  # zlib doesn't look ahead, at what may be cut off
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, _BLOCK)
    return _plain(chain((head,), pieces)).read(_BLOCK)


def extract(engine: Engine, pieces: Iterator[bytes], dest: bytes) -> None:
    """Unpack into the folder ``dest``, which is made; owners are the tar's, whatever flags say.

    Raises InvalidTar, CopyFailed, LayerscopeError, OSError.
    """
    make_folders(engine, dest)
    placer = _Placer(engine, dest.rstrip(b"/"))
    with ExitStack() as stack:
        stack.callback(placer.close)
        read_tar(_plain(pieces), placer)
        placer.finish()


class _Placer:
    def __init__(self, engine: Engine, dest: bytes) -> None:
        self._engine = engine
        self._dest = dest
        self._open: Handle | None = None
        self._entry = Entry(b"", Kind.DIR)
        self._extents: list[tuple[int, int]] = []
        self._folders: list[tuple[bytes, Entry]] = []

    def take(self, found: ScannedEntries, row: int, content: memoryview, left: int) -> None:
        """Place the next entry."""
        self._finish_file()
        entry = entry_at(found, row)
        path = clean(entry.path)
        if not path:
            return  # the folder that it is unpacked into stays as it is
        where = self._place_for(path)
        if entry.kind is Kind.DIR:
            make_folder(self._engine, where)
            self._folders.append((where, entry))
            return
        if entry.kind is Kind.FILE:
            self._begin(entry, where, content)
        elif entry.kind is Kind.HARDLINK:
            clear(self._engine, where)
            self._engine.link(self._dest + b"/" + clean(entry.link), where)
            # The last of a file's names decides, as with Docker.
            dress(self._engine, where, entry, Looks())
        else:
            put(self._engine, entry, iter(()), where, Looks())

    def _place_for(self, path: bytes) -> bytes:
        """Where an entry goes, in folders that are there; to symlinks on the way the folder that
        is unpacked into is the root."""
        holder, _, name = path.rpartition(b"/")
        folder = resolve(self._engine, holder, self._dest).rstrip(b"/")
        make_folders(self._engine, folder)
        return folder + b"/" + name

    def more(self, content: memoryview, left: int) -> None:
        """More of the open file."""
        assert self._open is not None
        while content:
            offset, length = self._extents.pop()
            piece = content[:length]
            done = 0
            while done < len(piece):
                done += self._open.pwrite(bytes(piece[done:]), offset + done)
            content = content[len(piece) :]
            if len(piece) < length:
                self._extents.append((offset + len(piece), length - len(piece)))

    def finish(self) -> None:
        """The last file, and the folders' own looks, the deepest first."""
        self._finish_file()
        for where, entry in reversed(self._folders):
            dress(self._engine, where, entry, Looks())

    def close(self) -> None:
        """Let go of an open file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _begin(self, entry: Entry, where: bytes, content: memoryview) -> None:
        clear(self._engine, where)
        self._open = self._engine.open(where, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self._entry, self._where = entry, where
        extents = entry.sparse if entry.sparse is not None else ((0, entry.size),)
        self._extents = [extent for extent in reversed(extents) if extent[1]]
        self.more(content, 0)

    def _finish_file(self) -> None:
        if self._open is None:
            return
        self.close()
        if self._entry.sparse is not None:
            self._engine.truncate(self._where, self._entry.size)
        dress(self._engine, self._where, self._entry, Looks())
