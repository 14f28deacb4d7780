"""Efficiency and waste as dive defines them, and beside it the bytes that could really be saved.

dive (v0.13, filetree.Efficiency): every path that is a leaf of a layer's tree has a *cumulative*
size, the sum of its sizes in all layers, and a *minimum* one. The score is the sum of the minima by
the sum of the cumulative sizes. Paths that come in two layers or more are the inefficient ones, and
their cumulative sizes are the wasted bytes. A whiteout of a directory counts as all that it hides,
one of a file as nothing; sizes are those of tar headers, so links count nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress

import numpy as np

from layerscope.archive.entry import Kind
from layerscope.index.change import Change
from layerscope.index.layer import LayerIndex
from layerscope.index.rows import NUL
from layerscope.index.stack import StackView
from layerscope.index.tree import before


@dataclass(frozen=True, slots=True)
class WastedPath:
    """A path that several layers give: how many, the bytes in all of them, and which they are."""

    path: bytes
    count: int
    bytes: int
    layers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Efficiency:
    """dive's figures for an image, the largest waste first; sizes in bytes.

    ``size`` sums up the layers, as Docker does; ``user_bytes`` are those of regular files in the
    layers above the first, as dive has them. ``hidden_bytes`` is what the layers hold and the image
    doesn't show: what could be saved, each inode once.
    """

    size: int
    user_bytes: int
    efficiency: float
    wasted_bytes: int
    hidden_bytes: int
    waste: tuple[WastedPath, ...]

    @property
    def wasted_user_percent(self) -> float:
        """dive's ``userWastedPercent``, a ratio: 0.1 is ten percent."""
        return self.wasted_bytes / self.user_bytes if self.user_bytes else 0.0


@dataclass(slots=True)
class _Path:
    minimum: int = -1
    cumulative: int = 0
    layers: list[int] = field(default_factory=list)

    def add(self, layer: int, size: int) -> None:
        self.minimum = size if self.minimum < 0 else min(size, self.minimum)
        self.cumulative += size
        self.layers.append(layer)


def efficiency(stacks: Sequence[StackView]) -> Efficiency:
    """The efficiency of the image whose stacks, one a layer, are ``stacks``."""
    if not stacks:
        return Efficiency(0, 0, 1.0, 0, 0, ())
    layers = stacks[-1].layers
    repeated = _repeated(layers)
    paths: dict[bytes, _Path] = {key: _Path() for key in repeated}
    once = 0
    for number, layer in enumerate(layers):
        hidden = _Hidden(stacks[number - 1] if number else None)
        once += _file_bytes(layer)
        for row, key in _leaves(layer):
            is_file = layer.kind[row] == Kind.FILE
            if key in repeated:
                paths[key].add(number, _size(layer, row, hidden))
                once -= layer.size[row] if is_file else 0
            elif not is_file:
                once += _size(layer, row, hidden)
    wasted = sum(path.cumulative for path in paths.values())
    least = sum(path.minimum for path in paths.values())
    return Efficiency(
        size=sum(layer.facts.size for layer in layers),
        user_bytes=sum(map(_file_bytes, layers[1:])),
        efficiency=(once + least) / (once + wasted) if once + wasted else 1.0,
        wasted_bytes=wasted,
        hidden_bytes=sum(hidden_bytes(stacks[-1])),
        waste=_worst_first(paths),
    )


def hidden_bytes(stack: StackView) -> list[int]:
    """For each layer of the stack, the bytes that it holds and the stack doesn't show."""
    own = np.diff(stack.np("bytes_before").astype(np.int64))
    shown = np.bincount(stack.np("layer"), weights=own, minlength=len(stack.layers))
    return [
        max(0, layer.facts.size - int(seen))
        for layer, seen in zip(stack.layers, shown.tolist(), strict=True)
    ]


def _leaves(layer: LayerIndex) -> list[tuple[int, bytes]]:
    is_leaf = layer.np("end") == np.arange(len(layer)) + 1
    is_leaf[0] = False
    rows = np.flatnonzero(is_leaf).tolist()
    return list(zip(rows, compress(layer.keys(), is_leaf.tolist()), strict=True))


def _repeated(layers: Sequence[LayerIndex]) -> set[bytes]:
    """The keys that are leaves of more than one layer."""
    seen: set[bytes] = set()
    repeated: set[bytes] = set()
    for layer in layers:
        own = {key for _, key in _leaves(layer)}
        repeated |= seen & own
        seen |= own
    return repeated


class _Hidden:
    """What a whiteout hides of the stack below its layer."""

    def __init__(self, below: StackView | None) -> None:
        self._below = below
        self._before: list[int] | None = None

    def size(self, path: bytes) -> int:
        """Bytes of the files in the directory ``path``; 0 if it was none."""
        below = self._below
        row = below.find(path) if below else None
        if below is None or row is None or below.kind(row) is not Kind.DIR:
            return 0
        if self._before is None:
            there = below.np("change") != Change.REMOVED
            counts = there & (below.gather("kind") == Kind.FILE)
            self._before = before(np.where(counts, below.gather("size"), 0)).tolist()
        return self._before[below.end[row]] - self._before[row]


def _size(layer: LayerIndex, row: int, hidden: _Hidden) -> int:
    if layer.kind[row] == Kind.FILE:
        return layer.size[row]
    return hidden.size(layer.path(row)) if layer.kind[row] == Kind.WHITEOUT else 0


def _file_bytes(layer: LayerIndex) -> int:
    return int(layer.np("size")[layer.np("kind") == Kind.FILE].sum())


def _worst_first(paths: dict[bytes, _Path]) -> tuple[WastedPath, ...]:
    found = [
        WastedPath(key.replace(NUL, b"/"), len(path.layers), path.cumulative, tuple(path.layers))
        for key, path in paths.items()
        if path.cumulative
    ]
    return tuple(sorted(found, key=lambda waste: (-waste.bytes, waste.path)))
