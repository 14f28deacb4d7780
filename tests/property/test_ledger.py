"""The ledger is what a walk finds, after every single operation."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from layerscope.accounting.ledger import Ledger
from layerscope.accounting.sizes import layer_usage
from layerscope.cow.events import Event
from layerscope.cow.ops import run_ops
from tests.support.containers import container, is_root
from tests.support.random_ops import make_ops
from tests.support.random_stacks import make_stacks
from tests.support.sides import EngineSide, run


@pytest.mark.skipif(not is_root(), reason="random stacks have owners and devices")
@pytest.mark.parametrize("seed", [1, 2, 3, None])
def test_equal_to_a_walk_at_every_moment(seed: int | None, tmp_path: Path) -> None:
    if seed is None:
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}")
    rng = random.Random(seed)
    stacks = make_stacks(tmp_path / "stacks", rng, 6)
    for number, layers in enumerate(stacks):
        with container(layers, tmp_path / f"container{number}") as engine:
            ledger, heard = Ledger(engine), list[Event]()
            engine.subscribe(heard.append)
            side = EngineSide(engine)
            upper = engine.upper.directory
            for op in make_ops(rng, 150):
                _one(side, op)
                walked = layer_usage(upper).size
                assert ledger.size == walked, (seed, op)
                assert sum(event.delta for event in heard) == walked, (seed, op)
            side.finish()


def _one(side: EngineSide, op: tuple[object, ...]) -> None:
    finish, side.finish = side.finish, lambda: None  # type: ignore[method-assign]
    try:
        run(side, [op])
    finally:
        side.finish = finish  # type: ignore[method-assign]


def test_a_ledger_opened_later_starts_from_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "lower").mkdir()
    (tmp_path / "lower" / "f").write_bytes(bytes(100))
    with container([tmp_path / "lower"], tmp_path / "c") as engine:
        run_ops(engine, [{"op": "append", "path": "/f", "data": "x"}])
    with container([tmp_path / "lower"], tmp_path / "c") as engine:
        ledger = Ledger(engine)
        assert ledger.size == 101
        with engine.open(b"/f", os.O_RDWR) as handle:
            handle.truncate(7)
        assert ledger.size == 7
        ledger.close()
        engine.unlink(b"/f")
        assert ledger.size == 7
