"""Two stacks side by side."""

from __future__ import annotations

from pathlib import Path

from layerscope.analysis.compare import compare_files
from layerscope.index.change import Change
from tests.support.layers import file, folder, hardlink, stacks, tar

BASE = [folder("d"), file("d/perl5", b"x" * 100), hardlink("d/perl", "d/perl5"), file("f")]


def test_a_hard_link_that_goes_or_comes_is_no_bytes(tmp_path: Path) -> None:
    base, without = stacks([tar(BASE), tar([file("d/.wh.perl")])], tmp_path)
    (gone,), (come,) = compare_files(base, without), compare_files(without, base)
    assert (gone.path, gone.change, gone.size_a, gone.size_b) == (
        *(b"d/perl", Change.REMOVED, 0, None),
    )
    assert (come.change, come.size_a, come.size_b) == (Change.ADDED, None, 0)


def test_what_differs_sums_up_to_what_a_layer_removes(tmp_path: Path) -> None:
    base, without = stacks([tar(BASE), tar([file(".wh.d")])], tmp_path)
    sizes = {one.path: one.size_a for one in compare_files(base, without)}
    assert sizes == {b"d": 0, b"d/perl": 0, b"d/perl5": 100}
    assert without.tally.removed_bytes == 100
