"""Two images side by side."""

from __future__ import annotations

from dataclasses import dataclass

from layerscope.analysis.compare import (
    ConfigDifference,
    FileDifference,
    compare_configs,
    compare_files,
)
from layerscope.index.facts import LayerFacts
from layerscope.index.stack import StackView
from layerscope.usecases.opened import OpenImage


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
    """From ``a`` after a layer to ``b`` after one, each the last for None. Raises NoSuchLayer."""
    left, right = a.need_stack(layer_a), b.need_stack(layer_b)
    facts_a, facts_b = _facts(left), _facts(right)
    in_a, in_b = {f.diff_id for f in facts_a}, {f.diff_id for f in facts_b}
    return Comparison(
        shared_layers=tuple(f for f in facts_a if f.diff_id in in_b),
        layers_only_a=tuple(f for f in facts_a if f.diff_id not in in_b),
        layers_only_b=tuple(f for f in facts_b if f.diff_id not in in_a),
        files=tuple(compare_files(left, right)),
        config=tuple(compare_configs(a.image.config, b.image.config)),
    )


def _facts(stack: StackView) -> list[LayerFacts]:
    return [layer.facts for layer in stack.layers]
