"""An opened image: read where it lies, whatever else of it was read before."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from layerscope.sources.opened import OpenImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from sample_images.archives import GZIP, ZSTD, Blob, Layer
from tests.support.images import BASE, TOP, docker_members, image, oci_members, write_tar

FORMS: dict[str, Callable[[bytes], Layer]] = {
    "plain": Layer.plain,
    "gzip": lambda data: Layer(Blob(data), Blob(gzip.compress(data)), GZIP),
    "zstd": lambda data: Layer(Blob(data), Blob(zstandard.compress(data)), ZSTD),
}


def opened(store: Store, path: Path) -> OpenImage:
    made = OpenImage(open_target(str(path), store), store)
    made.read_all()
    return made


@pytest.mark.parametrize("first", FORMS)
@pytest.mark.parametrize("second", FORMS)
def test_two_forms_of_one_layer_share_its_index(
    store: Store, tmp_path: Path, first: str, second: str
) -> None:
    for form in (first, second):
        made = image("app:1", layers=[FORMS[form](data) for data in (BASE, TOP)])
        looked_at = opened(store, write_tar(tmp_path / form, oci_members(made)))
        stack = looked_at.need_stack(None)
        row = stack.find(b"etc/motd")
        assert row is not None
        assert b"".join(looked_at.read_file(stack, row)) == b"changed"
        facts = looked_at.facts(1)
        assert facts is not None
        assert (facts.codec, facts.digest.hex) == (form, made.layers[1].blob.sha256)
        assert facts.blob_size == made.layers[1].blob.size


def test_what_is_looked_at_is_not_collected(store: Store, tmp_path: Path) -> None:
    looked_at = opened(store, write_tar(tmp_path / "a", docker_members(image("app:1"))))
    assert Store.open(store.root).collect().layers == ()
    assert len(looked_at.stacks()) == 2
    store.close()
    assert len(Store.open(store.root).collect().layers) == 2
