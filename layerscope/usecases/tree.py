"""The files of an image after a layer, or what a layer changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layerscope.archive.entry import Entry
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.usecases.opened import OpenImage
from layerscope.usecases.paths import NoSuchPath, clean, find


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One path: everything known of it, the layer it comes from, what the top layer did to it.

    ``subtree_size`` is bytes at and below it, that are or that were there, each inode once: a file
    of several names counts at one of them.
    """

    entry: Entry
    layer: int
    change: Change
    subtree_size: int


def tree(image: OpenImage, path: bytes = b"", layer: int | None = None) -> Iterator[TreeRow]:
    """What is at and below ``path`` after ``layer`` (the last for None), in tree order.

    An image without layers has no files. Raises NoSuchPath, NoSuchLayer.
    """
    if not image.layer_count and layer is None:
        if clean(path):
            raise NoSuchPath(path)
        return iter(())
    stack = image.need_stack(layer)
    start = find(stack, path)
    return (
        _row(stack, row)
        for row in range(start or 1, stack.end[start])
        if stack.change[row] != Change.REMOVED
    )


def changes(image: OpenImage, layer: int, path: bytes = b"") -> Iterator[TreeRow]:
    """What ``layer`` added, changed or removed at and below ``path``, in tree order.

    Raises NoSuchPath, NoSuchLayer.
    """
    stack = image.need_stack(layer)
    start = find(stack, path, removed=True)
    return (
        _row(stack, row)
        for row in range(start or 1, stack.end[start])
        if Change(stack.change[row]).letter
    )


def _row(stack: StackView, row: int) -> TreeRow:
    change = Change(stack.change[row])
    size = stack.removed_size(row) if change is Change.REMOVED else stack.subtree_size(row)
    return TreeRow(stack.entry(row), stack.layer[row], change, size)
