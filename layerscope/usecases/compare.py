"""Two images side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layerscope.analysis.compare import (
    ConfigDifference,
    FileDifference,
    compare_configs,
    compare_files,
)
from layerscope.errors import LayerscopeError
from layerscope.index.change import Change
from layerscope.index.facts import LayerFacts
from layerscope.index.stack import StackView
from layerscope.usecases.opened import OpenImage


class NotComparable(LayerscopeError):
    """What is known of two images is of different kinds."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Layers in both and in one only (by diffID, bottom up), files and config keys that differ."""

    shared_layers: tuple[LayerFacts, ...]
    layers_only_a: tuple[LayerFacts, ...]
    layers_only_b: tuple[LayerFacts, ...]
    files: tuple[FileDifference, ...]
    config: tuple[ConfigDifference, ...]

    @property
    def shared_bytes(self) -> int:
        """Bytes of the shared layers' files."""
        return sum(layer.size for layer in self.shared_layers)


def compare(a: OpenImage, b: OpenImage) -> Comparison:
    """From ``a`` to ``b``. Both must have been read."""
    return compare_layers(a, None, b, None)


def compare_layers(
    a: OpenImage, layer_a: int | None, b: OpenImage, layer_b: int | None
) -> Comparison:
    """From ``a`` after a layer to ``b`` after one, each the last for None. Raises NoSuchLayer,
    NotComparable."""
    for one, other in ((a, b), (b, a)):
        if other.verified and not one.verified:
            why = "its tables of contents have hashes that compare with no others"
            raise NotComparable(one.image.origin, why, "layerscope compare, which fetches it")
    left, right = _stack(a, layer_a), _stack(b, layer_b)
    facts_a, facts_b = _facts(left), _facts(right)
    in_a, in_b = {f.diff_id for f in facts_a}, {f.diff_id for f in facts_b}
    return Comparison(
        shared_layers=tuple(f for f in facts_a if f.diff_id in in_b),
        layers_only_a=tuple(f for f in facts_a if f.diff_id not in in_b),
        layers_only_b=tuple(f for f in facts_b if f.diff_id not in in_a),
        files=tuple(_files(left, right)),
        config=tuple(compare_configs(a.image.config, b.image.config)),
    )


def _stack(image: OpenImage, layer: int | None) -> StackView | None:
    """The files of an image; None for one without layers."""
    return image.need_stack(layer) if image.layer_count or layer is not None else None


def _facts(stack: StackView | None) -> list[LayerFacts]:
    return [layer.facts for layer in stack.layers] if stack is not None else []


def _files(left: StackView | None, right: StackView | None) -> Iterator[FileDifference]:
    if left is not None and right is not None:
        yield from compare_files(left, right)
    elif left is not None:
        for path, size in _all(left):
            yield FileDifference(path, Change.REMOVED, size, None)
    elif right is not None:
        for path, size in _all(right):
            yield FileDifference(path, Change.ADDED, None, size)


def _all(stack: StackView) -> Iterator[tuple[bytes, int]]:
    for row in range(1, len(stack)):
        if stack.change[row] != Change.REMOVED:
            yield stack.path(row), stack.counted(row)
