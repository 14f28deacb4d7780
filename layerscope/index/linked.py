"""Entries below symlinks of their own layer: they go where the symlink points at that moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layerscope.archive.entry import Kind
from layerscope.archive.paths import follow, join
from layerscope.archive.scan import ScannedEntries
from layerscope.index.names import Mark


def through_symlinks(
    names: list[bytes], entries: ScannedEntries, marks: Mapping[int, Mark], kept: list[int]
) -> list[int]:
    """Rewrite ``names`` as an extraction in the order of the tar would place them.

    Gives the numbers of the entries that are still there afterwards: what stood below a directory
    is gone once something else took its name, and a marker below what is no directory has nothing
    to hide (umoci writes such whiteouts). Raises InvalidTar for a cycle of symlinks.
    """
    symlinks: dict[bytes, bytes] = {}
    replaced: dict[bytes, int] = {}
    no_folders: set[bytes] = set()
    for i in kept:
        folder, _, base = names[i].rpartition(b"/")
        names[i] = name = join(follow(folder, symlinks.get), base)
        if i in marks:
            continue
        symlinks.pop(name, None)
        if entries.kind[i] == Kind.SYMLINK:
            symlinks[name] = entries.links[i]
        if entries.kind[i] == Kind.DIR:
            no_folders.discard(name)
        else:
            no_folders.add(name)
            replaced[name] = i
    return [
        i
        for i in kept
        if not _is_replaced(names[i], i, replaced)
        and not (i in marks and _has_parent_in(no_folders, names[i]))
    ]


def _is_replaced(name: bytes, i: int, replaced: Mapping[bytes, int]) -> bool:
    return any(replaced.get(folder, -1) > i for folder in _parents(name))


def _has_parent_in(paths: set[bytes], name: bytes) -> bool:
    return any(folder in paths for folder in _parents(name))


def _parents(name: bytes) -> Iterator[bytes]:
    folder = name.rpartition(b"/")[0]
    while folder:
        yield folder
        folder = folder.rpartition(b"/")[0]
