"""How a layer's bytes are compressed, and the stream of what comes out.

Recognised by content, never by name or media type. Inflating releases the interpreter's lock, so a
thread that does it costs the others nothing.

What follows the compressed data: zero bytes after a gzip member are padding (as gzip has it), and
skippable zstd frames are passed over; anything else is an error.
"""

from __future__ import annotations

import enum
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from layerscope.archive.blob import BrokenBlob, ByteSource
from layerscope.archive.zstd_frames import MAGIC, FrameSource, is_skippable
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# zstd's own default for what a decoder should be ready to hold.
_MAX_WINDOW = 128 << 20
_XZ_MEMORY = 256 << 20
_INPUT = 256 << 10


class Codec(enum.Enum):
    """A compression format; the values are words for people and for the index."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"
    BZIP2 = "bzip2"


class DecompressionBomb(LayerscopeError):
    """Compressed data grows beyond all measure."""


class Limits(NamedTuple):
    """How far compressed data may grow before it is called a bomb.

    ``max_size`` bounds what comes out, in bytes. ``max_ratio`` bounds bytes out per byte in, once
    more than ``free`` bytes came out: a file of zeros is no crime.
    """

    max_ratio: int = 200
    max_size: int = 1 << 40
    free: int = 4 << 30

    def check(self, taken: int, given: int) -> None:
        """Raise DecompressionBomb if ``given`` bytes from ``taken`` are too many."""
        if given > self.max_size:
            raise DecompressionBomb("compressed data", f"it grows beyond {self.max_size} bytes")
        if given > self.free and given > taken * self.max_ratio:
            why = f"it grows more than {self.max_ratio} times, beyond {self.free} bytes"
            raise DecompressionBomb("compressed data", why)


def detect(head: bytes) -> Codec:
    """The codec of data that starts with ``head`` (6 bytes are enough)."""
    if head.startswith(b"\x1f\x8b\x08"):
        return Codec.GZIP
    if head.startswith(MAGIC) or is_skippable(head):
        return Codec.ZSTD
    if head.startswith(b"\xfd7zXZ\0"):
        return Codec.XZ
    if head.startswith(b"BZh"):
        return Codec.BZIP2
    return Codec.PLAIN


def decoded(raw: ByteSource, codec: Codec, limits: Limits | None = None) -> Decoded:
    """The uncompressed bytes of ``raw``, which must be at its start.

    Reading raises BrokenBlob for damaged, cut or trailing data, DecompressionBomb past
    ``limits``, and what ``raw`` raises.
    """
    return Decoded(raw, codec, limits or Limits())


class Decoded(io.RawIOBase):
    """A stream of uncompressed bytes.

    ``readinto`` fills the whole buffer unless the data ends first; buffers of a megabyte are best.
    ``taken`` and ``given`` count bytes read of the compressed data and handed out so far.
    """

    def __init__(self, raw: ByteSource, codec: Codec, limits: Limits) -> None:
        self._codec = codec
        self._limits = limits
        self._raw = _Counted(raw)
        self._inflater = _inflater(self._raw, codec)
        self.given = 0

    @property
    def taken(self) -> int:
        """Bytes read of the compressed data."""
        return self._raw.count

    def readable(self) -> bool:
        return True

    def readinto(self, memory: WriteableBuffer) -> int:
        """Fill ``memory``; the number of bytes, less than its length only at the end."""
        done = 0
        with memoryview(memory).cast("B") as whole, _errors_told(self._codec):
            while done < len(whole):
                size = self._inflater.readinto(whole[done:])
                if not size:
                    break
                done += size
                self.given += size
                if self._codec is not Codec.PLAIN:
                    self._limits.check(self.taken, self.given)
        return done


class _Inflater(Protocol):
    def readinto(self, memory: memoryview, /) -> int: ...


class _Counted:
    """``raw``, with the bytes counted that were read."""

    def __init__(self, raw: ByteSource) -> None:
        self._raw = raw
        self.count = 0

    def read(self, size: int, /) -> bytes:
        data = self._raw.read(size)
        self.count += len(data)
        return data

    def readinto(self, memory: memoryview, /) -> int:
        size = self._raw.readinto(memory)
        self.count += size
        return size


def _inflater(raw: _Counted, codec: Codec) -> _Inflater:
    if codec is Codec.PLAIN:
        return raw
    if codec is Codec.GZIP:
        from isal import igzip

        open_gzip: Callable[..., _Inflater] = igzip.IGzipFile
        return open_gzip(fileobj=raw, mode="rb")
    if codec is Codec.ZSTD:
        import zstandard

        zstd = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        open_zstd: Callable[..., _Inflater] = zstd.stream_reader
        return open_zstd(FrameSource(raw), read_size=_INPUT, read_across_frames=True)
    return _Members(raw, codec)


class _Members:
    """bzip2 and xz: streams one after another, each inflated by the standard library."""

    def __init__(self, raw: ByteSource, codec: Codec) -> None:
        self._raw = raw
        self._codec = codec
        self._stream = self._next_stream()

    def _next_stream(self) -> _Decompressor:
        if self._codec is Codec.BZIP2:
            import bz2

            return bz2.BZ2Decompressor()
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def readinto(self, memory: memoryview, /) -> int:
        data = b""
        while not data:
            source = self._input()
            if source is None:
                return 0
            data = self._stream.decompress(source, len(memory))
        memory[: len(data)] = data
        return len(data)

    def _input(self) -> bytes | None:
        """What to feed the stream next; None at the end of the data."""
        if self._stream.eof:
            return self._next_member()
        if not self._stream.needs_input:
            return b""
        source = self._raw.read(_INPUT)
        if not source:
            raise EOFError
        return source

    def _next_member(self) -> bytes | None:
        source = self._stream.unused_data.lstrip(b"\0")
        while not source:
            more = self._raw.read(_INPUT)
            if not more:
                return None
            source = more.lstrip(b"\0")
        self._stream = self._next_stream()
        return source


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@contextmanager
def _errors_told(codec: Codec) -> Iterator[None]:
    """Turns the libraries' complaints about the data into BrokenBlob."""
    try:
        yield
    except EOFError:
        raise BrokenBlob(f"{codec.value} data", "it ends too early") from None
    except _complaints(codec) as error:
        # A complaint has no error number; with one, it is the disk that fails.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BrokenBlob(f"{codec.value} data", f"it is damaged ({error})") from error


def _complaints(codec: Codec) -> tuple[type[Exception], ...]:
    """What the codec's library raises for damaged data."""
    if codec is Codec.GZIP:
        from isal import igzip_lib

        damaged: Any = igzip_lib.IsalError
        return (damaged, OSError)
    if codec is Codec.ZSTD:
        import zstandard

        return (zstandard.ZstdError,)
    if codec is Codec.XZ:
        import lzma

        return (lzma.LZMAError,)
    return (OSError,)
