"""What deleting things is promised to give back, and what it really gives."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from layerscope.containers.mounts import parse_volume
from layerscope.store.disk import size_below
from layerscope.store.store import Store
from layerscope.usecases.containers import Wanted, apply, commit, create
from layerscope.usecases.store_overview import Choice, Overview, delete, overview
from tests.support.images import image
from tests.support.layers import file, tar
from tests.support.stores import load_new


def layer(number: int) -> bytes:
    return tar([file(f"file-{number}", bytes([number]) * (1000 * (number + 1)))])


def make(root: Path, rng: random.Random) -> Store:
    """A store whose images share layers, with containers, commits and volumes on them."""
    store = Store.open(root)
    for number in range(rng.randint(1, 4)):
        stack = [layer(n) for n in range(rng.randint(1, 3))]
        stack += [layer(10 + rng.randrange(4)) for _ in range(rng.randint(0, 2))]
        load_new(store, image(f"image-{number}:1", layers=stack, note=str(number)))
    for number in range(rng.randint(0, 4)):
        mounts = (parse_volume(f"volume-{rng.randrange(2)}:/data"),) if rng.random() < 0.5 else ()
        chosen = rng.choice([name for one in store.images() for name in one.names])
        create(store, chosen, Wanted(name=f"c{number}", mounts=mounts))
        op = {"op": "write", "path": "/written", "data": "x" * rng.randrange(5000)}
        apply(store, f"c{number}", [op])
        if rng.random() < 0.3:
            commit(store, f"c{number}", f"committed-{number}:1")
    return store


def on_disk(root: Path) -> int:
    """Bytes of everything but the database and what is listed in it."""
    return sum(size_below(root / name) for name in ("blobs", "layers", "containers", "volumes"))


def some(rng: random.Random, every: Overview) -> Choice:
    def pick(names: list[str]) -> frozenset[str]:
        return frozenset(name for name in names if rng.random() < 0.5)

    return Choice(
        pick([one.id for one in every.images if one.names]),
        pick([one.name for one in every.containers]),
        pick([one.name for one in every.volumes]),
    )


@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_given_back(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    store = make(tmp_path / "store", rng)
    store.collect()
    for _ in range(2):
        before = overview(store)
        choice = some(rng, before)
        promised = before.gives_back(choice)
        disk = on_disk(store.root)
        _, failures = delete(store, choice)
        assert disk - on_disk(store.root) == promised.disk
        assert len(failures) == len(promised.kept)
        after = overview(store)
        assert total(before) - total(after) == promised.size
    store.close()


def total(seen: Overview) -> int:
    """Docker's figure of everything."""
    layers = sum(one.size for one in seen.layers)
    written = sum(one.size for one in seen.containers)
    return layers + written + sum(one.size for one in seen.volumes)


def test_a_shared_layer_goes_with_the_last_that_has_it(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    for name, top in (("a:1", 1), ("b:1", 2)):
        load_new(store, image(name, layers=[layer(0), layer(top)], note=name))
    seen = overview(store)
    ids = {one.names[0]: one.id for one in seen.images}
    sizes = [seen.gives_back(Choice(frozenset(ids[n] for n in chosen))).size for chosen in (
        ["a:1"], ["b:1"], ["a:1", "b:1"])]  # fmt: skip
    assert sizes == [2000, 3000, 6000]
    create(store, "a:1", Wanted(name="c"))
    kept = overview(store).gives_back(Choice(frozenset(ids.values())))
    assert kept.kept == {ids["a:1"]: ("c",)}
    assert kept.size == 3000
    both = overview(store).gives_back(Choice(frozenset(ids.values()), frozenset(("c",))))
    assert (both.size, both.kept) == (6000, {})
    store.close()
