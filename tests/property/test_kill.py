"""``kill -9`` at a random moment: the container opens, every file is the old or the new one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.containers import is_root
from tests.support.killing import KillBench

needs_root = pytest.mark.skipif(not is_root(), reason="random stacks have owners and devices")


@needs_root
def test_killed_now_and_then(tmp_path: Path) -> None:
    _kill(tmp_path, 25)


@needs_root
@pytest.mark.slow
def test_killed_five_hundred_times(tmp_path: Path) -> None:
    _kill(tmp_path, 500)


def _kill(base: Path, times: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    bench = KillBench(base, seed)
    points = set()
    for _ in range(times):
        reached, wrong = bench.once()
        assert not wrong, (seed, wrong)
        points.add(reached)
    assert len(points) > times**0.5
