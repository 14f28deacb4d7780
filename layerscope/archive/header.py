"""The fixed 512-byte header of a tar entry, parsed for many blocks at once.

Formats: v7, ustar (POSIX.1-1988), GNU (base-256 numbers) and pax (POSIX.1-2001), which share the
layout of the fields read here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from layerscope.archive.tar_format import parse_number

Matrix = npt.NDArray[np.uint8]
Column = npt.NDArray[np.int64]

_MODE, _UID, _GID, _SIZE = (100, 8), (108, 8), (116, 8), (124, 12)
_MTIME, _CHECKSUM, _MAJOR, _MINOR = (136, 12), (148, 8), (329, 8), (337, 8)
_TYPE, _LINK, _MAGIC, _PREFIX = 156, slice(157, 257), slice(257, 262), 345
_USTAR = np.frombuffer(b"ustar", np.uint8)

# Types whose size field does not announce content (POSIX.1-2001, ustar interchange format).
_HEADER_ONLY = np.zeros(256, bool)
_HEADER_ONLY[list(b"123456")] = True


class Headers(NamedTuple):
    """Fields of k header blocks; every list has k items.

    ``content`` is what follows the header, in bytes, ``size`` the number in its size field.
    ``valid`` is False where the checksum or a number is off.
    """

    type: list[int]
    mode: Column
    uid: Column
    gid: Column
    size: Column
    mtime: Column
    content: list[int]
    names: list[bytes]
    valid: list[bool]
    raw: Matrix

    def link(self, i: int) -> bytes:
        """The link name field of header ``i``, up to its first NUL."""
        return self.raw[i, _LINK].tobytes().partition(b"\0")[0]

    def device(self, i: int) -> tuple[int, int]:
        """(major, minor) of header ``i``."""
        raw = self.raw[i].tobytes()
        return parse_number(_field(raw, _MAJOR)) or 0, parse_number(_field(raw, _MINOR)) or 0


def looks_like_header(blocks: Matrix) -> npt.NDArray[np.intp]:
    """Numbers of the blocks that carry the ustar magic (content may carry it too)."""
    maybe = np.flatnonzero(blocks[:, 257] == _USTAR[0])
    magic: npt.NDArray[np.bool_] = (blocks[maybe, _MAGIC] == _USTAR).all(axis=1)
    return maybe[magic]


def parse_headers(raw: Matrix) -> Headers:
    """Parse k blocks (shape (k, 512)); a wrong one is marked, not raised."""
    kind = raw[:, _TYPE]
    valid = np.ones(len(raw), bool)
    fields = [_numbers(raw, f, valid) for f in (_MODE, _UID, _GID, _SIZE, _MTIME, _CHECKSUM)]
    mode, uid, gid, size, mtime, checksum = fields
    valid &= _checksums_hold(raw, checksum) & (size >= 0)
    return Headers(
        type=kind.tolist(),
        mode=mode & 0o7777,
        uid=uid,
        gid=gid,
        size=size,
        mtime=mtime,
        content=np.where(_HEADER_ONLY[kind], 0, size).tolist(),
        names=_names(raw),
        valid=valid.tolist(),
        raw=raw,
    )


def _field(raw: bytes, where: tuple[int, int]) -> bytes:
    return raw[where[0] : where[0] + where[1]]


def _numbers(raw: Matrix, where: tuple[int, int], valid: npt.NDArray[np.bool_]) -> Column:
    start, width = where
    field = raw[:, start : start + width]
    digits = field - np.uint8(ord("0"))
    blank = (field == 0) | (field == 32)
    # Digits from the first byte on, then only NUL and space: everything writers produce today.
    plain = (blank | (digits < 8)).all(axis=1) & ~blank[:, 0]
    plain &= (blank[:, 1:] >= blank[:, :-1]).all(axis=1)
    powers = 8.0 ** np.arange(width - 1, -1, -1)
    values = (np.where(blank, 0, digits).astype(np.float64) @ powers).astype(np.int64)
    values >>= 3 * blank.sum(axis=1)
    for i in np.flatnonzero(~plain):
        number = parse_number(field[i].tobytes())
        if number is None or not -(1 << 62) < number < 1 << 62:
            valid[i] = False
        else:
            values[i] = number
    return values


def _checksums_hold(raw: Matrix, stored: Column) -> npt.NDArray[np.bool_]:
    """The header's bytes added up, its own checksum field as spaces (signed sums exist too)."""
    start, width = _CHECKSUM
    own = raw[:, start : start + width]
    total = raw.sum(axis=1, dtype=np.int64) - own.sum(axis=1, dtype=np.int64) + 32 * width
    holds: npt.NDArray[np.bool_] = total == stored
    if not holds.all():
        signed = raw.view(np.int8)
        own_signed = signed[:, start : start + width].sum(axis=1, dtype=np.int64)
        holds |= signed.sum(axis=1, dtype=np.int64) - own_signed + 32 * width == stored
    return holds


def _names(raw: Matrix) -> list[bytes]:
    names: list[bytes] = np.ascontiguousarray(raw[:, :100]).view("S100").ravel().tolist()
    # POSIX ustar ("ustar\0") splits long names; GNU ("ustar  ") keeps times at that place.
    split = np.flatnonzero((raw[:, _PREFIX] != 0) & (raw[:, 262] == 0))
    for i in split.tolist():
        prefix = raw[i, _PREFIX : _PREFIX + 155].tobytes().partition(b"\0")[0]
        names[i] = prefix + b"/" + names[i].partition(b"\0")[0]
    return names
