"""dive's formula, held by figures made by hand and by dive."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from layerscope.analysis.efficiency import efficiency, hidden_bytes
from layerscope.store.store import Store
from layerscope.usecases.analyze import analyze
from layerscope.usecases.opened import open_image
from tests.support.layers import file, folder, hardlink, stacks, symlink, tar


def test_a_file_that_comes_twice_wastes_both_copies(tmp_path: Path) -> None:
    layers = [tar([file("f", b"x" * 100), file("g", b"y" * 50)]), tar([file("f", b"z" * 300)])]
    found = efficiency(stacks(layers, tmp_path))
    # Minimum 100 + 50, cumulative 400 + 50.
    assert found.efficiency == pytest.approx(150 / 450)
    assert found.wasted_bytes == 400
    assert (found.size, found.user_bytes) == (450, 300)
    assert found.wasted_user_percent == pytest.approx(400 / 300)
    assert found.hidden_bytes == 100
    (waste,) = found.waste
    assert (waste.path, waste.count, waste.bytes, waste.layers) == (b"f", 2, 400, (0, 1))


def test_a_whiteout_of_a_file_brings_its_minimum_to_nothing(tmp_path: Path) -> None:
    layers = [tar([file("f", b"x" * 100), file("g", b"y" * 50)]), tar([file(".wh.f")])]
    found = efficiency(stacks(layers, tmp_path))
    assert found.efficiency == pytest.approx(50 / 150)
    assert found.wasted_bytes == 100
    assert found.hidden_bytes == 100


def test_a_whiteout_of_a_directory_counts_what_it_hides(tmp_path: Path) -> None:
    base = tar([folder("d"), file("d/f", b"x" * 100), symlink("d/l", "f")])
    layers = [base, tar([file(".wh.d")])]
    found = efficiency(stacks(layers, tmp_path))
    # The directory was no leaf before, so its path comes once: 100 on both sides.
    assert found.efficiency == 1.0
    assert found.wasted_bytes == 0
    assert found.hidden_bytes == 101


def test_links_weigh_nothing_for_dive_and_once_in_truth(tmp_path: Path) -> None:
    base = [file("f", b"x" * 100), hardlink("h", "f")]
    stack = stacks([tar(base), tar([*base, symlink("l", "f")])], tmp_path)
    found = efficiency(stack)
    assert found.wasted_bytes == 200
    assert (found.size, found.user_bytes) == (201, 100)
    assert hidden_bytes(stack[-1]) == [100, 0]


def test_nothing_is_perfect(tmp_path: Path) -> None:
    assert efficiency([]).efficiency == 1.0
    assert efficiency(stacks([tar([])], tmp_path)).efficiency == 1.0


def test_the_samples_have_the_figures_that_dive_told() -> None:
    """dive 0.13.1's ``--json`` on sample_images/wasteful.docker.tar."""
    with tempfile.TemporaryDirectory() as root:
        store = Store.open(Path(root))
        found = analyze(open_image("sample_images/wasteful.docker.tar", store))
        store.close()
    assert found.efficiency == pytest.approx(0.8773948694206015)
    assert found.wasted_bytes == 228879
    assert found.size == 651918
