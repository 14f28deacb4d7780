from __future__ import annotations

import pytest
from rich.cells import cell_len

from layerscope.analysis.compare import ConfigDifference, FileDifference
from layerscope.index.change import Change
from layerscope.tui.models.compare_lines import CompareLines, compare_headings, summary
from layerscope.tui.models.tree_view import Sort
from layerscope.usecases.compare import Comparison

FOUND = Comparison(
    shared_layers=(),
    layers_only_a=(),
    layers_only_b=(),
    files=(
        FileDifference(b"a/gone", Change.REMOVED, 5000, None),
        FileDifference(b"a/new\x1b", Change.ADDED, None, 70),
        FileDifference(b"b", Change.MODIFIED, 10, 2010),
        FileDifference(b"c", Change.METADATA, 3, 3),
    ),
    config=(ConfigDifference("Cmd", ["sh"], None),),
)


def texts(sort: Sort = Sort.NAME, typed: str = "", width: int = 70) -> list[str]:
    lines = CompareLines(FOUND, sort, typed)
    return ["".join(text for text, _ in lines.spans(n, width)).rstrip() for n in range(len(lines))]


def test_config_keys_come_before_files() -> None:
    assert texts() == [
        ' C Cmd            ["sh"] → (none)',
        " D      5kB        -      -5kB  /a/gone",
        " A        -      70B      +70B  /a/new\\x1b",
        " M      10B   2.01kB      +2kB  /b",
        " m       3B       3B        0B  /c",
    ]


def test_what_changed_most_comes_first() -> None:
    assert [line[-2:].strip() for line in texts(Sort.SIZE)[1:]] == ["ne", "/b", "1b", "/c"]


def test_a_pattern_keeps_files_alone() -> None:
    assert [line.split()[-1] for line in texts(typed="a/*")] == ["/a/gone", "/a/new\\x1b"]
    assert texts(typed="nothing") == []


@pytest.mark.parametrize("width", [40, 59, 60, 100])
def test_headings_stand_above_their_columns(width: int) -> None:
    line, heading = texts(width=width)[1], compare_headings(width)
    assert cell_len(heading) == width
    assert line.index("/a/gone") == heading.index("PATH")


def test_the_sum_of_it() -> None:
    assert summary(FOUND) == [
        "0 layers shared (0B), 0 only in A (0B), 0 only in B (0B)",
        "4 paths differ (-2.93kB): 1 only in B, 1 only in A, 1 other content, 1 metadata only",
    ]
