"""Images that others were made from: in lists, in what is shared, in history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerscope.oci.digest import Digest
from layerscope.store.store import Store
from layerscope.usecases.df import ContainerUse, VolumeUse, disk_usage
from layerscope.usecases.history import history
from layerscope.usecases.images import list_images
from tests.support.images import image
from tests.support.stores import load_new


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with ``top:1``, made in two steps from an image without a name."""
    store = Store.open(tmp_path / "store")
    whole = image("top:1")
    base = replace(whole, names=(), layers=whole.layers[:1], history=whole.history[:1])
    top = replace(whole, history=whole.history[:2])
    parent = load_new(store, base).image
    child = load_new(store, top).image
    store.add_image(store.blobs.read(child.manifest.digest), ["top:1"], parent=parent.id)
    return store


def test_a_nameless_parent_is_listed_only_when_asked_for(store: Store) -> None:
    assert [row.image.names for row in list_images(store)] == [("top:1",)]
    assert len(list_images(store, every=True)) == 2


def test_what_is_shared_is_shared_by_the_images_listed(store: Store) -> None:
    (alone,) = list_images(store)
    assert (alone.shared_size, alone.unique_size) == (0, alone.size)
    shared = {row.image.names: row.shared_size for row in list_images(store, every=True)}
    assert shared[("top:1",)] == shared[()] > 0


def test_steps_that_made_an_image_here_have_its_id(store: Store) -> None:
    top = store.resolve("top:1")
    rows = history(store, top)
    assert [row.id for row in rows] == [str(top.id), str(top.parent)]
    assert [row.names for row in rows] == [("top:1",), ()]


def test_a_circle_of_parents_ends(store: Store) -> None:
    top = store.resolve("top:1")
    assert top.parent is not None
    with store.database.write() as tx:
        tx.execute("UPDATE images SET parent = ? WHERE id = ?", (str(top.id), str(top.parent)))
    assert len(history(store, top)) == 2


def test_disk_usage_counts_what_is_listed_and_what_lies_there(store: Store) -> None:
    top = store.resolve("top:1")
    usage = disk_usage(store)
    assert (usage.images.total, usage.images.active) == (1, 0)
    assert usage.images.size == usage.images.reclaimable == top.size


def container(number: int, *, running: bool, size: int, volumes: int = 0) -> ContainerUse:
    """A container that takes space."""
    identity = Digest.of(bytes([number])).hex
    return ContainerUse(identity, f"c{number}", "top:1", "sh", "", "Up", running, size, volumes)


def test_what_containers_and_volumes_could_free(store: Store) -> None:
    usage = disk_usage(
        store,
        [container(1, running=True, size=100), container(2, running=False, size=30)],
        [VolumeUse("used", 5000, 1), VolumeUse("free", 700, 0)],
    )
    assert (usage.containers.total, usage.containers.active) == (2, 1)
    assert (usage.containers.size, usage.containers.reclaimable) == (130, 30)
    assert (usage.volumes.total, usage.volumes.active) == (2, 1)
    assert (usage.volumes.size, usage.volumes.reclaimable) == (5700, 700)
