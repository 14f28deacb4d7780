from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from layerscope.tui.models.expansion import EVERYTHING, Expansion
from layerscope.tui.models.file_lines import FileLines, file_headings, time_text
from layerscope.tui.models.tree import TreeModel
from layerscope.tui.models.tree_columns import TreeColumns
from layerscope.tui.models.tree_view import Scope, TreeView
from tests.support.layers import file, folder, hardlink, stacks, symlink, tar

LOWER = [folder("d"), file("d/gone", b"x" * 2000), file("d/kept", b"1")]
UPPER = [
    file("d/.wh.gone"),
    file("d/e\x1b[31m\n\u202e.txt", b"12345"),
    file("d/\u4e2d\u6587", b"1"),
    hardlink("h", "d/\u4e2d\u6587"),
    symlink("l", "d/kept"),
]


def lines(tmp_path: Path, width: int) -> list[str]:
    stack = stacks([tar(LOWER), tar(UPPER)], tmp_path)[1]
    expansion = Expansion()
    expansion.to_depth(EVERYTHING)
    shown = FileLines(TreeModel(TreeColumns(stack), TreeView(Scope.ALL), expansion))
    return ["".join(text for text, _ in shown.spans(n, width)) for n in range(len(shown))]


def test_lines_wide(tmp_path: Path) -> None:
    assert [line.rstrip() for line in lines(tmp_path, 90)] == [
        " · drwxr-xr-x         0:0       7B   0 2001-09-09 01:46 ▾ d/",
        " A -rw-r--r--         0:0       5B   1 2001-09-09 01:46     e\\x1b[31m\\n\\u202e.txt",
        " D -rw-r--r--         0:0     -2kB   0 2001-09-09 01:46     gone",
        "   -rw-r--r--         0:0       1B   0 2001-09-09 01:46     kept",
        " A -rw-r--r--         0:0       1B   1 2001-09-09 01:46     \u4e2d\u6587",
        " A hrw-r--r--         0:0       0B   1 2001-09-09 01:46   h = /d/\u4e2d\u6587",
        " A lrwxrwxrwx         0:0       6B   1 2001-09-09 01:46   l → d/kept",
    ]


def test_columns_give_way(tmp_path: Path) -> None:
    assert lines(tmp_path, 40)[0].rstrip() == " ·       7B ▾ d/"
    assert lines(tmp_path, 52)[0].rstrip() == " · drwxr-xr-x       7B ▾ d/"
    assert lines(tmp_path, 67)[3].rstrip() == "   -rw-r--r--         0:0       1B   0     kept"


@pytest.mark.parametrize("width", range(20, 130, 7))
def test_headings_stand_above_their_columns(tmp_path: Path, width: int) -> None:
    first, heading = lines(tmp_path, width)[0], file_headings(width)
    assert first.index("d/") == heading.index("NAME")
    assert first.index("7B") + 2 == heading.index("SIZE") + 4
    assert cell_len(first) == width


def test_times_out_of_range() -> None:
    assert time_text(2**62).strip() == "out of range"
    assert len(time_text(-(2**62))) == len(time_text(0)) == 16
