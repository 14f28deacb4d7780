"""Full copies as a storage driver, to compare with: every container holds all of its image.

The copy is a writable layer like any other, one that hides everything below: each of its
directories but the root is opaque. So the other drivers can open it.
"""

from __future__ import annotations

import os
import stat
from contextlib import AbstractContextManager

from layerscope.archive.writer import Output, TarWriter
from layerscope.cow.commit import check_names, layer_entries, write_entries
from layerscope.cow.compare import differs
from layerscope.cow.copy_up import copy_up
from layerscope.cow.driver import Layers
from layerscope.cow.driver_engine import EngineDriver
from layerscope.cow.engine import Engine
from layerscope.cow.lower import LowerNode
from layerscope.cow.node import Missing, Node
from layerscope.cow.place import Place
from layerscope.cow.stat import Stat
from layerscope.cow.written import Written, written

_CHUNK = 1 << 20
_Inodes = dict[tuple[int, int], Node]


class VfsDriver:
    """Files in a full copy."""

    name = "vfs"

    def create(self, layers: Layers, place: Place) -> None:
        """Copy the whole image: its cost grows with it."""
        place.make()
        with self.files(layers, place) as engine:
            _fill(engine, engine.core.root, {})

    def files(self, layers: Layers, place: Place) -> AbstractContextManager[Engine]:
        """The copy."""
        return EngineDriver().files(layers, place)

    def commit(self, layers: Layers, place: Place, out: Output) -> None:
        """What differs from the image, found by comparing everything."""
        with self.files(layers, place) as engine:
            entries = _changed(engine)
            check_names(entries)
            writer = TarWriter(out)
            write_entries(engine, layer_entries(engine, entries), writer)
            writer.close()


def _fill(engine: Engine, directory: Node, inodes: _Inodes) -> None:
    core = engine.core
    for name in sorted(core.names(directory)):
        node = core.child(directory, name)
        assert not isinstance(node, Missing)
        if node.lower is None:
            continue
        found, layer = node.lower.stat(), node.lower.layer
        first = inodes.setdefault((layer, found.ino), node)
        if first is not node and found.fmt != stat.S_IFDIR:
            assert first.parent is not None
            here, there = core.fd(first.parent), core.fd(directory)
            before = os.stat(b".", dir_fd=there)
            os.link(first.name, name, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
            os.utime(b".", ns=(before.st_atime_ns, before.st_mtime_ns), dir_fd=there)
            node.upper, node.lower = True, None
            node.weight = first.weight = -1
            continue
        copy_up(core, node)
        if node.fmt == stat.S_IFDIR:
            _fill(engine, node, inodes)
            core.upper.mark_opaque(core.fd(directory), name)
            node.opaque, node.lower = True, None


def _differs(engine: Engine, path: bytes, found: Stat, below: LowerNode) -> bool:
    """Nothing tells what was written to, so everything is looked at."""
    was, full = below.stat(), b"/" + path
    if differs(was, found) or was.mtime_ns != found.mtime_ns:
        return True
    names = engine.listxattr(full)
    if {name: engine.getxattr(full, name) for name in names} != dict(below.xattrs()):
        return True
    if found.fmt == stat.S_IFLNK:
        return engine.readlink(full) != below.readlink()
    return found.fmt == stat.S_IFREG and not _same_content(engine, full, below)


def _same_content(engine: Engine, path: bytes, below: LowerNode) -> bool:
    source, offset = below.open(), 0
    try:
        with engine.open(path) as handle:
            while data := handle.pread(_CHUNK, offset):
                if source.pread(len(data), offset) != data:
                    return False
                offset += len(data)
        return True
    finally:
        source.close()


def _changed(engine: Engine) -> list[Written]:
    """What differs, with the directories that it stands in."""
    entries: dict[bytes, Written] = {}
    directories: dict[bytes, Written] = {}
    for one in written(engine):
        path, found, below, _ = one
        if found is not None and found.fmt == stat.S_IFDIR:
            directories[path] = one._replace(opaque=False)
        if found is None or below is None or (path and _differs(engine, path, found, below)):
            entries[path] = one._replace(opaque=False)
        if path and path in directories and below is not None and below.fmt == stat.S_IFDIR:
            alive = engine.names(b"/" + path)
            gone = [path + b"/" + name for name, _ in below.names() if name not in alive]
            entries.update((name, Written(name, None, None, False)) for name in gone)
    for path in list(entries):
        while path:
            path = path.rpartition(b"/")[0]
            entries.setdefault(path, directories[path])
    return sorted(entries.values(), key=lambda one: one.path.split(b"/"))
