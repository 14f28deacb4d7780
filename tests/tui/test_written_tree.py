"""The tree of a writable layer that changes while it is looked at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layerscope.accounting.live.figures import Mark, Row
from layerscope.tui.models.written_tree import WrittenLines, WrittenTree, origin_text
from layerscope.units import size_text


def row(
    path: str,
    size: int = 0,
    mark: Mark = Mark.ADDED,
    kind: str = "-",
    from_layer: int | None = None,
    below: int = 0,
) -> Row:
    return Row(path.encode(), mark, kind, size, 0.0, from_layer, below)


def text(tree: WrittenTree, width: int = 100) -> list[str]:
    lines = WrittenLines(tree)
    return ["".join(t for t, _ in lines.spans(n, width)).rstrip() for n in range(len(lines))]


def test_directories_add_up_what_is_in_them() -> None:
    tree = WrittenTree()
    tree.take([row("a", kind="d"), row("a/b", 10), row("a/c/d", 5), row("e", 1)], [])
    assert [(path, tree.size(path)) for path in (b"", b"a", b"a/c", b"e")] == [
        (b"", 16),
        (b"a", 15),
        (b"a/c", 5),
        (b"e", 1),
    ]
    tree.take([row("a/b", 4)], [b"a/c/d"])
    assert (tree.size(b""), tree.size(b"a")) == (5, 4)
    assert tree.paths == [b"a", b"a/b", b"e"]


def test_growth_is_told_against_what_was_seen_first() -> None:
    tree = WrittenTree()
    tree.take([row("log", 10), row("d/old", 3)], [])
    tree.remember()
    tree.take([row("log", 25), row("d/new", 7)], [b"d/old"])
    assert [tree.delta(path) for path in (b"", b"log", b"d", b"d/new")] == [19, 15, 4, 7]
    tree.begin()
    tree.take([row("log", 25)], [])
    assert (tree.delta(b"log"), tree.delta(b"")) == (15, 12)


def test_lines() -> None:
    tree = WrittenTree()
    tree.take(
        [
            row("var", mark=Mark.CHANGED, kind="d", from_layer=0),
            row("var/db", 45_100_000, Mark.CHANGED, from_layer=2, below=45_100_000),
            row("var/lib.so", 40_000, Mark.UNCHANGED, from_layer=0),
            row("var/gone", 0, Mark.DELETED, from_layer=1, below=5_000),
            row("var/new\n", 12),
        ],
        [],
    )
    assert [line.split() for line in text(tree)] == [
        ["C", "45.1MB", "▾", "var"],
        ["C", "45.1MB", "db", "copied", "up,", "layer", "2"],
        ["D", "5kB", "gone", "deletes", "layer", "1's"],
        ["=", "40kB", "lib.so", "layer", "0,", "unchanged"],
        ["A", "12B", "new\\n", "new"],
    ]
    tree.toggle(b"var")
    assert tree.paths == [b"var"]
    tree.toggle(b"var")
    tree.order_by_size(True)
    assert tree.paths[1:3] == [b"var/db", b"var/lib.so"]


def test_words_for_where_a_path_comes_from() -> None:
    assert origin_text(row("a")) == "new"
    assert origin_text(row("a", kind="d", from_layer=1)) == ""
    assert size_text(0) == "0B"


_PATHS = st.sampled_from([b"a", b"a/b", b"a/b/c", b"a/d", b"e", b"e/f", b"e/f/g", b"h"])


@given(
    st.lists(
        st.tuples(_PATHS, st.integers(0, 99) | st.none(), st.booleans()),
        max_size=40,
    )
)
def test_sums_hold_whatever_comes_and_goes(steps: list[tuple[bytes, int | None, bool]]) -> None:
    tree, kept = WrittenTree(), dict[bytes, int]()
    for path, size, remember in steps:
        if size is None:
            tree.take([], [path])
            kept.pop(path, None)
        else:
            tree.take([Row(path, Mark.ADDED, "-", size, 0.0)], [])
            kept[path] = size
        if remember:
            tree.remember()
    assert tree.size(b"") == sum(kept.values())
    for folder in (b"a", b"a/b", b"e", b"e/f"):
        inside = sum(size for path, size in kept.items() if path.startswith(folder + b"/"))
        assert tree.size(folder) == inside + kept.get(folder, 0)
    assert set(kept) <= set(tree.paths) | {path for path in kept if path.count(b"/") >= 2}
