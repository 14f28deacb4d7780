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
    left, right = _facts(a), _facts(b)
    in_a, in_b = {f.diff_id for f in left}, {f.diff_id for f in right}
    return Comparison(
        shared_layers=tuple(f for f in left if f.diff_id in in_b),
        layers_only_a=tuple(f for f in left if f.diff_id not in in_b),
        layers_only_b=tuple(f for f in right if f.diff_id not in in_a),
        files=tuple(compare_files(a.need_stack(None), b.need_stack(None))),
        config=tuple(compare_configs(a.image.config, b.image.config)),
    )


def _facts(image: OpenImage) -> list[LayerFacts]:
    return [layer.facts for layer in image.need_stack(None).layers]
