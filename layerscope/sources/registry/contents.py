"""The table of contents that eStargz and zstd:chunked layers carry (CRFS's JSON, its version 1).

It tells what the entries of a layer's tar are and where in the blob the content of each file is,
so that neither a list of files nor a single file needs the whole blob. What it doesn't tell: names
that are no UTF-8 (U+FFFD stands for their bytes), its own entry, and where things are in the tar.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from layerscope.archive.entry import Kind
from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest, InvalidDigest

if TYPE_CHECKING:
    from layerscope.archive.scan import ScannedEntries

# Of the JSON; a million entries take some 300 MB.
MAX_BYTES = 256 << 20
_KINDS = {
    "reg": Kind.FILE,
    "dir": Kind.DIR,
    "symlink": Kind.SYMLINK,
    "hardlink": Kind.HARDLINK,
    "char": Kind.CHAR,
    "block": Kind.BLOCK,
    "fifo": Kind.FIFO,
}
_CHUNK = "chunk"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")
_NO_TIME = "0001-01-01T00:00:00Z"


class InvalidTable(LayerscopeError):
    """A layer's table of contents is none, or leads nowhere."""

    def __init__(self, why: str) -> None:
        hint = "layerscope pull, which needs no table"
        super().__init__("layer", f"its table of contents {why}", hint)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file's content is: bytes ``start`` to ``end`` of the blob inflate to it, after
    ``skip`` bytes; ``size`` are its own, ``digest`` its SHA-256."""

    start: int
    end: int
    skip: int
    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Contents:
    """Entries as a tar scanner would have found them, but for ``offset`` and ``xxh3``.

    ``offset`` is a file's key in ``places``; where ``xxh3`` should be are the first 8 bytes of its
    SHA-256, which compare with each other and with nothing else.
    """

    entries: ScannedEntries
    places: dict[int, Place]


def parse_contents(data: bytes, end: int) -> Contents:
    """Read a table; ``end`` is where in the blob the content of files ends. Raises InvalidTable."""
    from layerscope.archive.scan import ScanLimits  # needs numpy

    try:
        listed = json.loads(data)["entries"]
        if not isinstance(listed, list) or len(listed) > ScanLimits().entries:
            raise InvalidTable("lists no entries, or too many")
        entries, last = _entries(listed)
        starts = sorted({one["offset"] for one in listed if one.get("offset")} | {end})
        places = {n: _place(listed[n], at, starts, end) for n, at in last.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise InvalidTable(f"is damaged ({type(error).__name__})") from None
    except (RecursionError, InvalidDigest):
        raise InvalidTable("is damaged") from None
    return Contents(entries, places)


def _entries(listed: list[dict[str, Any]]) -> tuple[ScannedEntries, dict[int, int]]:
    """The entries, and by the number of each file with content where its last chunk begins."""
    from layerscope.archive.scan import ScannedEntries

    entries, last, current = ScannedEntries(), dict[int, int](), -1
    for number, one in enumerate(listed):
        if one["type"] != _CHUNK:
            _add(entries, number, one)
            current = number if one["type"] == "reg" and one.get("size") else -1
        if current >= 0:
            last[current] = one["offset"]
    return entries, last


def _add(entries: ScannedEntries, number: int, one: dict[str, Any]) -> None:
    at, kind = len(entries), _KINDS[one["type"]]
    seconds, nanoseconds = _time(one.get("modtime") or _NO_TIME)
    size = one.get("size", 0) if kind is Kind.FILE else 0
    entries.names.append(one["name"].encode())
    entries.kind.append(kind)
    entries.mode.append(one.get("mode", 0) & 0o7777)
    entries.uid.append(one.get("uid", 0))
    entries.gid.append(one.get("gid", 0))
    entries.size.append(size)
    entries.mtime.append(seconds)
    entries.mtime_ns.append(nanoseconds)
    entries.offset.append(number)
    entries.xxh3.append(int(Digest.parse(one["digest"]).hex[:16], 16) if size else 0)
    if kind in (Kind.SYMLINK, Kind.HARDLINK):
        entries.links[at] = one.get("linkName", "").encode()
    if kind in (Kind.CHAR, Kind.BLOCK):
        entries.devices[at] = (int(one.get("devMajor", 0)), int(one.get("devMinor", 0)))
    if xattrs := one.get("xattrs"):
        entries.xattrs[at] = {
            name.encode(): base64.b64decode(value, validate=True) for name, value in xattrs.items()
        }


def _place(one: dict[str, Any], last: int, starts: list[int], end: int) -> Place:
    """Where a file's content is; what of its last chunk's beginning is next is its end."""
    stop = one.get("endOffset") or starts[bisect_right(starts, last)]
    place = Place(
        one["offset"], stop, one.get("innerOffset", 0), one["size"], Digest.parse(one["digest"])
    )
    if not 0 <= place.start < place.end <= end or place.skip < 0 or place.size < 0:
        raise InvalidTable(f"leads out of the layer, to bytes {place.start} to {place.end}")
    return place


def _time(text: str) -> tuple[int, int]:
    """Seconds since 1970, and nanoseconds; Go's zero time is none."""
    if text == _NO_TIME:
        return 0, 0
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    seconds = datetime.fromisoformat(found[1] + found[3]).timestamp()
    return int(seconds), int((found[2] or "0").ljust(9, "0"))
