from __future__ import annotations

from pathlib import Path

from layerscope.index.change import Change
from layerscope.tui.models.expansion import Expansion
from layerscope.tui.models.lone_layer import LoneLayer
from layerscope.tui.models.name_match import NameSearch
from layerscope.tui.models.pattern import Pattern
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_columns import TreeColumns
from layerscope.tui.models.tree_view import Scope, Shape, Sort, TreeView
from tests.support.layers import file, index, tar


def lone(tmp_path: Path) -> LoneLayer:
    files = [file("a/f", b"123"), file("b", b"12345"), file("a/.wh.gone")]
    return LoneLayer(3, index(tar(files), tmp_path))


def test_a_layer_alone_is_a_tree_of_what_it_gives_and_hides(tmp_path: Path) -> None:
    layer = lone(tmp_path)
    model = TreeModel(TreeColumns(layer), TreeView(), Expansion())
    rows = list(model.rows(0, len(model)))
    assert [layer.path(row) for row in rows] == [b"a", b"a/f", b"a/gone", b"b"]
    assert [Change(layer.change[row]).letter for row in rows] == ["", "A", "D", "A"]
    assert [layer.layer[row] for row in rows] == [3, 3, 3, 3]
    assert layer.changes(0) == 3


def test_it_is_sorted_and_searched_as_any_tree(tmp_path: Path) -> None:
    layer = lone(tmp_path)
    columns = TreeColumns(layer)
    sizes = TreeModel(columns, TreeView(Scope.ALL, sort=Sort.SIZE), Expansion())
    assert [layer.name(row) for row in sizes.rows(0, 2)] == [b"b", b"a"]
    flat = TreeModel(columns, TreeView(shape=Shape.BIGGEST), Expansion())
    assert [layer.path(row) for row in flat.rows(0, 9)] == [b"b", b"a/f"]
    matches = NameSearch().matching(layer, Pattern.parse("f"))
    found = TreeModel(columns, TreeView(), Expansion(), matches)
    assert [layer.path(row) for row in found.rows(0, 9)] == [b"a", b"a/f"]
