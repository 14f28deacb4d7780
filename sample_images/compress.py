"""Compressed forms of a layer that come out the same with every version of every library."""

from __future__ import annotations

import re
import struct
import zlib
from itertools import pairwise

_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x50\x2a\x4d\x18"
_SINGLE_SEGMENT_4_BYTE_SIZE = b"\xa0"
_RAW, _RUN = 0, 1
_LARGEST_BLOCK = 128 * 1024


def gzip_members(data: bytes, cuts: tuple[int, ...] = ()) -> bytes:
    """Gzip (RFC 1952) of ``data``, a member for each piece between the offsets ``cuts``."""
    return b"".join(_gzip(piece) for piece in _pieces(data, cuts))


def zstd_frames(data: bytes, cuts: tuple[int, ...] = ()) -> bytes:
    """Zstandard (RFC 8878) of ``data``: a frame for each piece, and a skippable one at the end.

    Only runs of zeros are packed (in blocks of type RLE); the rest is stored raw.
    """
    frames = b"".join(_zstd(piece) for piece in _pieces(data, cuts))
    note = b"layerscope sample"
    return frames + _ZSTD_SKIPPABLE + struct.pack("<I", len(note)) + note


def _pieces(data: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    return [data[start:stop] for start, stop in pairwise((0, *cuts, len(data)))]


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _zstd(data: bytes) -> bytes:
    blocks = []
    for zeros, stored in re.findall(rb"(\0{64,})|((?:(?!\0{64}).)+)", data, re.DOTALL):
        run = zeros or stored
        for start in range(0, len(run), _LARGEST_BLOCK):
            part = run[start : start + _LARGEST_BLOCK]
            blocks.append((_RUN, len(part), b"\0") if zeros else (_RAW, len(part), part))
    head = _ZSTD_FRAME + _SINGLE_SEGMENT_4_BYTE_SIZE + struct.pack("<I", len(data))
    last = len(blocks) - 1
    body = (
        struct.pack("<I", (size << 3) | (kind << 1) | (number == last))[:3] + content
        for number, (kind, size, content) in enumerate(blocks)
    )
    return head + b"".join(body)
