"""What is done with a fuzzed input: everything that a look at it would do.

Whatever the input, it must end in success or in an error that is meant (LayerscopeError), touch
nothing outside its own folder, and end.
"""

from __future__ import annotations

import io
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from layerscope.archive.apply import apply_layer
from layerscope.archive.blob import FileRange
from layerscope.archive.codec import Codec, decoded, detect
from layerscope.archive.content import LayerContent, file_chunks
from layerscope.archive.entry import Kind
from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts
from layerscope.archive.unpack import unpack_layer
from layerscope.errors import LayerscopeError
from layerscope.index.ingest import index_layer
from layerscope.index.layer import LayerIndex
from layerscope.index.merge import StackBuilder
from layerscope.index.stack import StackView
from layerscope.sources.load import load_image
from layerscope.sources.opened import OpenImage
from layerscope.sources.target import open_target
from layerscope.store.store import Store
from layerscope.usecases.analyze import analyze
from layerscope.usecases.layers import list_layers
from layerscope.usecases.tree import tree
from tests.support.golden import apply_cases
from tests.support.odd_layers import odd_layers

_MUCH = 1 << 20
_FORM = Form(Namespace.USER, Whiteouts.DEVICE, Owners.OVERRIDE)


class Escaped(Exception):
    """Something was written outside the folder that was given."""


class Room:
    """A folder to work in, with a store; emptied after each input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._store = Store.open(folder / "store")
        self._bases = list(_bases(folder))
        self._count = 0

    def close(self) -> None:
        """Remove everything."""
        self._store.close()
        shutil.rmtree(self.folder)

    def check_layer(self, blob: bytes, number: int) -> None:
        """Index a layer, look at it on top of another, and now and then unpack and read it."""
        with suppress(LayerscopeError):
            self._index(blob, self._bases[number % len(self._bases)])
        if number % 4 == 0:
            self._unpack(blob, plain=number % 8 == 0)

    def _index(self, blob: bytes, base: LayerIndex) -> None:
        path = self.folder / "index"
        index_layer(io.BytesIO(blob), lambda diff_id: path)
        index = LayerIndex.open(path)
        for row in range(len(index)):
            entry = index.entry(row)
            assert index.subtree_size(row) >= 0
            assert index.find(entry.path) is not None
        _read_files(blob, index, self.folder)
        builder = StackBuilder()
        builder.push(base, self.folder / "stack-0")
        _walk(builder.push(index, self.folder / "stack-1"))

    def _unpack(self, blob: bytes, *, plain: bool) -> None:
        outer = self.folder / "outer"
        inner = outer / "a" / "dest"
        inner.mkdir(parents=True)
        with suppress(LayerscopeError):
            stream = decoded(io.BytesIO(blob), detect(blob[:6]))
            if plain:
                apply_layer(stream, inner)
            else:
                unpack_layer(stream, inner, _FORM)
        if os.listdir(outer) != ["a"] or os.listdir(outer / "a") != ["dest"]:
            raise Escaped
        shutil.rmtree(outer)

    def check_image(self, archive: bytes, number: int) -> None:
        """Open an image archive, read all its layers, and now and then load it."""
        path = self.folder / "image"
        path.write_bytes(archive)
        with suppress(LayerscopeError):
            image = open_target(str(path), self._store)
            opened = OpenImage(image, self._store)
            opened.read_all()
            list_layers(opened)
            if opened.layer_count:
                analyze(opened)
                list(tree(opened))
                stack = opened.need_stack(None)
                for row in range(len(stack)):
                    if stack.kind(row) is Kind.FILE and stack.size(row) < _MUCH:
                        b"".join(opened.read_file(stack, row))
            if number % 5 == 0:
                load_image(image, self._store, None)
        self._empty_store()

    def _empty_store(self) -> None:
        self._count += 1
        shutil.rmtree(self._store.root / "layers", ignore_errors=True)
        (self._store.root / "layers").mkdir()
        if self._count % 200 == 0:
            self._store.close()
            shutil.rmtree(self._store.root)
            self._store = Store.open(self._store.root)


def _bases(folder: Path) -> Iterator[LayerIndex]:
    """Layers for others to stand on."""
    odd = (layers[0] for layers in map(odd_layers, map(random.Random, range(40))))
    for number, base in enumerate((apply_cases()[0].layers[0], *odd)):
        path = folder / f"base-{number}"
        with suppress(LayerscopeError):
            index_layer(io.BytesIO(base), partial(_at, path))
            yield LayerIndex.open(path)


def _at(path: Path, _: object) -> Path:
    return path


def _read_files(blob: bytes, index: LayerIndex, folder: Path) -> None:
    path = folder / "blob"
    path.write_bytes(blob)
    facts = index.facts
    content = LayerContent(FileRange.whole(path), Codec(facts.codec), "blob", facts.tar_size, None)
    for row in list(range(len(index)))[:5]:
        entry = index.entry(row)
        if entry.kind is Kind.FILE and entry.size < _MUCH:
            assert sum(map(len, file_chunks(content, entry))) == entry.size


def _walk(stack: StackView) -> None:
    for row in range(len(stack)):
        stack.entry(row)
        stack.path(row)
        stack.changes(row)
        assert stack.subtree_size(row) >= 0
        list(stack.children(row))
