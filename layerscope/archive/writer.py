"""Writes tar streams: the same entries give the same bytes, today and on any machine.

Headers are ustar (POSIX.1-1988); pax records (POSIX.1-2001) stand before an entry only where ustar
cannot say it: long names, big numbers, fractions of a second, times before 1970, xattrs. Owners'
names are left out. Names that are not UTF-8 stand in either as they are, against the letter of
pax, because Go's archive/tar and GNU tar both give the same bytes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.extended import MAX_EXTENDED
from layerscope.archive.tar_format import BLOCK, told
from layerscope.errors import LayerscopeError

_TYPES = {
    Kind.FILE: b"0",
    Kind.HARDLINK: b"1",
    Kind.SYMLINK: b"2",
    Kind.CHAR: b"3",
    Kind.BLOCK: b"4",
    Kind.DIR: b"5",
    Kind.FIFO: b"6",
}
_LINKS = frozenset((Kind.HARDLINK, Kind.SYMLINK))
_NAME, _PREFIX, _LINK = 100, 155, 100
_MAX_7, _MAX_11 = 8**7 - 1, 8**11 - 1


class Unwritable(LayerscopeError):
    """An entry cannot be written to a tar, or its content is not what was announced."""


class Output(Protocol):
    """Where the tar goes."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Take all of ``data``."""


class TarWriter:
    """Writes entries to ``out`` one after the other; ``close`` ends the tar."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def add(self, entry: Entry, content: Iterable[bytes | memoryview] = ()) -> None:
        """Write an entry and, for a file, its ``entry.size`` bytes of content.

        Whiteouts are files like others: their path has the ``.wh.`` prefix and their kind is FILE.
        Raises Unwritable for sockets, for what a tar cannot hold, and for content that is longer
        or shorter than announced, after which the tar is of no use.
        """
        self._out.write(_header(entry))
        if entry.kind is not Kind.FILE:
            return
        written = 0
        for chunk in content:
            written += len(chunk)
            if written > entry.size:
                break
            self._out.write(chunk)
        if written != entry.size:
            raise Unwritable(told(entry.path), f"its size changed while it was read ({entry.size})")
        self._out.write(bytes(-written % BLOCK))

    def close(self) -> None:
        """Write the two blocks of zeros that end a tar. ``out`` stays open."""
        self._out.write(bytes(2 * BLOCK))


def _header(entry: Entry) -> bytes:
    kind = _TYPES.get(entry.kind)
    if kind is None:
        raise Unwritable(told(entry.path), f"a tar has no way to hold a {entry.kind.word}")
    records: dict[bytes, bytes] = {}
    path = _path(entry)
    prefix, name = _split(path, records)
    link = _link(entry, records)
    size = entry.size if entry.kind is Kind.FILE else 0
    device = entry.device if entry.kind in (Kind.CHAR, Kind.BLOCK) else (0, 0)
    if max(device) > _MAX_7 or min(device) < 0:
        raise Unwritable(told(entry.path), f"a tar cannot hold the device number {device}")
    numbers = (
        _octal(entry.mode & 0o7777, 8),
        _number(b"uid", entry.uid, 8, records),
        _number(b"gid", entry.gid, 8, records),
        _number(b"size", size, 12, records),
        _mtime(entry, records),
    )
    _xattrs(entry, records)
    block = _block(name, numbers, kind, link, device, prefix)
    return _pax(path, records) + block


def _path(entry: Entry) -> bytes:
    path = entry.path
    if entry.kind is Kind.DIR:
        path = path + b"/" if path else b"./"
    if not path or b"\0" in path or b"\0" in entry.link:
        raise Unwritable(told(entry.path), "a tar cannot hold this name")
    return path


def _split(path: bytes, records: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """The prefix and name fields; a path that fits in neither way becomes a pax record."""
    if len(path) <= _NAME:
        return b"", path
    # The first slash that leaves a name short enough; a directory's last slash is none.
    at = path.find(b"/", len(path) - _NAME - 1, len(path) - 1)
    if 0 < at <= _PREFIX:
        return path[:at], path[at + 1 :]
    records[b"path"] = path
    return b"", path[:_NAME]


def _link(entry: Entry, records: dict[bytes, bytes]) -> bytes:
    if entry.kind not in _LINKS:
        return b""
    if len(entry.link) > _LINK:
        records[b"linkpath"] = entry.link
    return entry.link[:_LINK]


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)


def _number(key: bytes, value: int, width: int, records: dict[bytes, bytes]) -> bytes:
    if 0 <= value < 8 ** (width - 1):
        return _octal(value, width)
    records[key] = b"%d" % value
    return _octal(0, width)


def _mtime(entry: Entry, records: dict[bytes, bytes]) -> bytes:
    if 0 <= entry.mtime <= _MAX_11:
        if entry.mtime_ns:
            records[b"mtime"] = pax_time(entry.mtime, entry.mtime_ns)
        return _octal(entry.mtime, 12)
    records[b"mtime"] = pax_time(entry.mtime, entry.mtime_ns)
    return _octal(0, 12)


def pax_time(seconds: int, nanos: int) -> bytes:
    """A pax time: decimal, as few digits as it takes; (-2, 750000000) is -1.25."""
    total = seconds * 1_000_000_000 + nanos
    sign = b"-" if total < 0 else b""
    whole, fraction = divmod(abs(total), 1_000_000_000)
    return (b"%s%d.%09d" % (sign, whole, fraction)).rstrip(b"0").rstrip(b".")


def _xattrs(entry: Entry, records: dict[bytes, bytes]) -> None:
    for key, value in entry.xattrs.items():
        if b"=" in key or b"\0" in key:
            raise Unwritable(told(entry.path), f"a tar cannot hold the attribute {told(key)}")
        records[b"SCHILY.xattr." + key] = value


def _block(
    name: bytes,
    numbers: Iterable[bytes],
    kind: bytes,
    link: bytes,
    device: tuple[int, int],
    prefix: bytes,
) -> bytes:
    before = name.ljust(_NAME, b"\0") + b"".join(numbers)
    after = kind + link.ljust(_LINK, b"\0") + b"ustar\x0000" + bytes(64)
    after += _octal(device[0], 8) + _octal(device[1], 8) + prefix.ljust(_PREFIX, b"\0") + bytes(12)
    checksum = sum(before) + 8 * 0x20 + sum(after)
    return before + b"%06o\0 " % checksum + after


def _pax(path: bytes, records: dict[bytes, bytes]) -> bytes:
    """An extended header with ``records``, or nothing if there are none."""
    if not records:
        return b""
    body = b"".join(_record(key, records[key]) for key in sorted(records))
    if len(body) > MAX_EXTENDED:
        raise Unwritable(repr(path[:80]), "its name and attributes are too long for a tar")
    name = b"PaxHeaders/" + path.rstrip(b"/").rpartition(b"/")[2][:80]
    numbers = (_octal(0o644, 8), _octal(0, 8), _octal(0, 8), _octal(len(body), 12), _octal(0, 12))
    return _block(name, numbers, b"x", b"", (0, 0), b"") + body + bytes(-len(body) % BLOCK)


def _record(key: bytes, value: bytes) -> bytes:
    """``LENGTH KEY=VALUE\\n``, where the length counts its own digits."""
    rest = b" %s=%s\n" % (key, value)
    length = len(rest)
    while length != len(rest) + len(b"%d" % length):
        length = len(rest) + len(b"%d" % length)
    return b"%d%s" % (length, rest)
