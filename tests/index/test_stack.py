from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from layerscope.archive.entry import Kind
from layerscope.archive.tar_format import InvalidTar
from layerscope.errors import LayerscopeError
from layerscope.index.change import Change
from layerscope.index.merge import StackBuilder
from layerscope.index.stack import StackView
from tests.support.layers import TIME, file, folder, hardlink, index, stacks, symlink, tar
from tests.support.odd_layers import odd_layers

BASE = [
    folder("a"),
    file("a/f", b"1" * 10),
    file("a/g", b"22"),
    file("r", b"root"),
    symlink("l", "a"),
]


def marks(stack: StackView) -> dict[bytes, Change]:
    """The mark of each path that has one."""
    changes = {stack.path(r): Change(stack.change[r]) for r in range(len(stack))}
    return {path: change for path, change in changes.items() if change}


def alive(stack: StackView) -> list[bytes]:
    return [stack.path(r) for r in range(1, len(stack)) if stack.change[r] != Change.REMOVED]


def test_the_first_layer_adds_everything(tmp_path: Path) -> None:
    (stack,) = stacks([tar(BASE)], tmp_path)
    assert set(marks(stack).values()) == {Change.ADDED}
    assert alive(stack) == [b"a", b"a/f", b"a/g", b"l", b"r"]
    assert stack.tally.added == 4
    assert stack.tally.added_bytes == stack.subtree_size(0) == 17


def test_marks_tell_content_from_metadata(tmp_path: Path) -> None:
    second = [
        file("a/f", b"2" * 10),
        file("a/g", b"22", mode=0o600),
        file("r", b"root"),
        file("new", b"n"),
        symlink("l", "r"),
    ]
    stack = stacks([tar(BASE), tar(second)], tmp_path)[1]
    assert marks(stack) == {
        b"a/f": Change.MODIFIED,
        b"a/g": Change.METADATA,
        b"l": Change.MODIFIED,
        b"new": Change.ADDED,
        b"r": Change.REPEATED,
    }
    assert (stack.tally.modified_bytes, stack.tally.metadata_bytes) == (11, 2)
    assert stack.own_size(0) == 18
    assert stack.changes(0) == 5


def test_a_touch_is_metadata_and_a_directorys_mtime_is_nothing(tmp_path: Path) -> None:
    info, data = folder("a")
    info.mtime += 5
    second = [(info, data), file("a/f", b"1" * 10, mtime=TIME + 1)]
    stack = stacks([tar(BASE), tar(second)], tmp_path)[1]
    assert marks(stack) == {b"a/f": Change.METADATA}


def test_whiteouts_remove_with_all_below(tmp_path: Path) -> None:
    stack = stacks([tar(BASE), tar([file(".wh.a"), file(".wh.nothing")])], tmp_path)[1]
    assert marks(stack) == dict.fromkeys((b"a", b"a/f", b"a/g"), Change.REMOVED)
    assert alive(stack) == [b"l", b"r"]
    assert stack.removed_size(0) == stack.tally.removed_bytes == 12
    assert stack.subtree_size(0) == 5
    assert [stack.name(r) for r in stack.children(0)] == [b"a", b"l", b"r"]


@pytest.mark.parametrize("order", [1, -1])
def test_opaque_hides_lower_children_wherever_it_stands(tmp_path: Path, order: int) -> None:
    second = [file("a/.wh..wh..opq"), file("a/n", b"n"), file("a/g", b"33")][::order]
    stack = stacks([tar(BASE), tar(second)], tmp_path)[1]
    assert alive(stack) == [b"a", b"a/g", b"a/n", b"l", b"r"]
    assert marks(stack) == {
        b"a/f": Change.REMOVED,
        b"a/g": Change.MODIFIED,
        b"a/n": Change.ADDED,
    }


def test_a_whiteout_and_a_refill_hide_what_was_there(tmp_path: Path) -> None:
    stack = stacks([tar(BASE), tar([file(".wh.a"), file("a/n")])], tmp_path)[1]
    assert alive(stack) == [b"a", b"a/n", b"l", b"r"]


def test_a_file_over_a_directory_and_back(tmp_path: Path) -> None:
    layers = [tar(BASE), tar([file("a", b"file")]), tar([folder("a"), file("a/x")])]
    _, second, third = stacks(layers, tmp_path)
    assert alive(second) == [b"a", b"l", b"r"]
    assert marks(second)[b"a"] == Change.MODIFIED
    assert marks(second)[b"a/f"] == Change.REMOVED
    assert alive(third) == [b"a", b"a/x", b"l", b"r"]


def test_missing_parents_keep_the_lower_directory(tmp_path: Path) -> None:
    base = [folder("a", mode=0o700), file("a/f")]
    stack = stacks([tar(base), tar([file("a/n")])], tmp_path)[1]
    row = stack.find(b"a")
    assert row is not None
    assert stack.entry(row).mode == 0o700
    assert stack.layer[row] == 0


def test_entries_below_a_lower_symlink_go_where_it_points(tmp_path: Path) -> None:
    _, second, third = stacks([tar(BASE), tar([file("l/n", b"new")]), tar([file("z")])], tmp_path)
    for stack in (second, third):
        assert alive(stack)[:5] == [b"a", b"a/f", b"a/g", b"a/n", b"l"]
        row = stack.find(b"a/n")
        assert row is not None
        assert stack.entry(row).path == b"a/n"
        assert stack.size(row) == 3


def test_a_lower_symlink_may_point_to_where_nothing_is(tmp_path: Path) -> None:
    base = [folder("var"), symlink("var/lock", "/run/lock")]
    layers = [
        tar(base),
        tar([file("var/lock/x", b"new"), file("var/lock/sub/y")]),
        tar([file("z")]),
    ]
    _, second, third = stacks(layers, tmp_path)
    there = [b"run", b"run/lock", b"run/lock/sub", b"run/lock/sub/y", b"run/lock/x"]
    for stack in (second, third):
        assert alive(stack)[:7] == [*there, b"var", b"var/lock"]
        row = stack.find(b"run/lock/x")
        assert row is not None
        assert stack.path(stack.parent[row]) == b"run/lock"
        assert stack.entry(row).path == b"run/lock/x"
        assert stack.subtree_size(stack.find(b"run") or 0) == 3


@pytest.mark.parametrize("marker", [".wh..wh..opq", ".wh.l"])
def test_a_lower_symlink_that_the_layer_hides_leads_nowhere(marker: str, tmp_path: Path) -> None:
    stack = stacks([tar(BASE), tar([file(marker), file("l/n")])], tmp_path)[1]
    assert [path for path in alive(stack) if path.startswith((b"a/n", b"l"))] == [b"l", b"l/n"]


def test_what_goes_through_a_symlink_never_hides_what_the_layer_adds(tmp_path: Path) -> None:
    base = [folder("a"), file("a/f"), symlink("l", ".")]
    stack = stacks([tar(base), tar([file("a/g"), file("l/.wh.a")])], tmp_path)[1]
    assert b"a/g" in alive(stack)


# Those past 100 once ended in an error, or under a wrong parent.
@pytest.mark.parametrize("number", [*range(100), 218, 322, 425, 1177, 1712, 2520, 2802, 3824])
def test_every_row_s_parent_is_around_it(number: int, tmp_path: Path) -> None:
    with suppress(LayerscopeError):
        for stack in stacks(odd_layers(random.Random(number)), tmp_path):
            for row in range(1, len(stack)):
                folder_path = stack.path(row).rpartition(b"/")[0]
                assert stack.path(stack.parent[row]) == folder_path
                assert stack.end[row] <= stack.end[stack.parent[row]]


def test_hard_links_into_lower_layers(tmp_path: Path) -> None:
    stack = stacks([tar(BASE), tar([hardlink("h", "a/f")])], tmp_path)[1]
    row = stack.find(b"h")
    assert row is not None
    assert stack.size(row) == 10
    assert stack.entry(row).kind is Kind.HARDLINK
    assert stack.source(row)[0] == 0
    with pytest.raises(InvalidTar, match="1: 'h' is a hard link to 'nowhere', which isn't there"):
        stacks([tar(BASE), tar([hardlink("h", "nowhere")])], tmp_path)


def test_a_file_counts_at_the_link_that_is_left(tmp_path: Path) -> None:
    base = [file("f", b"x" * 100), hardlink("g", "f"), hardlink("h", "f")]
    first, second = stacks([tar(base), tar([file(".wh.f")])], tmp_path)
    assert first.subtree_size(0) == second.subtree_size(0) == 100
    assert second.subtree_size(second.find(b"g") or 0) == 100
    assert second.subtree_size(second.find(b"h") or 0) == 0


def test_the_same_layer_twice(tmp_path: Path) -> None:
    stack = stacks([tar(BASE), tar(BASE)], tmp_path)[1]
    assert stack.tally.repeated == 4
    assert stack.tally.added == stack.tally.removed == 0


def test_a_builder_goes_on_from_a_stack_on_disk(tmp_path: Path) -> None:
    layers = [
        tar([*BASE, folder("a/b"), file("a/b/c")]),
        tar([file("l/n"), file(".wh.r"), file("a/.wh.b")]),
        tar([file("a/n", b"again"), file(".wh.l")]),
    ]
    whole = stacks(layers, tmp_path)[2]
    below = StackView.open(tmp_path / "stack-1", whole.layers[:2])
    again = StackBuilder.resume(below).push(index(layers[2], tmp_path), tmp_path / "again")
    assert marks(again) == marks(whole)
    assert alive(again) == alive(whole)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "stack-2").read_bytes()


def test_columns_of_the_layers_are_gathered_by_row(tmp_path: Path) -> None:
    stack = stacks([tar(BASE), tar([file("new", b"n")])], tmp_path)[1]
    assert stack.gather("size").tolist() == [stack.size(r) for r in range(len(stack))]
