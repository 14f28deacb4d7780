"""The visible rows, whatever was folded and filtered, are what a walk over the tree gives."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.archive.entry import Kind
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.tui.models.expansion import Expansion, Fold
from layerscope.tui.models.tree import SCREENFUL, TreeModel
from layerscope.tui.models.tree_columns import TreeColumns
from layerscope.tui.models.tree_view import MARK_OF, Mark, Scope, Shape, Sort, TreeView
from tests.support.layers import file, stacks, tar

NAMES = st.sampled_from(["a", "b", "ab", "c"])
FOLDERS = st.lists(NAMES, min_size=0, max_size=4).map("/".join)
FILES = st.tuples(FOLDERS, st.sampled_from(["f", "g", ".wh.a", ".wh.f"]), st.integers(0, 3))
LAYERS = st.lists(st.lists(FILES, max_size=12), min_size=1, max_size=3)
VIEWS = st.builds(
    TreeView,
    scope=st.sampled_from(Scope),
    hidden=st.frozensets(st.sampled_from(Mark)),
    sort=st.sampled_from(Sort),
)
PATTERNS = st.sampled_from(["", "", "a", "b", "f"])
MOVES = st.lists(
    st.tuples(st.sampled_from(["open", "close", "all", "none", "depth", "next"]), st.integers(0)),
    max_size=6,
)


@dataclass
class Node:
    """A path of the naive tree."""

    row: int
    is_open: bool = False
    children: list[Node] = field(default_factory=list)


def make(layers: list[list[tuple[str, str, int]]], folder: Path) -> StackView:
    tars = [
        tar(
            [
                file(f"{where}/{name}".lstrip("/"), b"x" * size, mtime=size * 10)
                for where, name, size in dict.fromkeys(layer)
            ]
        )
        for layer in layers
    ]
    return stacks(tars, folder)[-1]


def naive(stack: StackView, view: TreeView, row: int, wanted: set[int]) -> Node:
    node = Node(row)
    inner = [naive(stack, view, child, wanted) for child in stack.children(row)]
    node.children = [n for n in inner if n.children or n.row in wanted]
    scoped = stack.own_size if view.scope is Scope.CHANGED else stack.subtree_size
    if view.sort is Sort.SIZE:
        node.children.sort(key=lambda n: -scoped(n.row) - stack.removed_size(n.row))
    elif view.sort is Sort.TIME:
        node.children.sort(key=lambda n: -stack.entry(n.row).mtime)
    return node


def shown(node: Node) -> list[int]:
    return [
        row
        for child in node.children
        for row in ([child.row, *shown(child)] if child.is_open else [child.row])
    ]


def every(node: Node) -> list[Node]:
    return [n for child in node.children for n in (child, *every(child))]


def wanted_rows(stack: StackView, view: TreeView, pattern: str) -> tuple[set[int], set[int]]:
    """(rows that the pattern means, rows to show for themselves)."""
    matching = {
        row for row in range(1, len(stack)) if not pattern or pattern in stack.name(row).decode()
    }
    inside = {r for m in matching for r in range(m, stack.end[m])}
    with_mark = {row for row in range(len(stack)) if view.shows(Change(stack.change[row]))}
    return matching & with_mark, inside & with_mark


def open_by_rule(stack: StackView, root: Node, targets: set[int], pattern: str) -> None:
    nodes = every(root)
    depths = [stack.depth(n.row) for n in nodes]
    limit = max([1, *(d for d in range(9) if sum(x <= d for x in depths) <= SCREENFUL)])
    for node in nodes:
        if pattern:
            node.is_open = any(n.row in targets for n in every(node))
        else:
            node.is_open = stack.depth(node.row) < limit


def act(model: TreeModel, root: Node, move: str, number: int) -> None:
    """One thing done to both trees."""
    index = number % len(model)
    nodes = {n.row: n for n in every(root)}
    node = nodes[model[index]]
    if move == "open":
        model.open(index)
        while node.children:
            node.is_open = True
            if len(node.children) > 1:
                break
            node = node.children[0]
    elif move == "close":
        model.close(index)
        node.is_open = False
    elif move == "depth":
        model.to_depth(number % 4)
        for n in nodes.values():
            n.is_open = model.stack.depth(n.row) < number % 4
    elif move in ("all", "none"):
        model.fold_all_below(index, Fold(move == "all"))
        for n in [node, *every(node)]:
            n.is_open = move == "all"
    elif (found := model.next_match(index, 1 - 2 * (number % 2))) is not None:
        row = model.stack.parent[model[found]]
        while row:
            nodes[row].is_open = True
            row = model.stack.parent[row]


@settings(max_examples=300, deadline=None)
@given(LAYERS, VIEWS, PATTERNS, MOVES)
def test_visible_rows_are_those_of_a_walk(
    layers: list[list[tuple[str, str, int]]],
    view: TreeView,
    pattern: str,
    moves: list[tuple[str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as tmp:
        stack = make(layers, Path(tmp))
        targets, wanted = wanted_rows(stack, view, pattern)
        matches = np.array([pattern in stack.name(r).decode() for r in range(len(stack))])
        matches[0] = False
        columns = TreeColumns(stack)
        model = TreeModel(columns, view, Expansion(), matches if pattern else None)
        root = naive(stack, view, 0, wanted)
        open_by_rule(stack, root, targets, pattern)
        assert list(model.rows(0, len(model))) == shown(root)
        assert model.total == len(every(root))
        for move, number in moves if len(model) else []:
            act(model, root, move, number)
            assert list(model.rows(0, len(model))) == shown(root)
            opened = {n.row for n in every(root) if n.is_open and n.children}
            assert {model[i] for i in range(len(model)) if model.is_open(i)} == {
                row for row in shown(root) if row in opened
            }


@settings(max_examples=100, deadline=None)
@given(LAYERS, VIEWS)
def test_the_biggest_files_are_sorted_by_what_they_cost(
    layers: list[list[tuple[str, str, int]]], view: TreeView
) -> None:
    with tempfile.TemporaryDirectory() as tmp:
        stack = make(layers, Path(tmp))
        _, wanted = wanted_rows(stack, view, "")
        flat = TreeView(view.scope, view.hidden, shape=Shape.BIGGEST)
        model = TreeModel(TreeColumns(stack), flat, Expansion())
        own = stack.own_size if view.scope is Scope.CHANGED else stack.subtree_size
        cost = {
            row: own(row) + stack.removed_size(row)
            for row in wanted
            if stack.kind(row) is not Kind.DIR
        }
        expected = sorted((r for r in cost if cost[r]), key=lambda r: (-cost[r], r))
        assert list(model.rows(0, len(model))) == expected


@pytest.mark.parametrize("change", Change)
def test_every_change_belongs_to_a_mark(change: Change) -> None:
    assert TreeView(hidden=frozenset({MARK_OF[change]})).shows(change) is False
