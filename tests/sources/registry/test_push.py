"""Images of the store copied to a registry."""

from __future__ import annotations

import pytest

from layerscope.oci import media
from layerscope.store.store import Store
from tests.support.fake_registry import (
    FakeRegistry,
    Handler,
    digest_of,
)
from tests.support.images import BASE, TOP, image
from tests.support.registries import BIG, pull, push
from tests.support.stores import load_new


def test_a_push_sends_what_is_lacking(store: Store, registry: FakeRegistry) -> None:
    load_new(store, image("app:1", layers=[BASE, TOP]))
    done = push(store, "app:1", registry, "team/new:2")
    assert len(done.sent) == 4
    data, kind = registry.manifests["team/new", "2"]
    assert kind == media.OCI_MANIFEST
    assert digest_of(data) == str(done.image.manifest.digest)
    paths = [one.path for one in registry.asked if one.method == "PUT"]
    assert "/manifests/" in paths[-1]
    assert all("/manifests/" not in path for path in paths[:-1])
    again = push(store, "app:1", registry, "team/new:2")
    assert (again.sent, len(again.there)) == ({}, 4)


def test_what_was_pulled_is_pushed_byte_for_byte(store: Store, registry: FakeRegistry) -> None:
    pull(store, registry)
    push(store, f"{registry.address}/team/app:1", registry, "copy:5")
    assert registry.manifests["copy", "5"] == registry.manifests["team/app", "1"]
    assert registry.blobs["copy"] == registry.blobs["team/app"]


def test_blobs_of_the_same_registry_are_mounted(store: Store, registry: FakeRegistry) -> None:
    load_new(store, image("app:1", layers=[BASE, TOP]))
    push(store, "app:1", registry, "first:1")
    registry.asked.clear()
    done = push(store, "app:1", registry, "second:1")
    assert len(done.there) == 3
    assert registry.count("POST .*mount=") == 3
    assert registry.count("PATCH") == 0
    assert registry.blobs["second"] == registry.blobs["first"]


def test_a_mount_that_is_refused_is_a_push(store: Store, registry: FakeRegistry) -> None:
    load_new(store, image("app:1", layers=[BASE, TOP]))
    push(store, "app:1", registry, "first:1")
    registry.mounts = False
    done = push(store, "app:1", registry, "second:1")
    assert len(done.sent) == 4 - 1 + (0 if done.image.manifest.digest in done.there else 1)
    assert registry.blobs["second"] == registry.blobs["first"]


def test_a_registry_that_takes_only_pieces(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layerscope.sources.registry.upload._PIECE", 50_000)
    registry.largest = 60_000
    load_new(store, image("app:1", layers=[BIG]))
    push(store, "app:1", registry, "new:1")
    assert registry.blobs["new"][digest_of(BIG)] == BIG


def test_a_push_that_breaks_off_is_tried_again(store: Store, registry: FakeRegistry) -> None:
    load_new(store, image("app:1", layers=[BIG]))
    left = [2]

    def trap(handler: Handler) -> None:
        if left[0]:
            left[0] -= 1
            handler.close_connection = True
        else:
            handler.honest()

    registry.trap("PATCH", trap)
    push(store, "app:1", registry, "new:1")
    assert registry.blobs["new"][digest_of(BIG)] == BIG


def test_by_digest_a_push_has_no_tag(store: Store, registry: FakeRegistry) -> None:
    loaded = load_new(store, image("app:1")).image
    push(store, "app:1", registry, f"new@{loaded.manifest.digest}")
    assert {tag for name, tag in registry.manifests if name == "new"} == {
        str(loaded.manifest.digest)
    }
