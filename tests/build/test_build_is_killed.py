"""A build may die at any moment: the store stays whole, and the next build goes on from there."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from layerscope.store.store import Store
from tests.support.command import run
from tests.support.stores import faults

_STEPS = 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_killed_build_leaves_a_whole_store(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    context, root = tmp_path / "context", tmp_path / "store"
    context.mkdir()
    lines = [f"COPY f{number} /\nENV A{number}=1" for number in range(_STEPS)]
    for number in range(_STEPS):
        (context / f"f{number}").write_bytes(chance.randbytes(20_000))
    (context / "Dockerfile").write_text("\n".join(["FROM scratch", *lines]))
    words = [sys.executable, "-m", "layerscope", "--root", str(root), "build", "-q", str(context)]
    for _ in range(8):
        building = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.1, 0.7))
        building.kill()
        building.wait()
        store = Store.open(root)
        assert faults(store) == []
        store.close()
    done = json.loads(run("build", str(context), "-t", "a:1", "--json", root=root).stdout)
    assert len(done["steps"]) == 2 * _STEPS + 1
    again = json.loads(run("build", str(context), "--json", root=root).stdout)
    assert all(step["cached"] for step in again["steps"])
    assert again["id"] == done["id"]
