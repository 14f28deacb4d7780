"""Damages bytes, tars and documents in ways that get past the first check."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

_BLOCK = 512
# Offset and width of the header's fields (POSIX.1-1988), and words that do not belong there.
_FIELDS = {
    "name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12),
    "mtime": (136, 12), "type": (156, 1), "link": (157, 100), "magic": (257, 8),
    "device": (329, 16), "prefix": (345, 155), "sparse": (386, 97), "real size": (483, 12),
}  # fmt: skip
_NUMBERS = (
    b"00000000000\0", b"77777777777\0", b"7777777\0", b"-1\0", b"99999999999\0", b"\0" * 12,
    b"\x80" + b"\0" * 10 + b"\x01", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"            ",
)  # fmt: skip
_NAMES = (
    b"../../up", b"/abs", b".", b"..", b"./", b"a/../../b", b"\x1b[31m", b"\xff\xfe", b".wh.",
    b".wh..", b".wh...", b".wh..wh..opq", b"a/.wh..wh..opq", b".wh..wh.plnk", b"a//b", b"a/",
    b"n" * 100, b"a/" * 50, b"", b"a\nb",
    # The golden layers have a directory a and a symlink l that points to it.
    b"a", b"l", b"l/x", b"l/x/y", b"l/.wh.f1", b"l/.wh..wh..opq", b"a/f1", b".wh.a", b".wh.l",
)  # fmt: skip
_TYPES = b"\0001234567xgLKSVDANM\xff"
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 63, 10**400, 1.5, 1e308, "", "x", "\x1b[2J", "sha256:", "sha256:zz",
    "sha256:" + "0" * 64, "sha512:" + "0" * 128, "md5:1", "../../etc/passwd", "/etc/passwd",
    "a" * 5000, [], {}, [[]], [None], {"": None}, "9999-99-99T99:99:99Z", "é\ud800", [[[[[[]]]]]],
)  # fmt: skip


def bytes_damaged(data: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, cut off, repeated, moved or put in."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        at = dice.randrange(len(out) + 1)
        size = dice.choice((1, 2, 4, 8, 64, _BLOCK, 3 * _BLOCK))
        action = dice.randrange(7)
        if action == 0 and out:
            out[at % len(out)] ^= 1 << dice.randrange(8)
        elif action == 1 and out:
            out[at % len(out)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        elif action == 2:
            del out[at:]
        elif action == 3:
            del out[at : at + size]
        elif action == 4:
            out[at:at] = out[at : at + size]
        elif action == 5:
            out[at:at] = dice.randbytes(size)
        else:
            source = dice.randrange(len(out) + 1)
            out[at : at + size] = out[source : source + size]
    return bytes(out)


def tar_damaged(tar: bytes, dice: random.Random) -> bytes:
    """Fields of headers changed, mostly with a checksum that is right again; blocks moved."""
    out = bytearray(tar)
    for _ in range(dice.choice((1, 1, 2, 3))):
        blocks = range(0, len(out) - _BLOCK + 1, _BLOCK)
        headers = [at for at in blocks if out[at + 257 : at + 262] == b"ustar"]
        if not headers or dice.random() < 0.1:
            return bytes_damaged(bytes(out), dice)
        at = dice.choice(headers)
        action = dice.random()
        if action < 0.75:
            _change_field(out, at, dice)
        elif action < 0.85:
            other = dice.choice(headers)
            out[at:at] = out[other : other + _BLOCK * dice.randint(1, 3)]
        elif action < 0.95:
            del out[at : at + _BLOCK * dice.randint(1, 2)]
        else:
            _change_records(out, at, dice)
    return bytes(out)


def _change_field(out: bytearray, at: int, dice: random.Random) -> None:
    name = dice.choice(tuple(_FIELDS))
    offset, width = _FIELDS[name]
    if name == "type":
        value = bytes([dice.choice(_TYPES)])
    elif name in ("name", "link", "prefix"):
        value = dice.choice(_NAMES)
    elif name == "sparse":
        value = b"".join(dice.choice(_NUMBERS).ljust(12, b"\0")[:12] for _ in range(8)) + b"\1"
    else:
        value = dice.choice(_NUMBERS)
    out[at + offset : at + offset + width] = value[:width].ljust(width, b"\0")
    if dice.random() < 0.9:
        out[at + 148 : at + 156] = b"        "
        out[at + 148 : at + 156] = b"%06o\0 " % sum(out[at : at + _BLOCK])


def _change_records(out: bytearray, at: int, dice: random.Random) -> None:
    """Text that follows the header (pax records, a sparse map) with another number in it."""
    digits = [i for i in range(at + _BLOCK, min(at + 3 * _BLOCK, len(out))) if 48 <= out[i] < 58]
    for i in dice.sample(digits, min(len(digits), 2)):
        out[i] = dice.choice(b"0123456789-.\0\n =")


def json_damaged(document: bytes, dice: random.Random) -> bytes:
    """One value of a document replaced, removed or wrapped; now and then its text damaged."""
    if dice.random() < 0.1:
        return bytes_damaged(document, dice)
    value = json.loads(document)
    for _ in range(dice.choice((1, 1, 2))):
        places = list(_places(value))
        if not places:
            return json.dumps(dice.choice(_VALUES)).encode()
        holder, key = dice.choice(places)
        action = dice.random()
        if action < 0.6:
            holder[key] = copy.deepcopy(dice.choice(_VALUES))
        elif action < 0.75:
            del holder[key]
        elif action < 0.9:
            holder[key] = [copy.deepcopy(holder[key]) for _ in range(dice.choice((0, 1, 2, 100)))]
        else:
            holder[key] = {str(key): holder[key]}
    return json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value inside."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
