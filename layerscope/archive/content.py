"""Random access to the uncompressed bytes of a layer's blob, and to the files in it.

A plain layer is read where it lies. Of a gzip layer, points are kept where inflating may start (one
for about 4 MiB, a few KiB each). Zstandard, xz and bzip2 have no such points unless their writer
made them, so such a layer is inflated once into a file beside its index (see spool: within bounds);
where that may not be, it is inflated up to the place each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from layerscope.archive.blob import BrokenBlob, FileRange
from layerscope.archive.codec import Codec, Limits, decoded
from layerscope.archive.entry import Entry
from layerscope.archive.gzip_seek import read_from
from layerscope.archive.seek_points import Point, SeekPoints, Subject
from layerscope.errors import LayerscopeError
from layerscope.progress import Progress, Silent

_POINTS, _SPOOL = "seek-points", "tar"
_SMALL = 4 << 20
_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)


class WrongContent(LayerscopeError):
    """A file's bytes are not those that were indexed."""


class LayerContent:
    """The tar of one layer. Threads may share it."""

    def __init__(
        self,
        blob: FileRange,
        codec: Codec,
        name: str,
        tar_size: int,
        cache: Path | None,
        limits: Limits | None = None,
    ) -> None:
        """``name`` is the blob's digest, ``tar_size`` what it inflates to, in bytes.

        ``cache`` is a directory of this layer's (None: nothing is kept). What is kept there is
        used only if it is of this very blob and undamaged.
        """
        self._blob = blob
        self._codec = codec
        self._subject = Subject(name, blob.size)
        self._tar_size = tar_size
        self._cache = cache
        self._limits = limits
        self._points: SeekPoints | None = None
        self._tried = False

    def read_at(self, offset: int, size: int) -> bytes:
        """``size`` bytes of the tar from ``offset`` on. Raises as :meth:`stream`."""
        return b"".join(self.stream(offset, size))

    def stream(self, offset: int, size: int, progress: Progress | None = None) -> Iterator[bytes]:
        """``size`` bytes of the tar from ``offset`` on, in chunks of up to a megabyte.

        The first access to a large compressed layer may take as long as inflating all of it.
        Raises BrokenBlob, DecompressionBomb, OSError, and what ``progress`` raises to stop.
        """
        if size <= 0:
            return iter(())
        if offset < 0 or offset + size > self._tar_size:
            raise BrokenBlob("layer", f"it has no {size} bytes at {offset}")
        if self._codec is Codec.PLAIN:
            return _plain(self._blob, offset, size)
        if self._cache is None or self._tar_size <= _SMALL:
            return self._inflated_up_to(offset, size)
        if self._codec is Codec.GZIP:
            return self._from_point(self._cache, offset, size, progress or Silent())
        return self._from_spool(self._cache, offset, size, progress or Silent())

    def forget(self) -> None:
        """Throw away what is kept in the cache: it has led to wrong content."""
        self._points, self._tried = None, False
        if self._cache is not None:
            for name in (_POINTS, _SPOOL):
                with suppress(OSError):
                    (self._cache / name).unlink()

    def _inflated_up_to(self, offset: int, size: int) -> Iterator[bytes]:
        with self._blob.open() as raw:
            stream = decoded(raw, self._codec, self._limits)
            memory = memoryview(bytearray(_CHUNK))
            while offset:
                got = stream.readinto(memory[:offset])
                if not got:
                    raise BrokenBlob("layer", "it ends too early")
                offset -= got
            while size:
                chunk = stream.read(min(size, _CHUNK))
                if not chunk:
                    raise BrokenBlob("layer", "it ends too early")
                size -= len(chunk)
                yield chunk

    def _from_point(
        self, cache: Path, offset: int, size: int, progress: Progress
    ) -> Iterator[bytes]:
        path = cache / _POINTS
        point = self._point_before(path, offset)
        if point is None and not self._tried:
            from layerscope.archive.find_seek_points import find_points

            self._tried = True
            self._points = None
            find_points(self._blob, self._tar_size, path, self._subject, progress)
            point = self._point_before(path, offset)
        if point is None:
            return self._inflated_up_to(offset, size)
        return read_from(self._blob, point, offset, size)

    def _point_before(self, path: Path, offset: int) -> Point | None:
        if self._points is None:
            self._points = SeekPoints.open(path, self._subject)
        return self._points.before(offset) if self._points else None

    def _from_spool(
        self, cache: Path, offset: int, size: int, progress: Progress
    ) -> Iterator[bytes]:
        path = cache / _SPOOL
        if not self._is_spooled(path) and not self._tried:
            self._tried = True
            from layerscope.archive.spool import spool

            spool(self._blob, self._codec, self._tar_size, path, self._limits, progress)
        if not self._is_spooled(path):
            return self._inflated_up_to(offset, size)
        return _plain(FileRange.whole(path), offset, size)

    def _is_spooled(self, path: Path) -> bool:
        try:
            return path.stat().st_size == self._tar_size
        except OSError:
            return False


def _plain(blob: FileRange, offset: int, size: int) -> Iterator[bytes]:
    with blob.open() as raw:
        raw.seek(offset)
        while size:
            chunk = raw.read(min(size, _CHUNK))
            if not chunk:
                raise BrokenBlob(str(blob.path), "it ends too early")
            size -= len(chunk)
            yield chunk


def file_chunks(
    content: LayerContent, entry: Entry, progress: Progress | None = None
) -> Iterator[bytes]:
    """The content of a regular file, its holes as zeros, in chunks of up to a megabyte.

    Raises as :meth:`LayerContent.stream`, and WrongContent after the last chunk if what came is
    not what the index saw (``entry.xxh3``).
    """
    try:
        yield from _checked(content, entry, progress)
    except (BrokenBlob, WrongContent):
        content.forget()
        raise


def _checked(content: LayerContent, entry: Entry, progress: Progress | None) -> Iterator[bytes]:
    from xxhash import xxh3_64

    extents = entry.sparse if entry.sparse is not None else ((0, entry.size),)
    stored = sum(length for _, length in extents)
    seen = xxh3_64()
    pieces = _Pieces(content.stream(entry.data_offset, stored, progress))
    position = 0
    for offset, length in extents:
        yield from _zeros(offset - position)
        for chunk in pieces.take(length):
            seen.update(chunk)
            yield chunk
        position = offset + length
    yield from _zeros(entry.size - position)
    if seen.intdigest() != entry.xxh3:
        raise WrongContent(repr(entry.path[-200:]), "its content is not what was indexed")


class _Pieces:
    """A stream of chunks, taken by the number of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def take(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes."""
        while size:
            chunk = self._rest or next(self._chunks)
            self._rest = chunk[size:]
            yield chunk[:size]
            size -= len(chunk) - len(self._rest)


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        yield _ZEROS[:size]
        size -= _CHUNK
