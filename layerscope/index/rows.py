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
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, islice
from operator import eq
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.archive.entry import Kind
from layerscope.archive.scan import ScannedEntries
from layerscope.archive.tar_format import InvalidTar, told
from layerscope.index.linked import through_symlinks
from layerscope.index.names import Mark, clean_names
from layerscope.index.tree import distinct, shape

NUL = b"\0"
MAX_KEY_BYTES = (1 << 32) - 1

Column = npt.NDArray[Any]


class Flag(enum.IntFlag):
    """What else there is to know of a row. The numbers are the index's on-disk format."""

    NONE = 0
    IMPLICIT = 1  # a parent without an entry of its own
    OPAQUE = 2  # hides what lower layers have below it
    REPLACES = 4  # the layer has a whiteout of this name, too
    EXTRA = 8  # has xattrs, a device number or sparse extents
    CLASHES = 16  # whose whiteout comes in the tar where Docker can't make it


class UnderFile(Exception):
    """An entry stands below one that is no directory, whose path is the argument."""


@dataclass(slots=True)
class Rows:
    """The tree: for each row its key, the entry it came from (-1: none), kind, flags, parent, end.

    ``end`` is the row after the subtree; a row of kind WHITEOUT only hides.
    """

    keys: list[bytes]
    source: Column
    kind: Column
    flags: Column
    parent: Column
    end: Column


def arrange(entries: ScannedEntries) -> Rows:
    """Put the entries into tree order. Raises InvalidTar for names that no layer may have."""
    names, marks, kept = clean_names(entries.names)
    try:
        return _tree(entries, names, marks, kept)
    except UnderFile:
        kept = through_symlinks(names, entries, marks, kept)
    try:
        return _tree(entries, names, marks, kept)
    except UnderFile as error:
        why = f"{told(error.args[0])} is a file and has entries below it"
        raise InvalidTar("layer", why) from None


def _tree(
    entries: ScannedEntries, names: list[bytes], marks: dict[int, Mark], kept: list[int]
) -> Rows:
    keys = [names[i].replace(b"/", NUL) for i in kept]
    # The sort is stable: entries of one path stay in the order of the tar.
    order = sorted(range(len(keys)), key=keys.__getitem__)
    implied = _missing_parents([keys[i] for i in order])
    keys += implied
    if sum(map(len, keys)) + len(keys) > MAX_KEY_BYTES:
        raise InvalidTar("layer", "its names are too long to index")
    order += range(len(order), len(keys))
    order.sort(key=keys.__getitem__)
    in_order = [keys[i] for i in order]
    again = np.fromiter(map(eq, islice(in_order, 1, None), in_order), bool, len(keys) - 1)
    is_last = np.concatenate((~again, [True]))
    number = np.concatenate((np.array(kept, np.int64), np.full(len(implied), -1)))
    every = number[np.array(order)]
    rows = _rows(entries, list(compress(in_order, is_last.tolist())), every[is_last])
    row_of = np.cumsum(is_last) - is_last
    if marks:
        _apply_marks(rows, entries, marks, every, row_of)
    _check_parents(rows)
    _find_clashes(rows, marks, every, row_of)
    return rows


def _missing_parents(in_order: list[bytes]) -> list[bytes]:
    """Keys of the directories that have no entry of their own; the root among them."""
    missing: set[bytes] = set()
    level = {key.rpartition(NUL)[0] for key in in_order} | {b""}
    while level:
        missing |= (absent := {key for key in level if not _is_in(key, in_order)} - missing)
        level = {key.rpartition(NUL)[0] for key in absent} - missing
    return list(missing)


def _is_in(key: bytes, in_order: list[bytes]) -> bool:
    at = bisect_left(in_order, key)
    return at < len(in_order) and in_order[at] == key


def _rows(entries: ScannedEntries, keys: list[bytes], source: Column) -> Rows:
    kinds = np.frombuffer(entries.kind, np.uint8) if len(entries) else np.zeros(1, np.uint8)
    kind = np.where(source < 0, np.uint8(Kind.DIR), kinds[np.maximum(source, 0)])
    flags = np.where(source < 0, np.uint8(Flag.IMPLICIT), np.uint8(0))
    depth = np.fromiter((key.count(NUL) for key in keys), np.int64, len(keys)) + 1
    depth[0] = 0
    parent, end = shape(depth)
    return Rows(keys, source, kind, flags, parent, end)


def _apply_marks(
    rows: Rows, entries: ScannedEntries, marks: dict[int, Mark], every: Column, row_of: Column
) -> None:
    """Whiteouts and opaque markers act on their row, wherever in the layer they stand."""
    met: dict[int, list[int]] = defaultdict(list)
    marked = distinct(row_of[np.isin(every, list(marks))])
    for at in np.flatnonzero(np.isin(row_of, marked)).tolist():
        met[int(row_of[at])].append(int(every[at]))
    for row, numbers in met.items():
        real = [i for i in numbers if i >= 0 and i not in marks]
        found = {marks[i] for i in numbers if i in marks}
        rows.source[row] = real[-1] if real else -1
        rows.kind[row] = entries.kind[real[-1]] if real else Kind.DIR
        rows.flags[row] = Flag.NONE if real else Flag.IMPLICIT
        if Mark.OPAQUE in found:
            rows.flags[row] |= Flag.OPAQUE
        if Mark.WHITEOUT in found and (real or Mark.OPAQUE in found):
            rows.flags[row] |= Flag.REPLACES
        elif Mark.WHITEOUT in found:
            rows.kind[row] = Kind.WHITEOUT
            rows.flags[row] = Flag.NONE


def _check_parents(rows: Rows) -> None:
    """Only directories have children; a whiteout with children is one that hides the lower."""
    above = rows.parent[1:]
    hiding: Sequence[int] = distinct(above[rows.kind[above] == Kind.WHITEOUT]).tolist()
    rows.kind[hiding] = Kind.DIR
    rows.flags[hiding] = Flag.IMPLICIT | Flag.REPLACES
    wrong = above[rows.kind[above] != Kind.DIR]
    if len(wrong):
        raise UnderFile(rows.keys[wrong[0]].replace(NUL, b"/"))


def _find_clashes(rows: Rows, marks: dict[int, Mark], every: Column, row_of: Column) -> None:
    """Whiteouts beside what the layer has of their name: who makes a device of each, in the order
    of the tar, can only do it before the name's own entry, and put nothing into it before that."""
    replacing = np.flatnonzero(rows.flags & Flag.REPLACES).tolist()
    order = np.where(every < 0, np.iinfo(np.int64).max, every) if replacing else every
    for row in replacing:
        at, below, after = np.searchsorted(row_of, (row, row + 1, rows.end[row])).tolist()
        own = [i for i in every[at:below].tolist() if i >= 0]
        hiding = max(i for i in own if marks.get(i) is Mark.WHITEOUT)
        made = min((i for i in own if marks.get(i) is not Mark.WHITEOUT), default=None)
        if made is None or order[below:after].min(initial=made) < made or hiding > made:
            rows.flags[row] |= Flag.CLASHES
