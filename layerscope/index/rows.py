"""From entries in the order of the tar to rows in tree order.

Tree order is the order of paths with ``/`` read as NUL: a directory's subtree is one contiguous
range behind it, siblings are by name. Row 0 is the root. A *key* is such a path.

Rules, from the OCI image-spec (layer.md) and what umoci makes of odd layers: of repeated entries
the last one wins; a whiteout or opaque marker acts on lower layers only, wherever it stands; an
entry below a symlink of the same layer goes where the symlink points; parents without an entry of
their own are directories.
"""

from __future__ import annotations

import enum
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from layerscope.archive.entry import Kind
from layerscope.archive.header import InvalidTar
from layerscope.archive.scan import ScannedEntries
from layerscope.index.linked import through_symlinks
from layerscope.index.names import Mark, clean_names

NUL = b"\0"
MAX_KEY_BYTES = (1 << 32) - 1


class Flag(enum.IntFlag):
    """What else there is to know of a row. The numbers are the index's on-disk format."""

    NONE = 0
    IMPLICIT = 1  # a parent without an entry of its own
    OPAQUE = 2  # hides what lower layers have below it
    REPLACES = 4  # the layer has a whiteout of this name, too
    EXTRA = 8  # has xattrs, a device number or sparse extents


class UnderFile(Exception):
    """An entry stands below one that is no directory, whose key is the argument."""


@dataclass(slots=True)
class Rows:
    """The tree: for each row its key, the entry it came from (-1: none), flags, parent and end.

    ``whiteout`` has the rows that only hide; ``end`` is the row after the subtree.
    """

    keys: list[bytes] = field(default_factory=lambda: [b""])
    source: list[int] = field(default_factory=lambda: [-1])
    flags: bytearray = field(default_factory=lambda: bytearray([Flag.IMPLICIT]))
    parent: array[int] = field(default_factory=lambda: array("I", [0]))
    end: array[int] = field(default_factory=lambda: array("I", [1]))
    whiteout: set[int] = field(default_factory=set)

    def add(self, key: bytes, source: int, flags: int, parent: int) -> int:
        """Append a row; its number."""
        row = len(self.keys)
        self.keys.append(key)
        self.source.append(source)
        self.flags.append(flags)
        self.parent.append(parent)
        self.end.append(row + 1)
        return row


def arrange(entries: ScannedEntries) -> Rows:
    """Put the entries into tree order. Raises InvalidTar for names that no layer may have."""
    names, marks, kept = clean_names(entries.names)
    try:
        return _tree(entries.kind, names, marks, kept)
    except UnderFile:
        kept = through_symlinks(names, entries, marks, kept)
    try:
        return _tree(entries.kind, names, marks, kept)
    except UnderFile as error:
        raise InvalidTar("layer", f"{error.args[0]!r} is a file and has entries below it") from None


def _tree(
    kinds: Sequence[int], names: list[bytes], marks: dict[int, Mark], kept: list[int]
) -> Rows:
    keys = [name.replace(b"/", NUL) for name in names]
    order = sorted(kept, key=keys.__getitem__)
    rows = Rows()
    path_keys, path_rows = [b""], [0]  # from the root to the parent of the row in hand
    last, last_row, room = b"", 0, MAX_KEY_BYTES
    for i in order:
        key = keys[i]
        if key == last:
            _merge(rows, last_row, i, marks, kinds)
            continue
        parent = key.rpartition(NUL)[0]
        if parent != path_keys[-1]:
            if parent == last or parent.startswith(last + NUL):
                _must_be_dir(rows, last_row, kinds)
                path_keys.append(last)
                path_rows.append(last_row)
            _descend(rows, parent, path_keys, path_rows)
        last, last_row = key, rows.add(key, -1, Flag.IMPLICIT, path_rows[-1])
        _merge(rows, last_row, i, marks, kinds)
        room -= len(key) + 1
        if room < 0:
            raise InvalidTar("layer", "its names are too long to index")
    for row in path_rows:
        rows.end[row] = len(rows.keys)
    return rows


def _descend(rows: Rows, parent: bytes, path_keys: list[bytes], path_rows: list[int]) -> None:
    """Walk from the directory in hand to ``parent``, making rows for parents without an entry."""
    while path_keys[-1] and parent != path_keys[-1] and not parent.startswith(path_keys[-1] + NUL):
        rows.end[path_rows.pop()] = len(rows.keys)
        path_keys.pop()
    while path_keys[-1] != parent:
        start = len(path_keys[-1]) + 1 if path_keys[-1] else 0
        stop = parent.find(NUL, start)
        key = parent if stop < 0 else parent[:stop]
        path_rows.append(rows.add(key, -1, Flag.IMPLICIT, path_rows[-1]))
        path_keys.append(key)


def _must_be_dir(rows: Rows, row: int, kinds: Sequence[int]) -> None:
    if row in rows.whiteout:
        # The whiteout of a directory that the layer also fills: it hides only the lower one.
        rows.whiteout.discard(row)
        rows.source[row] = -1
        rows.flags[row] |= Flag.IMPLICIT | Flag.REPLACES
    elif rows.source[row] >= 0 and kinds[rows.source[row]] != Kind.DIR:
        raise UnderFile(rows.keys[row].replace(NUL, b"/"))


def _merge(rows: Rows, row: int, i: int, marks: dict[int, Mark], kinds: Sequence[int]) -> None:
    """Add entry ``i`` to a row that may have been met before under the same key."""
    mark = marks.get(i) if marks else None
    if mark is Mark.OPAQUE:
        rows.flags[row] |= Flag.OPAQUE
    elif mark is Mark.WHITEOUT:
        if rows.source[row] < 0 and not rows.flags[row] & Flag.OPAQUE:
            rows.source[row] = i
            rows.whiteout.add(row)
            rows.flags[row] &= ~Flag.IMPLICIT
        else:
            rows.flags[row] |= Flag.REPLACES
    else:
        if row in rows.whiteout:
            rows.whiteout.discard(row)
            rows.flags[row] |= Flag.REPLACES
        rows.source[row] = i
        rows.flags[row] &= ~Flag.IMPLICIT
