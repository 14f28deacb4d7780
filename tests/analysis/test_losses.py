from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from layerscope.analysis.efficiency import hidden_bytes
from layerscope.analysis.losses import Loss, losses
from layerscope.index.change import Change
from tests.support.layers import TIME, file, folder, stacks, tar

BASE = [folder("d"), file("d/a", b"1" * 10), file("d/b", b"2" * 5), file("f", b"3" * 100)]


def test_each_way_to_lose_bytes(tmp_path: Path) -> None:
    layers = [
        tar([*BASE, file("g", b"4" * 7), file("h", b"5" * 3)]),
        tar([file("d/c", b"6" * 20)]),
        tar([file(".wh.d"), file("f", b"3" * 100, mtime=TIME + 1), file("g", b"x"), file("h",
            b"5" * 3)]),
    ]  # fmt: skip
    assert losses(stacks(layers, tmp_path)) == [
        Loss(b"f", Change.METADATA, 2, (0,), 1, 100),
        Loss(b"d", Change.REMOVED, 2, (0, 1), 3, 35),
        Loss(b"g", Change.MODIFIED, 2, (0,), 1, 7),
        Loss(b"h", Change.REPEATED, 2, (0,), 1, 3),
    ]


def test_a_directory_that_is_changed_as_good_as_whole_is_one_loss(tmp_path: Path) -> None:
    base = [*BASE, file("d/e/x", b"7" * 300), file("d/e/y", b"8" * 300)]
    again = [file("d/e/x", b"7" * 300, mode=0o600), file("d/e/y", b"8" * 300), file("d/a", b"1")]
    assert losses(stacks([tar(base), tar(again)], tmp_path)) == [
        Loss(b"d", Change.METADATA, 1, (0,), 3, 610),
    ]
    assert losses(stacks([tar(base), tar(again[:1])], tmp_path)) == [
        Loss(b"d/e/x", Change.METADATA, 1, (0,), 1, 300),
    ]


def test_the_largest_are_kept(tmp_path: Path) -> None:
    every = losses(stacks([tar(BASE), tar([file(".wh.d"), file(".wh.f")])], tmp_path), most=1)
    assert [loss.path for loss in every] == [b"f"]


def test_a_file_where_a_directory_was(tmp_path: Path) -> None:
    found = losses(stacks([tar(BASE), tar([file("d", b"file")])], tmp_path))
    assert [(loss.path, loss.change, loss.bytes) for loss in found] == [
        (b"d/a", Change.REMOVED, 10),
        (b"d/b", Change.REMOVED, 5),
    ]


NAMES = st.sampled_from(["a", "b", "c"])
FILES = st.tuples(
    st.lists(NAMES, max_size=2).map("/".join), st.sampled_from(["f", "g", ".wh.a", ".wh.f"]),
    st.integers(0, 3),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(FILES, max_size=8), min_size=1, max_size=4))
def test_losses_are_what_the_layers_hold_and_the_image_hides(
    layers: list[list[tuple[str, str, int]]],
) -> None:
    tars = [
        tar([file(f"{where}/{name}".lstrip("/"), b"x" * size) for where, name, size in
             {(where, name): (where, name, size) for where, name, size in layer}.values()])
        for layer in layers
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as tmp:
        every = stacks(tars, Path(tmp))
        assert sum(loss.bytes for loss in losses(every)) == sum(hidden_bytes(every[-1]))
