from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.tui.models.name_match import NameSearch
from layerscope.tui.models.pattern import Pattern
from tests.support.layers import file, folder, stacks, symlink, tar

PATHS = ["usr/lib/libA.so", "usr/lib64/liba.so.1", "usr/Lib", "lib/x/lib/a.so", "etc/passwd"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("liba", [0, 1]),
        ("libA", [0]),
        ("lib", [0, 1, 2]),
        ("usr/lib", [2]),
        ("/usr/lib", [2]),
        ("r/l", [2]),
        ("/etc/", [4]),
        ("*.so", [0, 3]),
        ("lib*", [0, 1, 2]),
        ("lib/*.so", [0, 3]),
        ("/lib/*.so", []),
        ("/usr/*/*.so", [0]),
        ("/usr/*", [2]),
        ("*", [0, 1, 2, 3, 4]),
        ("nothing", []),
        ("sr/lib/x", []),
    ],
)
def test_a_pattern_means_names_or_with_a_slash_paths(
    typed: str, found: list[int], tmp_path: Path
) -> None:
    pattern = Pattern.parse(typed)
    assert [n for n, path in enumerate(PATHS) if pattern.matches(path.encode())] == found
    (stack,) = stacks([tar([file(path) for path in PATHS])], tmp_path)
    mask = NameSearch().matching(stack, pattern)
    rows = [stack.find(path.encode()) for path in PATHS]
    assert [n for n, row in enumerate(rows) if row is not None and mask[row]] == found


PART = st.text("aAb*", max_size=3)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.text("aAbB.", min_size=1, max_size=3), min_size=1, max_size=4)),
    st.lists(PART, min_size=1, max_size=3).map("/".join),
)
def test_the_search_of_all_names_is_that_of_each(names: list[list[str]], typed: str) -> None:
    files = [file("/".join(name) + "/f") for name in names if not {".", ".."} & set(name)]
    layers = [files[::2], [folder("d"), symlink("l", "d"), *files[1::2]], [file("l/moved")]]
    pattern = Pattern.parse(typed)
    with tempfile.TemporaryDirectory() as tmp:
        search = NameSearch()
        for stack in stacks([tar(layer) for layer in layers], Path(tmp)):
            mask = search.matching(stack, pattern)
            rows = range(1, len(stack))
            expected = [pattern.matches(stack.path(row)) for row in rows]
            assert mask[1:].tolist() == expected
