"""What became of a path that a layer gives again: other content, other metadata, or neither."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.archive.entry import Kind
from layerscope.index.alive import Alive
from layerscope.index.change import Change
from layerscope.index.layer import LayerIndex
from layerscope.index.rows import Flag

Column = npt.NDArray[Any]

_BY_TEXT = (Kind.SYMLINK, Kind.CHAR, Kind.BLOCK)


def changes_of(
    below: Alive, lower: Column, layers: list[LayerIndex], upper: Column
) -> npt.NDArray[np.uint8]:
    """The mark of each pair: row ``lower`` of the stack below, row ``upper`` of the top layer.

    Directories' mtimes don't count; files' do, where both have nanoseconds to the nanosecond
    (Docker compares so, too).
    """
    top = layers[-1]

    def pair(column: str) -> tuple[Column, Column]:
        return below.gather(layers, column, lower), top.np(column)[upper]

    def differs(column: str) -> Column:
        old, new = pair(column)
        unequal: Column = old != new
        return unequal

    old_kind, new_kind = (np.where(k == Kind.HARDLINK, Kind.FILE, k) for k in pair("kind"))
    is_file, is_dir = new_kind == Kind.FILE, new_kind == Kind.DIR
    content = (old_kind != new_kind) | (is_file & (differs("size") | differs("xxh3")))
    old_ns, new_ns = pair("mtime_ns")
    touched = differs("mtime") | ((old_ns != new_ns) & (old_ns != 0) & (new_ns != 0))
    metadata = differs("mode") | differs("uid") | differs("gid") | (touched & ~is_dir)
    old_flags, new_flags = pair("flags")
    spoken = ((old_flags | new_flags) & Flag.EXTRA != 0) | np.isin(new_kind, _BY_TEXT)
    for i in np.flatnonzero(spoken & ~content).tolist():
        old, old_row = layers[int(below.layer[lower[i]])], int(below.row[lower[i]])
        new_row = int(upper[i])
        by_text = int(new_kind[i]) in _BY_TEXT
        content[i] = by_text and (
            old.link(old_row) != top.link(new_row)
            or old.entry(old_row).device != top.entry(new_row).device
        )
        metadata[i] |= old.entry(old_row).xattrs != top.entry(new_row).xattrs
    same = np.where(is_dir, Change.UNCHANGED, Change.REPEATED)
    marks = np.where(content, Change.MODIFIED, np.where(metadata, Change.METADATA, same))
    return marks.astype(np.uint8)
