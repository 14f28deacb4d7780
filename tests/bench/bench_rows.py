"""What the explorer asks of an index of a million rows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from layerscope.index.layer import LayerIndex
from layerscope.index.stack import StackView
from layerscope.tui.models.expansion import Expansion
from layerscope.tui.models.name_match import LayerNames
from layerscope.tui.models.pattern import Pattern
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_columns import TreeColumns
from layerscope.tui.models.tree_view import Scope, TreeView
from tests.bench.inputs import Inputs
from tests.bench.table import Row, median_seconds

_PARENT = b"usr/lib/python3/dist-packages"
_SEARCHED = "module_77"
_CALLS = 20


def rows(inputs: Inputs, runs: int) -> Iterator[Row]:
    """Milliseconds of each question; the search against grep over the same paths."""
    folder = inputs.million
    layers = [LayerIndex.open(folder / name) for name in ("lower", "upper")]
    opened = median_seconds(lambda: LayerIndex.open(folder / "lower"), _CALLS)
    yield Row("1M rows: open", opened * 1e3, "ms", 5)

    stack = StackView.open(folder / "stack", layers)
    parent = stack.find(_PARENT) or 0
    children = median_seconds(lambda: list(stack.children(parent)), _CALLS)
    yield Row("1M rows: 1,000 children", children * 1e3, "ms", 1)

    def changes() -> None:
        view = StackView.open(folder / "stack", layers)
        TreeModel(TreeColumns(view), TreeView(Scope.CHANGED), Expansion())

    changed = median_seconds(changes, _CALLS)
    yield Row("1M rows: tree of a layer's 44k changes", changed * 1e3, "ms", 60)

    names, pattern = LayerNames(layers[0]), Pattern.parse(_SEARCHED)
    search = median_seconds(lambda: names.matching(pattern), max(runs, 5))
    words = ["grep", "-cF", _SEARCHED, str(folder / "paths")]
    grep = median_seconds(
        lambda: subprocess.run(words, check=True, capture_output=True), max(runs, 5)
    )
    peer = f"grep -cF {grep * 1e3:.1f} ms"
    yield Row("1M rows: search", search * 1e3, "ms", 1.2 * grep * 1e3, peer)
