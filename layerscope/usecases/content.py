"""Bytes out of an image: a file's content, or a path with all below it as a tar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from layerscope.archive import made_tar
from layerscope.archive.entry import Entry, Kind
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.usecases.opened import OpenImage
from layerscope.usecases.paths import find, find_followed

Members = Iterator[tuple[Entry, Callable[[], Iterator[bytes]]]]


def read_file(image: OpenImage, path: bytes, layer: int | None = None) -> Iterator[bytes]:
    """A file's content after ``layer`` (the last for None), symlinks followed, in chunks.

    Raises NoSuchPath, NoSuchLayer, NotAFile, BrokenBlob.
    """
    stack = image.need_stack(layer)
    return image.read_file(stack, find_followed(stack, path))


def tar_of(image: OpenImage, path: bytes, *, follow: bool = False) -> made_tar.MadeTar:
    """A tar of ``path`` and all below it, under its own name, as ``docker cp`` gives it.

    ``follow`` takes what a symlink points to. Raises NoSuchPath, NoSuchLayer.
    """
    stack = image.need_stack(None)
    return made_tar.tar_of(members(image, stack, source_row(stack, path, follow)))


def source_row(stack: StackView, path: bytes, follow: bool) -> int:
    """The row that a copy of ``path`` starts at; a slash at its end follows a symlink, too."""
    if follow or path.endswith((b"/", b"/.")):
        return find_followed(stack, path)
    return find(stack, path)


def members(image: OpenImage, stack: StackView, start: int, *, own_name: bool = True) -> Members:
    """Entries at and below a row, with their content, as a tar of them has it.

    Names start with the row's own, or below it. Hard links to what is outside become files.
    """
    base = stack.path(start)
    cut = len(base.rpartition(b"/")[0]) if own_name else len(base)
    inside: dict[tuple[int, int], bytes] = {}
    for row in range(start, stack.end[start]):
        if stack.change[row] == Change.REMOVED:
            continue
        entry = stack.entry(row)
        name = entry.path[cut:].lstrip(b"/")
        source = stack.source(row)
        if entry.kind is Kind.HARDLINK and source in inside:
            yield replace(entry, path=name, link=inside[source], size=0), _nothing
            continue
        original = stack.layers[source[0]].entry(source[1])
        if original.kind is Kind.FILE:
            inside[source] = name
            whole = replace(entry, path=name, kind=Kind.FILE, link=b"", sparse=None)
            yield whole, partial(image.read_file, stack, row)
        elif name:
            yield replace(entry, path=name, kind=original.kind, link=original.link), _nothing


def _nothing() -> Iterator[bytes]:
    return iter(())
