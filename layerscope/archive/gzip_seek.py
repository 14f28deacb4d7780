"""Reads on from a point in the middle of a gzip blob."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from layerscope.archive.blob import BrokenBlob, FileRange, RangeReader
from layerscope.archive.codec import Codec, decoded
from layerscope.archive.seek_points import Point

_INPUT = 128 << 10
_CHUNK = 1 << 20
_TRAILER = 8
_RAW = -15


def read_from(blob: FileRange, point: Point, offset: int, size: int) -> Iterator[bytes]:
    """``size`` bytes from ``offset`` of what ``blob`` inflates to, starting at ``point``.

    Raises BrokenBlob if the data is damaged or ends before.
    """
    skip = offset - point.output
    with blob.open() as raw:
        for chunk in _inflated(blob, raw, point):
            piece = chunk[skip : skip + size]
            skip = max(0, skip - len(chunk))
            size -= len(piece)
            if piece:
                yield piece
            if not size:
                return
    raise BrokenBlob("gzip data", "it ends too early")


def _inflated(blob: FileRange, raw: RangeReader, point: Point) -> Iterator[bytes]:
    from isal import isal_zlib

    inflater = isal_zlib.decompressobj(_RAW, zdict=point.window)
    raw.seek(point.bit // 8)
    data = _aligned(raw.read(_INPUT), point.bit % 8)
    while data:
        try:
            chunk = inflater.decompress(data, _CHUNK)
        except _damaged() as error:
            raise BrokenBlob("gzip data", f"it is damaged ({error})") from error
        if chunk:
            yield chunk
        if inflater.eof:
            next_member = raw.tell() - len(inflater.unused_data) + _TRAILER
            yield from _members(blob, next_member)
            return
        data = inflater.unconsumed_tail or raw.read(_INPUT)


def _damaged() -> type[Exception]:
    from isal import isal_zlib

    error: Any = isal_zlib.error
    kind: type[Exception] = error
    return kind


def _members(blob: FileRange, start: int) -> Iterator[bytes]:
    """What the gzip members from byte ``start`` of the blob on inflate to."""
    rest = FileRange(blob.path, blob.offset + start, max(0, blob.size - start))
    with rest.open() as raw:
        stream = decoded(raw, Codec.GZIP)
        while chunk := stream.read(_CHUNK):
            yield chunk


def _aligned(data: bytes, done: int) -> bytes:
    """``data`` without the ``done`` lowest bits of its first byte, aligned to bytes again.

    Empty blocks stand in for the missing bits: their length leaves a remainder of ``done``.
    """
    if not done or not data:
        return data
    bits, length = _filler(done)
    first = bits | (data[0] >> done) << length
    return first.to_bytes((length + 8 - done) // 8, "little") + data[1:]


@cache
def _filler(remainder: int) -> tuple[int, int]:
    """Empty deflate blocks whose bits number ``remainder`` modulo 8: the bits, how many."""
    text = _EMPTY_DYNAMIC if remainder % 2 else ""
    while len(text) % 8 != remainder:
        text += _EMPTY_FIXED
    return int(text[::-1], 2), len(text)


def _number(value: int, width: int) -> str:
    """A number as deflate has it, least significant bit first."""
    return f"{value:0{width}b}"[::-1]


# BFINAL 0, BTYPE 1, and the end-of-block code: 10 bits.
_EMPTY_FIXED = "0" + _number(1, 2) + "0000000"
# BFINAL 0, BTYPE 2, HLIT 0, HDIST 0, HCLEN 14; the lengths of the code length codes, of which
# 18 and 0 get two bits and 1 gets one; 138 and 118 lengths of zero, a 1 for end of block, a 0 for
# the one distance; the end-of-block code. An odd number of bits: 93.
_EMPTY_DYNAMIC = (
    "0" + _number(2, 2) + _number(0, 5) + _number(0, 5) + _number(14, 4)
    + "".join(_number(n, 3) for n in (0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
    + "11" + _number(127, 7) + "11" + _number(107, 7) + "0" + "10"
    + "0"
)  # fmt: skip
