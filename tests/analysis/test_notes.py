"""Cases where Docker, containerd and Podman agree on something else: as recorded, and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from layerscope.analysis.notes import Case, notes
from tests.support.golden import ApplyCase, apply_cases
from tests.support.layers import file, folder, hardlink, stacks, symlink, tar

BASE = [folder("a"), file("a/f1", b"one"), file("a/f2", b"two"), file("r", b"r"), symlink("l", "a")]


def difference(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> set[str]:
    """The paths that two trees have otherwise."""
    left, right = ({node["path"]: node for node in tree} for tree in (mine, theirs))
    return {path for path in left.keys() | right.keys() if left.get(path) != right.get(path)}


def differing(case: ApplyCase) -> set[str] | None:
    """The paths of which all three make the same other thing; None if all three refuse a stack."""
    trees = [case.engines[name].get("tree") for name in ("docker", "containerd", "podman")]
    if all(tree is None for tree in trees):
        return None
    if case.tree is None or None in trees:
        return set()
    all_paths = [difference(case.tree, tree) for tree in trees]
    return set.intersection(*all_paths)


@pytest.mark.parametrize(
    "case", [c for c in apply_cases() if c.tree is not None], ids=lambda case: case.name
)
def test_what_was_recorded_is_noted_and_nothing_else(case: ApplyCase, tmp_path: Path) -> None:
    found = notes(stacks(case.layers, tmp_path))
    cases = {note.case for note in found}
    noted = {f"/{note.path.decode()}".removesuffix("/") for note in found}
    expected = differing(case)
    if expected is None:
        assert len(found) == 1
        assert cases <= {Case.WHITEOUT_ORDER, Case.LOWER_LINK}
        return
    assert noted - {""} <= expected
    # What stands below a noted path follows from it, and so does where a symlink led.
    led_to = {"/a/n"} if cases == {Case.BELOW_SYMLINK} else set()
    others = expected - noted - led_to
    assert all(any(path.startswith(f"{top}/") for top in noted) for path in others)


REFILLED = [(1, b"a", Case.REFILL)]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ([file(".wh.a"), folder("a"), file("a/n")], REFILLED),
        ([file(".wh.a"), folder("a"), file("a/f1")], REFILLED),
        ([file(".wh.a"), folder("a")], REFILLED),
        # All that was there is hidden by other means, too.
        ([file(".wh.a"), folder("a"), file("a/f1"), file("a/f2")], []),
        ([file(".wh.a"), folder("a"), file("a/f1"), file("a/.wh.f2")], []),
        ([file(".wh.a"), folder("a"), file("a/.wh..wh..opq"), file("a/n")], []),
        ([file(".wh.r"), folder("r"), file("r/n")], []),
        ([file(".wh.a"), file("a", b"a file now")], []),
        ([file(".wh.new"), folder("new"), file("new/n")], []),
        # An order in which the device of the whiteout finds something, or is where things go.
        ([folder("a"), file(".wh.a")], [(1, b"a", Case.WHITEOUT_ORDER)]),
        ([file(".wh.a"), file("a/n")], [(1, b"a", Case.WHITEOUT_ORDER)]),
        ([file("a/n"), file(".wh.a")], [(1, b"a", Case.WHITEOUT_ORDER)]),
        ([file("new"), file(".wh.new")], [(1, b"new", Case.WHITEOUT_ORDER)]),
    ],
)
def test_a_whiteout_beside_what_has_its_name(
    layer: Sequence[Any], expected: list[tuple[int, bytes, Case]], tmp_path: Path
) -> None:
    assert notes(stacks([tar(BASE), tar(layer)], tmp_path)) == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ([file(".wh..wh..opq"), file("n")], [(1, b"", Case.OPAQUE_ROOT)]),
        ([file(".wh..wh..opq"), *BASE], []),
        ([file(".wh.a"), file(".wh..wh..opq"), file("r"), symlink("l", "a")], []),
        ([hardlink("h", "r")], [(1, b"h", Case.LOWER_LINK)]),
        ([file("n"), hardlink("h", "n")], []),
        ([file("l/n")], [(1, b"l", Case.BELOW_SYMLINK)]),
        ([folder("l"), file("l/n")], []),
        ([folder("new"), file("new/.wh.x")], [(1, b"new/x", Case.STRAY_WHITEOUT)]),
        ([file(".wh.x"), folder("a"), file("a/.wh.x")], []),
        ([file("a/n")], [(1, b"a", Case.IMPLIED)]),
        ([file("new/n")], []),
        ([folder("a"), file("a/.wh..wh..opq"), file("a/d/n")], []),
        ([file("n", mtime=-1), symlink("s", "n")], [(1, b"n", Case.EARLY_TIME)]),
    ],
)
def test_other_cases(
    layer: Sequence[Any], expected: list[tuple[int, bytes, Case]], tmp_path: Path
) -> None:
    assert notes(stacks([tar(BASE), tar(layer)], tmp_path)) == expected


def test_a_first_layer_and_what_a_later_layer_does_are_told_apart(tmp_path: Path) -> None:
    layers = [[file(".wh..wh..opq"), *BASE], [file(".wh.a")], [folder("a"), file("a/n")]]
    assert notes(stacks([tar(layer) for layer in layers], tmp_path)) == []


def test_the_root_hides_nothing_that_two_layers_below_hid(tmp_path: Path) -> None:
    layers = [[file("f")], [file(".wh.f")], [file(".wh..wh..opq"), file("n")]]
    assert notes(stacks([tar(layer) for layer in layers], tmp_path)) == []
