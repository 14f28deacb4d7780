"""Removing images by Docker's rules."""

from __future__ import annotations

import pytest

from layerscope.oci.digest import Digest
from layerscope.store import removal, users
from layerscope.store.images import NoSuchImage
from layerscope.store.removal import ImageInUse, Removed
from layerscope.store.store import Store
from tests.support.images import BASE, image
from tests.support.stores import faults, load_new


def test_one_of_several_names_is_only_untagged(store: Store) -> None:
    load_new(store, image("a:1", "b:1"))
    assert store.remove_image("a:1") == Removed(("a:1",))
    assert store.images()[0].names == ("b:1",)


def test_with_the_last_name_the_image_goes(store: Store) -> None:
    loaded = load_new(store, image("a:1")).image
    assert store.remove_image("a:1") == Removed(("a:1",), (loaded.id,))
    assert store.images() == []
    assert faults(store) == []


def test_by_id_all_names_of_one_repository_go(store: Store) -> None:
    loaded = load_new(store, image("a:1", "a:2")).image
    assert store.remove_image(loaded.id.short) == Removed(("a:1", "a:2"), (loaded.id,))


def test_by_id_names_of_several_repositories_need_force(store: Store) -> None:
    loaded = load_new(store, image("a:1", "b:1")).image
    with pytest.raises(ImageInUse, match=r"several repositories \(a:1, b:1\)"):
        store.remove_image(loaded.id.short)
    assert store.remove_image(loaded.id.short, force=True).deleted == (loaded.id,)


def test_by_digest_only_names_of_the_repository_go(store: Store) -> None:
    loaded = load_new(store, image("a:1", "a:2", "b:1")).image
    digest = loaded.manifest.digest
    assert store.remove_image(f"a@{digest}") == Removed(("a:1", "a:2"))
    assert store.images()[0].names == ("b:1",)
    assert store.remove_image(f"b@{digest}") == Removed(("b:1",), (loaded.id,))


def test_what_is_not_there_cannot_be_removed(store: Store) -> None:
    with pytest.raises(NoSuchImage):
        store.remove_image("nope")


@pytest.fixture
def used(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose image ``a:1`` two containers use."""
    load_new(store, image("a:1"))
    query = "SELECT id, 'container ' || n FROM images, (SELECT 'x' AS n UNION SELECT 'y')"
    for module in (removal, users):
        monkeypatch.setattr(module, "IMAGE_USERS", (query,))
    return store


def test_an_image_in_use_is_refused_with_its_users(used: Store) -> None:
    for text in ("a:1", used.images()[0].id.short):
        with pytest.raises(ImageInUse, match="it is used by container x, container y"):
            used.remove_image(text)
    assert used.images()[0].names == ("a:1",)


def test_an_image_in_use_can_lose_a_name(used: Store) -> None:
    used.tag("a:1", "b:1")
    assert used.remove_image("b:1") == Removed(("b:1",))


def test_forced_an_image_in_use_loses_its_names_and_stays(used: Store) -> None:
    assert used.remove_image("a:1", force=True) == Removed(("a:1",))
    (image_left,) = used.images()
    assert image_left.names == ()
    with pytest.raises(ImageInUse):
        used.remove_image(image_left.id.short, force=True)
    assert used.find_garbage().images == ()


@pytest.fixture
def family(store: Store) -> tuple[Store, Digest, Digest]:
    """A base without a name and what was made from it, named ``top:1``."""
    base = load_new(store, image(layers=[BASE])).image
    top = load_new(store, image("top:1")).image
    store.add_image(store.blobs.read(top.manifest.digest), parent=base.id)
    return store, base.id, top.id


def test_a_nameless_parent_goes_with_its_last_child(
    family: tuple[Store, Digest, Digest],
) -> None:
    store, base, top = family
    assert store.remove_image("top:1") == Removed(("top:1",), (top, base))


def test_a_named_parent_stays(family: tuple[Store, Digest, Digest]) -> None:
    store, base, top = family
    store.tag(str(base), "base:1")
    assert store.remove_image("top:1") == Removed(("top:1",), (top,))
    assert store.resolve("base:1").id == base


def test_a_parent_cannot_be_removed_by_id(family: tuple[Store, Digest, Digest]) -> None:
    store, base, top = family
    with pytest.raises(ImageInUse, match=f"the image {top.short} was made from it"):
        store.remove_image(str(base))


def test_a_named_parent_is_only_untagged(family: tuple[Store, Digest, Digest]) -> None:
    store, base, _ = family
    store.tag(str(base), "base:1")
    assert store.remove_image("base:1") == Removed(("base:1",))
    assert base in {one.id for one in store.images()}
