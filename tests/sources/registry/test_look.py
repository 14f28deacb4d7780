"""Images that are looked at where they are, in a registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerscope.archive.blob import FileRange
from layerscope.progress import Silent
from layerscope.store.store import Store
from layerscope.usecases.content import read_file
from tests.support.fake_registry import (
    FakeRegistry,
)
from tests.support.images import BASE
from tests.support.registries import BLOB, NOISE, ZIPPED, look, pull
from tests.support.stores import faults


def test_layers_are_fetched_when_they_are_needed(store: Store, registry: FakeRegistry) -> None:
    found = look(store, registry)
    assert registry.count("GET .*/blobs/") == 1  # the config
    assert [step.created_by for step in found.image.config.history] == [
        "RUN 0",
        "RUN 1",
        'CMD ["sh"]',
    ]
    assert [layer.size for layer in found.image.layers] == [len(BASE), ZIPPED.blob.size]
    assert not list((store.root / "tmp/spool").iterdir())
    found.read_layer(1, Silent())
    assert registry.count("GET .*/blobs/") == 2
    found.read_all()
    assert registry.count("GET .*/blobs/") == 3
    assert store.images() == []
    facts = found.facts(1)
    assert facts is not None
    assert (str(facts.digest), facts.codec, facts.blob_size) == (BLOB, "gzip", ZIPPED.blob.size)


def test_files_are_read_from_what_was_fetched(store: Store, registry: FakeRegistry) -> None:
    found = look(store, registry)
    found.read_all()
    registry.asked.clear()
    assert b"".join(read_file(found, b"noise")) == NOISE
    assert b"".join(read_file(found, b"etc/motd")) == b"welcome"
    assert registry.asked == []


def test_a_store_that_cannot_be_written_gets_nothing(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = store.spool_file(f"blob-{BLOB.partition(':')[2]}")
    half.write_bytes(b"half")
    monkeypatch.setattr(Store, "is_writable", False)
    found = look(store, registry)
    found.read_all()
    assert b"".join(read_file(found, b"noise")) == NOISE
    assert half.read_bytes() == b"half"
    assert [file.name for file in (store.root / "tmp").rglob("*")] == ["spool", half.name]
    assert not list((store.root / "layers").iterdir())


def test_an_index_that_is_kept_needs_no_blob_until_a_file_is_read(
    store: Store, registry: FakeRegistry
) -> None:
    look(store, registry).read_all()
    for spooled in (store.root / "tmp/spool").iterdir():
        spooled.unlink()
    found = look(store, registry)
    registry.asked.clear()
    found.read_all()
    facts = found.facts(1)
    assert facts is not None
    assert (facts.codec, facts.blob_size) == ("gzip", ZIPPED.blob.size)
    assert registry.asked == []
    assert b"".join(read_file(found, b"small")) == b"small"
    assert registry.count(f"GET .*/blobs/{BLOB}") == 1


def test_what_was_looked_at_is_not_fetched_again_by_a_pull(
    store: Store, registry: FakeRegistry
) -> None:
    look(store, registry).read_all()
    registry.sent.clear()
    done = pull(store, registry)
    assert done.blobs_added == 4
    assert registry.sent.get(BLOB) is None
    assert faults(store) == []


def test_what_was_pulled_is_looked_at_in_the_store(store: Store, registry: FakeRegistry) -> None:
    pull(store, registry)
    registry.sent.clear()
    found = look(store, registry)
    found.read_all()
    assert b"".join(read_file(found, b"small")) == b"small"
    assert BLOB not in registry.sent
    assert isinstance(found.image.layers[1].place, FileRange)


def test_two_who_look_at_once_fetch_once(tmp_path: Path, registry: FakeRegistry) -> None:
    from concurrent.futures import ThreadPoolExecutor

    stores = [Store.open(tmp_path / "shared") for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda store: look(store, registry).read_all(), stores))
    assert registry.sent[BLOB] == ZIPPED.blob.size
    for store in stores:
        store.close()
