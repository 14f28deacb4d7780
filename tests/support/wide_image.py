"""An image of as many entries as asked, as an index and a blob."""

from __future__ import annotations

import os
from pathlib import Path

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.writer import TarWriter
from layerscope.cow.index_lower import IndexLower
from layerscope.index.ingest import index_layer
from layerscope.index.layer import LayerIndex
from layerscope.index.merge import StackBuilder


def wide_lower(directory: Path, entries: int) -> IndexLower:
    """One layer with that many files, a thousand in a directory."""
    directory.mkdir()
    blob = directory / "layer.tar"
    with open(blob, "wb") as out:
        writer = TarWriter(out)
        for number in range(entries):
            if number % 1000 == 0:
                writer.add(Entry(b"d%04d" % (number // 1000), Kind.DIR, mode=0o755))
            writer.add(Entry(b"d%04d/f%07d" % (number // 1000, number), Kind.FILE))
        writer.close()
    with open(blob, "rb") as raw:
        index_layer(raw, lambda diff_id: directory / "index")
    view = StackBuilder().push(LayerIndex.open(directory / "index"), directory / "stack")
    fd = os.open(blob, os.O_RDONLY)
    return IndexLower(view, lambda layer, offset, size: os.pread(fd, size, offset))
