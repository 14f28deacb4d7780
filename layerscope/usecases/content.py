"""Bytes out of an image: a file, or a file or folder with all below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from layerscope.archive import made_tar
from layerscope.archive.entry import Entry, Kind
from layerscope.errors import LayerscopeError
from layerscope.index.change import Change
from layerscope.index.stack import StackView
from layerscope.usecases.opened import OpenImage
from layerscope.usecases.tree import find

_MAX_LINKS = 40


def read_file(image: OpenImage, path: bytes, layer: int | None = None) -> Iterator[bytes]:
    """A file's content after ``layer`` (the last for None), symlinks followed, in chunks.

    Raises NoSuchPath, NoSuchLayer, NotAFile, BrokenBlob.
    """
    stack = image.need_stack(layer)
    return image.read_file(stack, _followed(stack, path))


def tar_of(image: OpenImage, path: bytes) -> made_tar.MadeTar:
    """A tar of ``path`` and all below it, under its own name, as `docker cp` gives it.

    Raises NoSuchPath.
    """
    stack = image.need_stack(None)
    return made_tar.tar_of(_members(image, stack, find(stack, path)))


def copy_out(image: OpenImage, path: bytes, dest: Path) -> None:
    """Copy ``path`` with all below it to ``dest``, into it if that is a folder.

    A file keeps mode and mtime; a folder's content keeps owners as well where the user may.
    Raises NoSuchPath, LayerscopeError, OSError.
    """
    stack = image.need_stack(None)
    row = find(stack, path)
    target = dest / _host_name(stack.name(row)) if dest.is_dir() and row else dest
    if stack.kind(row) is not Kind.DIR:
        _copy_file(image, stack, _followed(stack, path), target)
        return
    from layerscope.archive.apply import apply_layer

    target.mkdir(exist_ok=True)
    with made_tar.tar_of(_members(image, stack, row, keep_name=False)) as tar:
        apply_layer(tar, target)


def _members(
    image: OpenImage, stack: StackView, start: int, *, keep_name: bool = True
) -> Iterator[tuple[Entry, Callable[[], Iterator[bytes]]]]:
    """Entries below a row with names from there on; hard links to what is outside become files."""
    base = stack.path(start)
    cut = len(base.rpartition(b"/")[0]) if keep_name else len(base)
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
        kind = stack.layers[source[0]].entry(source[1]).kind
        if kind is Kind.FILE:
            inside[source] = name
            whole = replace(entry, path=name, kind=kind, link=b"", sparse=None)
            yield whole, partial(image.read_file, stack, row)
        elif name:
            yield replace(entry, path=name, kind=kind), _nothing


def _nothing() -> Iterator[bytes]:
    return iter(())


def _copy_file(image: OpenImage, stack: StackView, row: int, target: Path) -> None:
    entry = stack.entry(row)
    chunks = image.read_file(stack, row)
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    try:
        with temporary.open("xb") as out:
            for chunk in chunks:
                out.write(chunk)
            os.fchmod(out.fileno(), entry.mode & 0o777)
        nanos = entry.mtime * 10**9 + entry.mtime_ns
        os.utime(temporary, ns=(nanos, nanos))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _followed(stack: StackView, path: bytes) -> int:
    """The row of a path with symlinks followed; they stay within the image."""
    from layerscope.archive.paths import follow

    def target(place: bytes) -> bytes | None:
        row = stack.find(place)
        if row is None or stack.change[row] == Change.REMOVED:
            return None
        return stack.entry(row).link if stack.kind(row) is Kind.SYMLINK else None

    return find(stack, follow(path, target))


def _host_name(name: bytes) -> str:
    if b"\0" in name or name in (b"", b".", b".."):
        raise LayerscopeError(repr(name), "it is no name for a file")
    return name.decode("utf-8", "surrogateescape")
