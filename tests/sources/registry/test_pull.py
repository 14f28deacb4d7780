"""Images of a registry copied into the store, at once or with interruptions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from layerscope.errors import Cancelled, LayerscopeError
from layerscope.oci import media
from layerscope.oci.digest import Digest
from layerscope.oci.platform import Platform
from layerscope.progress import Silent
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from tests.support.fake_registry import (
    FakeRegistry,
    Handler,
    content,
    cut,
    digest_of,
)
from tests.support.images import image
from tests.support.registries import BLOB, IMAGE, ZIPPED, pull, push
from tests.support.stores import faults


def test_a_pull_brings_every_blob_as_it_is(store: Store, registry: FakeRegistry) -> None:
    done = pull(store, registry)
    assert (done.blobs_added, done.blobs_shared) == (4, 0)
    assert done.image.names == (f"{registry.address}/team/app:1",)
    assert done.image.manifest.digest.hex == IMAGE.manifest.sha256
    assert store.blobs.read(Digest.parse(BLOB)) == content(ZIPPED.blob)
    assert faults(store) == []
    assert not list((store.root / "tmp/spool").iterdir())


def test_a_second_pull_brings_nothing(store: Store, registry: FakeRegistry) -> None:
    pull(store, registry)
    registry.asked.clear()
    again = pull(store, registry)
    assert (again.blobs_added, again.bytes_added, again.blobs_shared) == (0, 0, 4)
    assert registry.count("GET .*/blobs/") == 1  # the config


def test_by_digest_it_has_no_name(store: Store, registry: FakeRegistry) -> None:
    done = pull(store, registry, f"team/app@sha256:{IMAGE.manifest.sha256}")
    assert done.image.names == ()


def test_a_name_and_a_digest(store: Store, registry: FakeRegistry) -> None:
    done = pull(store, registry, f"team/app:9@sha256:{IMAGE.manifest.sha256}")
    assert done.image.names == (f"{registry.address}/team/app:9",)


def test_docker_s_own_types_stay(store: Store, registry: FakeRegistry) -> None:
    manifest = json.loads(content(IMAGE.manifest))
    manifest["mediaType"] = media.DOCKER_MANIFEST
    manifest["config"]["mediaType"] = media.DOCKER_CONFIG
    for layer in manifest["layers"]:
        layer["mediaType"] = media.DOCKER_LAYER_GZIP
    data = json.dumps(manifest, indent=3).encode()
    digest = registry.add_manifest("team/app", "2", data, media.DOCKER_MANIFEST)
    pull(store, registry, "team/app:2")
    pushed = push(store, f"{registry.address}/team/app:2", registry, "other/app:3")
    assert str(pushed.image.manifest.digest) == digest
    assert registry.manifests["other/app", "3"] == (data, media.DOCKER_MANIFEST)
    assert faults(store) == []


def several(registry: FakeRegistry) -> dict[str, str]:
    """An index for two platforms, and an attestation; manifests' digests by architecture."""
    entries, digests = [], {}
    for architecture in ("amd64", "arm64"):
        made = image("app:2", note=architecture)
        config = json.loads(content(made.config)) | {"architecture": architecture}
        data = json.dumps(config).encode()
        registry.add("team/app", architecture, made)
        registry.blobs["team/app"][digest_of(data)] = data
        manifest = json.loads(content(made.manifest))
        manifest["config"] |= {"digest": digest_of(data), "size": len(data)}
        text = json.dumps(manifest).encode()
        digest = registry.add_manifest("team/app", architecture, text, media.OCI_MANIFEST)
        platform = {"os": "linux", "architecture": architecture}
        entries.append(
            {
                "mediaType": media.OCI_MANIFEST,
                "digest": digest,
                "size": len(text),
                "platform": platform,
            }
        )
        digests[architecture] = digest
    entries.append(
        {
            "mediaType": media.OCI_MANIFEST,
            "digest": entries[0]["digest"],
            "size": 3,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        }
    )
    index = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}
    registry.add_manifest("team/app", "2", json.dumps(index).encode(), media.OCI_INDEX)
    return digests


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_an_index_has_one_for_each_platform(
    store: Store, registry: FakeRegistry, architecture: str
) -> None:
    digests = several(registry)
    target = f"docker://{registry.address}/team/app:2"
    found = open_target(target, store, Platform("linux", architecture))
    assert found.manifest_bytes is not None
    assert digest_of(found.manifest_bytes) == digests[architecture]
    assert found.config.platform.architecture == architecture


def test_a_platform_that_there_is_none_for(store: Store, registry: FakeRegistry) -> None:
    several(registry)
    for tag in ("1", "2"):
        target = f"docker://{registry.address}/team/app:{tag}"
        with pytest.raises(LayerscopeError, match="it has nothing for linux/s390x"):
            open_target(target, store, Platform("linux", "s390x"))


class Stops(Silent):
    """Wants to stop after so many bytes of one layer."""

    def __init__(self, after: int) -> None:
        self.after, self.seen = after, 0

    def advance(self, task: str, done: int) -> None:
        self.seen = max(self.seen, done)

    def check(self) -> None:
        if self.seen >= self.after:
            raise Cancelled


def interrupt(store: Store, registry: FakeRegistry) -> None:
    """Begin a pull and stop in its second layer."""
    with pytest.raises(Cancelled):
        pull(store, registry, progress=Stops(100_000))


def test_an_interrupted_pull_goes_on(store: Store, registry: FakeRegistry) -> None:
    interrupt(store, registry)
    assert faults(store) == []
    assert store.images() == []
    had = store.spool_file(f"blob-{ZIPPED.blob.sha256}").stat().st_size
    assert 100_000 <= had < ZIPPED.blob.size
    registry.sent.clear()
    pull(store, registry)
    assert registry.sent[BLOB] == ZIPPED.blob.size - had
    assert faults(store) == []


def test_prune_takes_what_an_interrupted_pull_leaves(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    first = Store.open(tmp_path / "shared")
    interrupt(first, registry)
    other = Store.open(tmp_path / "shared")
    other.collect()
    assert first.spool_file(f"blob-{ZIPPED.blob.sha256}").exists()  # the first is still open
    first.close()
    assert other.find_garbage().size > 100_000
    other.collect()
    assert list((first.root / "tmp/spool").iterdir()) == []
    other.close()


def test_a_registry_that_breaks_off_is_asked_for_the_rest(
    store: Store, registry: FakeRegistry
) -> None:
    registry.trap(f"GET .*/blobs/{BLOB}", cut(70_000, times=2))
    pull(store, registry)
    assert registry.count(f"GET .*/blobs/{BLOB}") == 3
    assert faults(store) == []


def test_a_registry_without_ranges_is_read_anew(store: Store, registry: FakeRegistry) -> None:
    registry.ranges = False
    registry.trap(f"GET .*/blobs/{BLOB}", cut(70_000, times=1))
    pull(store, registry)
    assert faults(store) == []


@pytest.mark.parametrize("rest", [b"", b"x" * 1000, b"x" * 999_999], ids=len)
def test_what_lies_in_the_spool_is_verified(
    store: Store, registry: FakeRegistry, rest: bytes
) -> None:
    spooled = store.spool_file(f"blob-{ZIPPED.blob.sha256}")
    spooled.write_bytes(rest)
    if rest and len(rest) <= ZIPPED.blob.size:
        with pytest.raises(LayerscopeError) as caught:
            pull(store, registry)
        assert str(caught.value.hint).startswith("again: some of it was fetched before")
        assert not spooled.exists()
    pull(store, registry)
    assert faults(store) == []


def test_a_registry_that_is_busy_is_asked_again(store: Store, registry: FakeRegistry) -> None:
    for status in (503, 429, 500, 502):
        busy = [status]

        def once(handler: Handler, busy: list[int] = busy) -> None:
            if busy:
                handler.reply(busy.pop(), b"wait", Retry_After="1")
            else:
                handler.honest()

        registry.traps[:] = [(r"GET .*/manifests/1", once)]
        pull(store, registry)
        assert not busy
