"""Where Docker, containerd and Podman agree on something else than the OCI spec says.

The spec (image-spec, layer.md) lets a layer's whiteouts and opaque markers act on lower layers
only, wherever in the tar they stand, and umoci applies layers so, as we do. The three unpack each
layer into an empty directory that the kernel's overlayfs merges with the lower ones, making a
device 0:0 of each whiteout when they meet it. What they were measured to make of the odd layers in
tests/golden/apply is where these cases come from.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from layerscope.archive.entry import Kind
from layerscope.index.change import Change
from layerscope.index.layer import LayerIndex
from layerscope.index.rows import Flag
from layerscope.index.stack import StackView


class Case(enum.Enum):
    """A kind of difference, by its name for programs; what matters most comes first."""

    REFILL = "refill"
    WHITEOUT_ORDER = "whiteout-order"
    OPAQUE_ROOT = "opaque-root"
    LOWER_LINK = "lower-hard-link"
    BELOW_SYMLINK = "below-symlink"
    STRAY_WHITEOUT = "stray-whiteout"
    IMPLIED = "implied-directory"
    EARLY_TIME = "early-time"

    @property
    def order(self) -> int:
        """Its place among the kinds."""
        return list(_TOLD).index(self)

    @property
    def is_of_times(self) -> bool:
        """Whether only a time differs, not which files there are."""
        return self in (Case.IMPLIED, Case.EARLY_TIME)

    @property
    def told(self) -> str:
        """What the layer has there, and what Docker, containerd and Podman make of it."""
        what, they = _TOLD[self]
        return f"{what}; Docker, containerd and Podman {they}"


_TOLD = {
    Case.REFILL: ("a whiteout and the directory again", "bring its old files back"),
    Case.WHITEOUT_ORDER: ("a whiteout after what has its name", "refuse the layer"),
    Case.OPAQUE_ROOT: ("an opaque marker in the root", "ignore it"),
    Case.LOWER_LINK: ("a hard link to a file of a lower layer", "refuse the layer"),
    Case.BELOW_SYMLINK: ("entries below a lower symlink", "put a directory in its place"),
    Case.STRAY_WHITEOUT: ("a whiteout where there is nothing to hide", "list its name"),
    Case.IMPLIED: ("entries below it, but none of its own", "make it anew, with a new time"),
    Case.EARLY_TIME: ("a time before 1970", "make it 1970"),
}
_TIMELESS = (Kind.SYMLINK, Kind.HARDLINK, Kind.WHITEOUT)


class Note(NamedTuple):
    """A case, the number of the layer that has it, and the path that it is about."""

    layer: int
    path: bytes
    case: Case


def notes(stacks: Sequence[StackView]) -> list[Note]:
    """The cases in an image whose stacks, one a layer, are ``stacks``: by layer, then by path."""
    below: list[StackView | None] = [None, *stacks]
    found = (_Looked(one, stack).notes() for one, stack in zip(below, stacks, strict=False))
    return sorted(chain.from_iterable(found), key=lambda note: note[:2])


class _Looked:
    """The top layer of a stack. Only its odd rows are looked at one by one."""

    def __init__(self, below: StackView | None, stack: StackView) -> None:
        self._below, self._stack = below, stack
        self._layer: LayerIndex = stack.layers[stack.top]
        self._kind, self._flags = self._layer.np("kind"), self._layer.np("flags")

    def notes(self) -> Iterator[Note]:
        """What there is to note of it."""
        for case, rows in (
            (Case.REFILL, self._refilled()),
            (Case.WHITEOUT_ORDER, self._having(Flag.CLASHES)),
            (Case.OPAQUE_ROOT, self._opaque_root()),
            (Case.LOWER_LINK, self._layer.loose_links()),
            (Case.BELOW_SYMLINK, self._implied_over(Kind.SYMLINK)),
            (Case.STRAY_WHITEOUT, self._stray_whiteouts()),
            (Case.IMPLIED, self._implied_over(Kind.DIR)),
            (Case.EARLY_TIME, self._early()),
        ):
            for row in rows:
                yield Note(self._stack.top, self._layer.path(row), case)

    def _having(self, flag: Flag) -> list[int]:
        rows: list[int] = np.flatnonzero(self._flags & flag).tolist()
        return rows

    def _refilled(self) -> Iterator[int]:
        """Directories that hide lower files by a whiteout, and so by nothing once they are made."""
        for row in self._having(Flag.REPLACES):
            if not self._flags[row] & Flag.CLASHES and not self._is_opaque(row):
                place = self._stack.find(self._layer.path(row))
                if place is not None and self._brings_back(place):
                    yield row

    def _opaque_root(self) -> list[int]:
        return [0] if self._flags[0] & Flag.OPAQUE and self._brings_back(0) else []

    def _brings_back(self, place: int) -> bool:
        """Whether anything below a directory of the stack is hidden only by what the three don't
        heed: they do heed the whiteouts and opaque markers in it, and files over directories."""
        stack = self._stack
        change, parent = stack.np("change"), stack.np("parent")
        removed = place + 1 + np.flatnonzero(change[place + 1 : stack.end[place]] == Change.REMOVED)
        tops = removed[change[parent[removed]] != Change.REMOVED]
        return any(
            stack.kind(stack.parent[top]) is Kind.DIR
            and not self._is_opaque(stack.row[stack.parent[top]])
            and self._layer.find(stack.path(top)) is None
            for top in tops.tolist()
        )

    def _implied_over(self, kind: Kind) -> Iterator[int]:
        """Directories without an entry of their own, where a ``kind`` of a lower layer stays."""
        stack, rows = self._stack, np.flatnonzero(self._flags & Flag.IMPLICIT)
        if not stack.moved:
            own = stack.np("row")[stack.np("layer") == stack.top]
            rows = rows[~np.isin(rows, own)]
        for row in rows.tolist():
            place = stack.find(self._layer.path(row)) if row else None
            if place is not None and stack.layer[place] < stack.top and stack.kind(place) is kind:
                yield row

    def _stray_whiteouts(self) -> list[int]:
        """Whiteouts in directories that aren't merged with lower ones."""
        rows = np.flatnonzero(self._kind == Kind.WHITEOUT)
        folders = self._layer.np("parent")[rows]
        alone = [row for row in set(folders.tolist()) if row and not self._is_merged(row)]
        strays: list[int] = rows[np.isin(folders, alone)].tolist()
        return strays

    def _is_merged(self, row: int) -> bool:
        below = self._below
        place = None if below is None else below.find(self._layer.path(row))
        if below is None or place is None or self._is_opaque(row):
            return False
        return below.change[place] != Change.REMOVED and below.kind(place) is Kind.DIR

    def _is_opaque(self, row: int) -> bool:
        """Whether a directory is, or lies in one that is; the root's marker doesn't count."""
        while row:
            if self._flags[row] & Flag.OPAQUE:
                return True
            row = self._layer.parent[row]
        return False

    def _early(self) -> list[int]:
        early = (self._layer.np("mtime") < 0) & ~np.isin(self._kind, _TIMELESS)
        rows: list[int] = np.flatnonzero(early).tolist()
        return rows
