"""Applies layers, one after the other, to one plain tree of the host."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from layerscope.archive.blob import Readable
from layerscope.archive.entry import Entry
from layerscope.archive.folders import Folders
from layerscope.archive.nodes import Nodes
from layerscope.archive.paths import join
from layerscope.archive.placing import Placer
from layerscope.archive.read_tar import read_tar
from layerscope.archive.scan import ScanLimits


def apply(layers: Iterable[Readable], dest: Path, limits: ScanLimits | None = None) -> None:
    """Apply tar streams, bottom layer first, to the directory ``dest``.

    The result is the root file system as umoci unpacks it. Raises InvalidTar, UnpackFailed and
    what a stream raises; then ``dest`` holds a part of it.
    """
    for layer in layers:
        apply_layer(layer, dest, limits)


def apply_layer(stream: Readable, dest: Path, limits: ScanLimits | None = None) -> None:
    """Apply one more layer to a tree; as :func:`apply`."""
    with Folders(dest) as folders:
        placer = Placer(folders, Nodes(None), _NothingElse())
        placer.marks = _Removal(placer)
        placer.keep_times(b"")
        try:
            read_tar(stream, placer, limits)
            placer.finish()
        finally:
            placer.abandon()


class _NothingElse:
    """The layers below stand in the directory itself."""

    def entry(self, path: bytes) -> Entry | None:
        """There is nothing besides."""

    def content(self, path: bytes) -> Iterator[bytes | memoryview]:
        """There is nothing besides."""
        return iter(())


class _Removal:
    """Whiteouts and opaque markers that remove what lower layers have put there."""

    def __init__(self, placer: Placer) -> None:
        self._placer = placer

    def whiteout(self, path: bytes) -> None:
        """Remove ``path``; what this layer has put there or below it stays."""
        todo = [path]
        while todo:
            path = todo.pop()
            found = self._placer.lstat(path)
            if found is None:
                continue
            if path not in self._placer.placed:
                self._placer.keep_times(path.rpartition(b"/")[0])
                self._placer.remove(path)
            elif stat.S_ISDIR(found.st_mode):
                todo += self._children(path)

    def opaque(self, path: bytes) -> None:
        """Remove what lower layers have put into ``path``."""
        found = self._placer.lstat(path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            for child in self._children(path):
                self.whiteout(child)

    def replaced(self, path: bytes) -> None:
        """Nothing to note."""

    def made(self, path: bytes) -> None:
        """Nothing to note."""

    def finish(self) -> None:
        """Nothing is left to do."""

    def _children(self, path: bytes) -> list[bytes]:
        names = os.listdir(self._placer.folders.fd(path))
        return [join(path, os.fsencode(name)) for name in names]
