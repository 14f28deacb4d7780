"""Entries below a symlink of a lower layer: they go where the symlink points (as umoci applies)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

import numpy as np

from layerscope.archive.entry import Kind
from layerscope.archive.paths import follow
from layerscope.index.alive import Alive
from layerscope.index.layer import LayerIndex
from layerscope.index.rows import NUL, Flag


def through_lower_symlinks(
    new: LayerIndex, below: Alive, layers: list[LayerIndex]
) -> dict[int, bytes | None]:
    """Rows of the new layer that belong under other keys; None: a directory that falls away.

    Raises InvalidTar for a cycle of symlinks.
    """
    implied = np.flatnonzero((new.np("flags") & Flag.IMPLICIT) & (new.np("kind") == Kind.DIR))
    symlinks = _LowerSymlinks(below, layers)
    moved: dict[int, bytes | None] = {}
    for row in implied.tolist():
        path = new.path(row)
        if row in moved or path not in symlinks or _hides_what_was_there(new, row):
            continue
        moved[row] = None
        for inner in range(row + 1, new.end[row]):
            folder, _, base = new.path(inner).rpartition(b"/")
            folder = follow(folder, symlinks.get)
            moved[inner] = (folder + b"/" + base if folder else base).replace(b"/", NUL)
    return moved


def placed_keys(
    new: LayerIndex, keys: list[bytes], moved: dict[int, bytes | None]
) -> tuple[dict[bytes, int], frozenset[bytes]]:
    """The row of the new layer at each key once some have ``moved``, and the keys that aren't what
    their row is called."""
    kind = new.kind
    placed = {keys[row]: row for row in range(len(keys)) if row not in moved}
    elsewhere: set[bytes] = set()
    for row, key in moved.items():
        there = placed.get(key) if key is not None else None
        in_the_way = there is not None and kind[there] == Kind.DIR and kind[row] != Kind.DIR
        # It wins over what the layer has there by its real name, unless things are in that.
        if key is not None and not in_the_way:
            placed[key] = row
            elsewhere.add(key)
    # A symlink may point to where nothing is: directories that are only implied, like the one that
    # stands for the symlink.
    implied = next(row for row, key in moved.items() if key is None)
    for key in [*elsewhere]:
        for above in _all_above(key):
            if above not in placed or kind[placed[above]] != Kind.DIR:
                placed[above] = implied
                elsewhere.add(above)
    return placed, frozenset(elsewhere)


def _all_above(key: bytes) -> Iterator[bytes]:
    """The keys of the directories around one, without the root."""
    while NUL in key:
        key = key.rpartition(NUL)[0]
        yield key


def _hides_what_was_there(new: LayerIndex, row: int) -> bool:
    """Whether the layer itself says that nothing of those below is at a row."""
    if new.flags[row] & Flag.REPLACES:
        return True
    while row:
        row = new.parent[row]
        if new.flags[row] & (Flag.OPAQUE | Flag.REPLACES):
            return True
    return False


class _LowerSymlinks(Mapping[bytes, bytes]):
    """Targets of the symlinks in the stack below, by path."""

    def __init__(self, below: Alive, layers: list[LayerIndex]) -> None:
        self._below, self._layers = below, layers

    def _place(self, path: bytes) -> tuple[LayerIndex, int] | None:
        keys, key = self._below.keys, path.replace(b"/", NUL)
        i = bisect_left(keys, key)
        if i == len(keys) or keys[i] != key:
            return None
        index, row = self._layers[int(self._below.layer[i])], int(self._below.row[i])
        return (index, row) if index.kind[row] == Kind.SYMLINK else None

    def __getitem__(self, path: bytes) -> bytes:
        place = self._place(path)
        if place is None:
            raise KeyError(path)
        return place[0].link(place[1])

    def __iter__(self) -> Iterator[bytes]:
        return (p for p in (k.replace(NUL, b"/") for k in self._below.keys) if p in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
