"""Whiteouts and opaque markers below what the same layer makes a file: umoci writes them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.archive.unpack import unpack_layer
from tests.support.layers import file, tar

_ROOT = Form(Namespace.TRUSTED, Whiteouts.DEVICE, Owners.REAL)


class _Below:
    """A directory `d` with a file in it."""

    def entry(self, path: bytes) -> Entry | None:
        kinds = {b"": Kind.DIR, b"d": Kind.DIR, b"d/x": Kind.FILE}
        return Entry(path, kinds[path]) if path in kinds else None

    def content(self, path: bytes) -> Iterator[bytes]:
        yield b""


@pytest.mark.skipif(os.geteuid() != 0, reason="whiteouts as devices need root")
@pytest.mark.parametrize("marker", ["d/.wh.x", "d/.wh..wh..opq", "d/e/.wh.x"])
@pytest.mark.parametrize("first", ["file", "marker"])
def test_they_hide_nothing(tmp_path: Path, marker: str, first: str) -> None:
    entries = [file("d", b"now a file"), file(marker)]
    ordered = entries if first == "file" else entries[::-1]
    unpack_layer(io.BytesIO(tar(ordered)), tmp_path, _ROOT, _Below())
    assert [path.name for path in tmp_path.rglob("*")] == ["d"]
    assert (tmp_path / "d").read_bytes() == b"now a file"
