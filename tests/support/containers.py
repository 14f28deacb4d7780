"""Containers for tests: layers unpacked from tars, and an engine over them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerscope.archive.overlay import Form
from layerscope.archive.unpack import unpack_layer
from layerscope.cow.directory_lower import DirectoryLower
from layerscope.cow.engine import Engine, open_engine
from layerscope.cow.form import detect_form
from layerscope.cow.index_lower import IndexLower
from layerscope.cow.lower import Lower
from tests.support.layers import stacks


def unpack(tars: Sequence[bytes], into: Path, form: Form) -> list[Path]:
    """Each tar as an unpacked layer, bottom first."""
    layers = []
    for number, tar in enumerate(tars):
        layer = into / f"layer{number}"
        layer.mkdir(parents=True)
        unpack_layer(io.BytesIO(tar), layer, form)
        layer.chmod(0o755)
        layers.append(layer)
    return layers


def indexed(tars: Sequence[bytes], into: Path) -> Lower:
    """The same layers as indexes and blobs, nothing unpacked."""
    into.mkdir(parents=True, exist_ok=True)
    view = stacks(tars, into)[-1]

    def read(layer: int, offset: int, size: int) -> bytes:
        return tars[layer][offset : offset + size]

    return IndexLower(view, read)


def writable(directory: Path) -> Path:
    """A directory with an empty ``upper`` and ``work``."""
    for name in ("upper", "work"):
        (directory / name).mkdir(parents=True)
    (directory / "upper").chmod(0o755)
    return directory


@contextmanager
def container(
    layers: Sequence[Path] | Lower, directory: Path, form: Form | None = None
) -> Iterator[Engine]:
    """An engine over the layers; a second time on one directory, the same container again."""
    if not (directory / "upper").exists():
        writable(directory)
    form = form or detect_form(directory)
    if isinstance(layers, Sequence):
        lower: Lower = DirectoryLower(layers, form.namespace, form.owners)
    else:
        lower = layers
    with open_engine(lower, directory / "upper", directory / "work", form) as engine:
        yield engine


def is_root() -> bool:
    """Whether this process may do everything."""
    return os.geteuid() == 0


@contextmanager
def fails(number: int) -> Iterator[None]:
    """The block raises this errno."""
    with pytest.raises(OSError, match=rf"\[Errno {number}\]"):
        yield
