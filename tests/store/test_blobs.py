"""Blobs: whole, with the digest of their name, or not there."""

from __future__ import annotations

import os

import pytest

from layerscope.oci.digest import Digest
from layerscope.store.blobs import MissingBlob, WrongDigest
from layerscope.store.store import Store
from tests.support.stores import files

DATA = b"some content"
DIGEST = Digest.of(DATA)


def test_what_is_put_comes_back(store: Store) -> None:
    with store.hold() as hand:
        assert store.blobs.put(DATA, hand) == DIGEST
    assert store.blobs.has(DIGEST)
    assert store.blobs.size(DIGEST) == len(DATA)
    assert store.blobs.read(DIGEST) == DATA
    with store.blobs.open(DIGEST) as file:
        assert file.read() == DATA


def test_a_blob_is_readable_by_others(store: Store) -> None:
    with store.hold() as hand:
        store.blobs.put(DATA, hand)
    assert store.blobs.path(DIGEST).stat().st_mode & 0o777 == 0o644


def test_putting_twice_changes_nothing(store: Store) -> None:
    with store.hold() as hand:
        store.blobs.put(DATA, hand)
        before = store.blobs.path(DIGEST).stat()
        store.blobs.put(DATA, hand)
    assert os.path.samestat(store.blobs.path(DIGEST).stat(), before)


def test_a_wrong_digest_leaves_nothing_behind(store: Store) -> None:
    before = files(store.root)
    with store.hold() as hand, store.blobs.writer(hand) as writer:
        writer.write(b"other content")
        with pytest.raises(WrongDigest, match="its bytes have the digest"):
            writer.commit(DIGEST)
    assert files(store.root) == before


def test_what_is_not_committed_leaves_nothing_behind(store: Store) -> None:
    before = files(store.root)
    with store.hold() as hand, store.blobs.writer(hand) as writer:
        writer.write(DATA)
    assert files(store.root) == before


def test_missing_and_damaged_blobs_are_told(store: Store) -> None:
    for read in (store.blobs.read, store.blobs.size, store.blobs.open):
        with pytest.raises(MissingBlob, match=DIGEST.short):
            read(DIGEST)
    store.blobs.path(DIGEST).write_bytes(b"something else")
    with pytest.raises(WrongDigest):
        store.blobs.read(DIGEST)


def test_a_writer_hashes_what_it_takes_in_pieces(store: Store) -> None:
    with store.hold() as hand, store.blobs.writer(hand) as writer:
        for byte in DATA:
            writer.write(memoryview(bytes([byte])))
        assert writer.size == len(DATA)
        assert writer.commit(DIGEST) == DIGEST
