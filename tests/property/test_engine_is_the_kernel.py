"""The engine and the kernel's overlay, side by side, over the same layers."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from layerscope.archive.overlay import Form
from tests.support.containers import is_root
from tests.support.differential import FORM, USER_FORM, Bench

FIXED = 20_240_229
OPERATIONS = 40_000
LENGTH = 400


@pytest.mark.skipif(not is_root(), reason="the kernel's side mounts overlays with trusted xattrs")
@pytest.mark.parametrize("seed", [FIXED, None], ids=["fixed seed", "fresh seed"])
def test_random_sequences(seed: int | None, tmp_path: Path) -> None:
    _compare(seed, OPERATIONS, tmp_path, FORM)


@pytest.mark.skipif(not is_root(), reason="mounting needs root")
def test_random_sequences_without_trusted_xattrs(tmp_path: Path) -> None:
    _compare(None, OPERATIONS // 2, tmp_path, USER_FORM)


@pytest.mark.slow
@pytest.mark.skipif(not is_root(), reason="the kernel's side mounts overlays with trusted xattrs")
@pytest.mark.parametrize(
    ("seed", "operations"),
    [(FIXED, 2_000_000), (None, 1_000_000)],
    ids=["fixed seed", "fresh seed"],
)
def test_random_sequences_for_minutes(seed: int | None, operations: int, tmp_path: Path) -> None:
    _compare(seed, operations, tmp_path, FORM)


def _compare(seed: int | None, operations: int, base: Path, form: Form) -> None:
    if seed is None:
        seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}: python -m tests.property.differential --seed {seed}")
    bench = Bench(base / "bench", seed, form)
    try:
        for done in range(0, operations, LENGTH):
            lowers, ops = bench.sequence(seed * 1_000_003 + done, LENGTH)
            found = bench.compare(lowers, ops)
            assert not found, (seed, done, found[:5])
        assert bench.stale <= 1 + operations // 100_000
    finally:
        bench.close()
