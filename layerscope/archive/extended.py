"""Extended headers of a tar entry: pax records, GNU long names, the sparse formats."""

from __future__ import annotations

from dataclasses import dataclass, field

from layerscope.archive.tar_format import BLOCK, InvalidTar, parse_number

# Go's archive/tar, which Docker and umoci stand on, refuses more than this too.
MAX_EXTENDED = 1 << 20

Extents = tuple[tuple[int, int], ...]

_XATTR = b"SCHILY.xattr."


@dataclass(slots=True)
class Overrides:
    """What extended headers say of the entry that follows them; None: nothing said."""

    path: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    uid: int | None = None
    gid: int | None = None
    mtime: tuple[int, int] | None = None
    xattrs: dict[bytes, bytes] = field(default_factory=dict)
    sparse: dict[bytes, bytes] = field(default_factory=dict)
    sparse_pairs: list[int] = field(default_factory=list)

    @property
    def is_sparse(self) -> bool:
        """True if any GNU.sparse.* record was seen."""
        return bool(self.sparse or self.sparse_pairs)


def apply_pax(records: bytes, to: Overrides) -> None:
    """Add the records of one pax header (POSIX.1-2001: ``LENGTH KEY=VALUE\\n``) to ``to``.

    Raises InvalidTar for records that do not add up.
    """
    position, end = 0, len(records)
    while position < end:
        if not records[position]:
            return
        space = records.find(b" ", position, position + 20)
        digits = records[position:space]
        stop = position + int(digits) if space > 0 and digits.isdigit() else 0
        equals = records.find(b"=", space + 1, stop)
        if not position < stop <= end or equals < 0 or records[stop - 1] != 0x0A:
            raise InvalidTar("layer", "a pax header is damaged")
        _apply_record(to, records[space + 1 : equals], records[equals + 1 : stop - 1])
        position = stop


def _apply_record(to: Overrides, key: bytes, value: bytes) -> None:
    if key == b"mtime":
        to.mtime = _time(value) if value else None
    elif key == b"path":
        to.path = _text(value)
    elif key == b"linkpath":
        to.link = _text(value)
    elif key == b"size":
        to.size = whole(value)
    elif key == b"uid":
        to.uid = whole(value)
    elif key == b"gid":
        to.gid = whole(value)
    elif key.startswith(_XATTR):
        to.xattrs[key[len(_XATTR) :]] = value
    elif key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
        to.sparse_pairs.append(whole(value) or 0)
    elif key.startswith(b"GNU.sparse."):
        to.sparse[key[11:]] = value


def _text(value: bytes) -> bytes | None:
    if b"\0" in value:
        raise InvalidTar("layer", "a pax header has a NUL in a name")
    return value or None


def whole(value: bytes) -> int | None:
    """A decimal number of a pax record; None for an empty one. Raises InvalidTar."""
    if not value:
        return None
    if not value.isdigit() or len(value) > 19:
        raise InvalidTar("layer", f"a pax header has {value[:24]!r} where a number belongs")
    return int(value)


def _time(value: bytes) -> tuple[int, int]:
    """Seconds and nanoseconds of a decimal number; -1.25 is (-2, 750000000)."""
    sign = value[:1] == b"-"
    whole, _, fraction = value.lstrip(b"-").partition(b".")
    if not (whole or fraction) or not (whole + fraction).isdigit() or len(whole) > 18:
        raise InvalidTar("layer", f"a pax header has {value[:24]!r} where a time belongs")
    seconds, nanos = int(whole or 0), int(fraction[:9].ljust(9, b"0"))
    if not sign:
        return seconds, nanos
    return (-seconds - 1, 1_000_000_000 - nanos) if nanos else (-seconds, 0)


def sparse_from_pax(said: Overrides) -> Extents | None:
    """Extents of the pax sparse formats 0.0 and 0.1; None for 1.0, whose map leads the content."""
    if b"major" in said.sparse:
        return None
    numbers = said.sparse_pairs
    if b"map" in said.sparse:
        numbers = [whole(n) or 0 for n in said.sparse[b"map"].split(b",")]
    return _extents(numbers)


def sparse_map_1_0(content: memoryview) -> tuple[Extents, int] | None:
    """The map at the start of a pax 1.0 sparse file's content, and its length in bytes.

    None if ``content`` ends before the map does.
    """
    numbers: list[int] = []
    position, wanted = 0, 1
    text = bytes(content[:MAX_EXTENDED])
    while len(numbers) < wanted:
        stop = text.find(b"\n", position)
        if stop < 0:
            if len(text) == MAX_EXTENDED:
                raise InvalidTar("layer", "the map of a sparse file is too long")
            return None
        numbers.append(whole(text[position:stop]) or 0)
        position = stop + 1
        wanted = 1 + 2 * numbers[0]
    return _extents(numbers[1:]), -(-position // BLOCK) * BLOCK


def sparse_old_gnu(header: bytes, following: memoryview) -> tuple[Extents, int, int] | None:
    """An old GNU sparse header (type S): extents, logical size, bytes of extension blocks.

    None if ``following`` ends before the extension blocks do.
    """
    numbers = _old_gnu_pairs(header[386:482])
    more, used = header[482], 0
    while more:
        if used + BLOCK > min(len(following), MAX_EXTENDED):
            if used + BLOCK > MAX_EXTENDED:
                raise InvalidTar("layer", "the map of a sparse file is too long")
            return None
        block = bytes(following[used : used + BLOCK])
        numbers += _old_gnu_pairs(block[:504])
        more, used = block[504], used + BLOCK
    return _extents(numbers), parse_number(header[483:495]) or 0, used


def _old_gnu_pairs(area: bytes) -> list[int]:
    fields = (area[i : i + 12] for i in range(0, len(area) // 12 * 12, 12))
    numbers = [parse_number(f) or 0 for f in fields]
    while len(numbers) >= 2 and numbers[-2:] == [0, 0]:
        del numbers[-2:]
    return numbers


def _extents(numbers: list[int]) -> Extents:
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    end = 0
    for offset, length in pairs:
        if offset < end or length < 0 or offset + length >= 1 << 62:
            raise InvalidTar("layer", "the map of a sparse file is damaged")
        end = offset + length
    return pairs
