from __future__ import annotations

from pathlib import Path

from layerscope.index.stack import StackView
from layerscope.tui.models.expansion import EVERYTHING, Expansion
from layerscope.tui.models.file_row import FileRow, Folding, file_row
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_columns import TreeColumns
from layerscope.tui.models.tree_view import Scope, Shape, Sort, TreeView
from tests.support.layers import TIME, file, folder, hardlink, stacks, symlink, tar

LOWER = [
    folder("d"),
    file("d/same", b"12"),
    file("d/gone", b"123"),
    file("d/big", b"1234"),
    file("d/deep/f", b"1"),
    symlink("l", "d/same"),
]
UPPER = [
    file("d/same", b"12"),
    file("d/.wh.gone"),
    file("d/big", b"4321"),
    file("d/new", b"12345", mode=0o4755),
    hardlink("d/twin", "d/new"),
    symlink("l", "d"),
    file("d/deep/f", b"1", mtime=TIME + 1),
]


def rows(stack: StackView, view: TreeView) -> dict[str, FileRow]:
    expansion = Expansion()
    expansion.to_depth(EVERYTHING)
    model = TreeModel(TreeColumns(stack), view, expansion)
    lines = [file_row(model, index) for index in range(len(model))]
    return {line.shown.decode(): line for line in lines}


def test_marks_sizes_and_origins(tmp_path: Path) -> None:
    stack = stacks([tar(LOWER), tar(UPPER)], tmp_path)[1]
    changed = rows(stack, TreeView())
    assert {name: row.letter for name, row in changed.items()} == {
        "d": "·", "big": "M", "deep": "·", "f": "m", "gone": "D", "new": "A", "same": "=",
        "twin": "A", "l": "M",
    }  # fmt: skip
    assert changed["d"].size == 2 + 4 + 5 + 1
    assert changed["gone"].size == 3
    assert [name for name, row in changed.items() if row.is_loss] == ["gone"]
    assert (changed["new"].layer, changed["deep"].layer, changed["gone"].layer) == (1, 0, 0)
    assert (changed["d"].folding, changed["new"].folding) == (Folding.OPEN, Folding.NONE)
    assert [changed[name].indent for name in ("d", "deep", "f")] == [0, 1, 2]
    assert changed["l"].entry.link == b"d"


def test_modes_as_ls_has_them(tmp_path: Path) -> None:
    stack = stacks([tar(LOWER), tar(UPPER)], tmp_path)[1]
    every = rows(stack, TreeView(Scope.ALL))
    assert every["d"].mode_text == "drwxr-xr-x"
    assert every["new"].mode_text == "-rwsr-xr-x"
    assert every["twin"].mode_text == "hrwsr-xr-x"
    assert every["l"].mode_text == "lrwxrwxrwx"


def test_the_flat_list_shows_paths(tmp_path: Path) -> None:
    stack = stacks([tar(LOWER), tar(UPPER)], tmp_path)[1]
    flat = rows(stack, TreeView(Scope.ALL, shape=Shape.BIGGEST))
    assert next(iter(flat)) == "d/new"
    assert {row.indent for row in flat.values()} == {0}
    assert "d/twin" not in flat


def test_by_size_is_by_the_size_that_is_shown(tmp_path: Path) -> None:
    lower = [folder("a"), file("a/old", b"x" * 900), folder("b"), folder("c"), file("c/x", b"12")]
    upper = [file("a/.wh.old"), file("a/new", b"1"), file("b/new", b"12345"), file("c/.wh.x")]
    stack = stacks([tar(lower), tar(upper)], tmp_path)[1]
    found = rows(stack, TreeView(sort=Sort.SIZE))
    assert [
        (name, row.size) for name, row in found.items() if "/" not in row.entry.path.decode()
    ] == [("b", 5), ("c", 2), ("a", 1)]
    everything = rows(stack, TreeView(Scope.ALL, sort=Sort.SIZE))
    assert [name for name, row in everything.items() if not row.indent] == ["b", "c", "a"]
