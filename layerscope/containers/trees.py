"""An image's layers as directories that the kernel's overlay can be mounted on.

Each is unpacked once, when a process first needs it, beside the layer's index. What a layer leaves
unsaid (parents without an entry, links into lower layers) it takes from the layers below it, so a
tree belongs to a chain of layers; and one that an ordinary user unpacked serves no root, so its
form is in its name, too.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from layerscope.archive.overlay import Form, Namespace, Owners, Whiteouts

if TYPE_CHECKING:
    from layerscope.archive.entry import Entry
    from layerscope.index.stack import StackView
    from layerscope.sources.opened import OpenImage
    from layerscope.store.images import StoredImage, StoredLayer
    from layerscope.store.store import Store


def tree_form() -> Form:
    """How this user's trees are written: everything as it is for root; for others as the kernel
    wants it in a user namespace, where all belongs to one user."""
    if os.geteuid() == 0:
        return Form(Namespace.TRUSTED, Whiteouts.DEVICE, Owners.REAL)
    return Form(Namespace.USER, Whiteouts.DEVICE, Owners.OWN)


def unpacked(store: Store, image: StoredImage) -> list[Path]:
    """The directories of an image's layers, bottom first; those that are missing are made.

    Raises InvalidTar, UnpackFailed, LayerscopeError, OSError.
    """
    trees = tree_places(store, image)
    missing = [number for number, tree in enumerate(trees) if not tree.is_dir()]
    if missing:
        _unpack(store, image, {number: trees[number] for number in missing})
    return trees


def tree_places(store: Store, image: StoredImage) -> list[Path]:
    """Where they are, or would be."""
    return [_tree_of(store, layer) for layer in image.layers]


def _tree_of(store: Store, layer: StoredLayer) -> Path:
    whose = "root" if os.geteuid() == 0 else f"user-{os.geteuid()}"
    return store.layer_dir(layer.diff_id) / f"tree-{whose}-{layer.chain_id.hex[:16]}"


def _unpack(store: Store, image: StoredImage, missing: dict[int, Path]) -> None:
    from layerscope.sources.opened import OpenImage
    from layerscope.sources.stored import open_stored

    opened = OpenImage(open_stored(store, image), store)
    opened.read_all()
    for number, tree in missing.items():
        _unpack_layer(opened, number, tree)


def _unpack_layer(opened: OpenImage, number: int, tree: Path) -> None:
    from layerscope.archive.codec import decoded
    from layerscope.archive.unpack import unpack_layer
    from layerscope.store.disk import remove_tree

    layer = opened.image.layers[number]
    # A name that the store's collector knows to be half-written once the process is gone.
    making = tree.with_name(f".tree.{os.getpid()}.{os.urandom(4).hex()}")
    making.mkdir(mode=0o755)
    below = _Below(opened, opened.need_stack(number - 1)) if number else None
    try:
        with layer.open() as raw:
            stream = decoded(cast(io.RawIOBase, raw), layer.codec())
            unpack_layer(stream, making, tree_form(), below)
        try:
            making.rename(tree)
        except OSError:
            if not tree.is_dir():  # else somebody else was faster
                raise
    finally:
        remove_tree(making)


class _Below:
    """The stack below a layer, as its unpacking asks for it."""

    def __init__(self, opened: OpenImage, stack: StackView) -> None:
        self._opened = opened
        self._stack = stack

    def entry(self, path: bytes) -> Entry | None:
        """What stands at ``path``; hard links as files."""
        from dataclasses import replace

        from layerscope.archive.entry import Kind
        from layerscope.index.change import Change

        row = self._stack.find(path)
        if row is None or self._stack.change[row] == Change.REMOVED:
            return None
        entry = self._stack.entry(row)
        if entry.kind is Kind.HARDLINK:
            layer, own = self._stack.source(row)
            kind = Kind(self._stack.layers[layer].kind[own])
            return replace(entry, kind=kind, link=b"")
        return entry

    def content(self, path: bytes) -> Iterator[bytes]:
        """The content of the file at ``path``."""
        row = self._stack.find(path)
        assert row is not None
        yield from self._opened.read_file(self._stack, row)
