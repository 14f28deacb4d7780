"""The headers of an archive of an image, read without its content: one seek a member.

ustar, GNU (long names, base-256 sizes) and pax (path, linkpath, size). An archive is hostile until
proven otherwise: nothing here grows with a number that it claims.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from layerscope.errors import LayerscopeError

_BLOCK = 512
_WINDOW = 64 << 10
_MAX_EXTENDED = 1 << 20


class BadArchive(LayerscopeError):
    """A file is no tar archive, or a damaged one."""


class MemberKind(enum.Enum):
    """What matters of a member here."""

    FILE = enum.auto()
    SYMLINK = enum.auto()
    HARDLINK = enum.auto()
    OTHER = enum.auto()


@dataclass(frozen=True, slots=True)
class Member:
    """A member as its headers describe it; offset and size of its content in bytes."""

    name: str
    kind: MemberKind
    link: str
    offset: int
    size: int


@dataclass(slots=True)
class _Said:
    """What extended headers say of the member that follows them."""

    records: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def is_sparse(self) -> bool:
        return any(key.startswith(b"GNU.sparse.") for key in self.records)


def walk_members(path: Path) -> Iterator[Member]:
    """The members of the tar at ``path``, in its order. Raises BadArchive, OSError."""
    with path.open("rb", buffering=0) as file:
        yield from _Walk(file.fileno(), str(path)).members()


class _Walk:
    def __init__(self, fd: int, what: str) -> None:
        self._fd, self._what = fd, what
        self._end = os.fstat(fd).st_size
        self._window, self._start = b"", 0

    def members(self) -> Iterator[Member]:
        position, said = 0, _Said()
        while position < self._end:
            header = self._read(position, _BLOCK)
            if not any(header):
                return
            self._check(header, position)
            size, kind = self._size(header, said), header[156:157]
            content = position + _BLOCK
            if kind in b"xgLKX":
                self._extend(said, kind, content, size)
            else:
                yield self._member(header, said, content, size)
                said = _Said()
            size = 0 if kind in b"123456" else size
            position = content + size + -size % _BLOCK
        if said.records or position > self._end:
            raise self._bad("it is cut off")

    def _read(self, offset: int, size: int) -> bytes:
        at = offset - self._start
        if not 0 <= at <= len(self._window) - size:
            self._window = os.pread(self._fd, max(size, _WINDOW), offset)
            self._start, at = offset, 0
        data = self._window[at : at + size]
        if len(data) < size:
            raise self._bad("it is cut off")
        return data

    def _check(self, header: bytes, position: int) -> None:
        stored = _number(header[148:156])
        total = sum(header) - sum(header[148:156]) + 8 * 0x20
        if stored != total:
            why = "it is no tar archive" if not position else f"its tar is damaged at {position}"
            raise self._bad(why)

    def _size(self, header: bytes, said: _Said) -> int:
        text = said.records.get(b"size")
        size = _number(header[124:136]) if text is None else _decimal(text)
        if size is None or not 0 <= size < 1 << 62:
            raise self._bad("it has a member of impossible size")
        return size

    def _extend(self, said: _Said, kind: bytes, offset: int, size: int) -> None:
        if size > _MAX_EXTENDED:
            raise self._bad("it has an extended header that is too long")
        data = self._read(offset, size)
        if kind == b"L":
            said.records[b"path"] = data.partition(b"\0")[0]
        elif kind == b"K":
            said.records[b"linkpath"] = data.partition(b"\0")[0]
        elif kind == b"x":
            said.records.update(self._pax(data))

    def _pax(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        position = 0
        while position < len(data) and data[position]:
            space = data.find(b" ", position, position + 20)
            length = _decimal(data[position:space]) if space > 0 else None
            if not length or position + length > len(data):
                raise self._bad("it has a damaged pax header")
            key, _, value = data[space + 1 : position + length - 1].partition(b"=")
            yield key, value
            position += length

    def _member(self, header: bytes, said: _Said, offset: int, size: int) -> Member:
        name = said.records.get(b"path") or _name(header)
        link = said.records.get(b"linkpath") or header[157:257].partition(b"\0")[0]
        kind = _kind(header[156:157], name)
        if kind is MemberKind.FILE and said.is_sparse:
            kind = MemberKind.OTHER
        if kind is MemberKind.FILE and offset + size > self._end:
            raise self._bad(f"it is cut off in {os.fsdecode(name)[-200:]!r}")
        return Member(os.fsdecode(name), kind, os.fsdecode(link), offset, size)

    def _bad(self, why: str) -> BadArchive:
        return BadArchive(self._what, why)


def _kind(type_: bytes, name: bytes) -> MemberKind:
    if type_ in (b"0", b"\0", b"7"):
        return MemberKind.OTHER if name.endswith(b"/") else MemberKind.FILE
    return {b"1": MemberKind.HARDLINK, b"2": MemberKind.SYMLINK}.get(type_, MemberKind.OTHER)


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    # POSIX ustar splits long names; GNU ("ustar  ") keeps other things at that place.
    if header[257:263] == b"ustar\0" and (prefix := header[345:500].partition(b"\0")[0]):
        return prefix + b"/" + name
    return name


def _number(text: bytes) -> int | None:
    if text[0] & 0x80:
        return int.from_bytes(text, "big") - (0x80 << 8 * (len(text) - 1))
    digits = text.partition(b"\0")[0].strip(b" ") or b"0"
    return int(digits, 8) if not digits.translate(None, b"01234567") else None


def _decimal(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) < 20 else None
