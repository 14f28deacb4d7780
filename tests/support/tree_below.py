"""A plain tree of the host as what stands below a layer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.walk import walk_tree


class TreeBelow:
    """Tells of the tree as it was when this was made."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries = {
            entry.path: entry for entry, _ in walk_tree(root) if entry.kind is not Kind.HARDLINK
        }

    def entry(self, path: bytes) -> Entry | None:
        """What stands at ``path``."""
        return self._entries.get(path)

    def content(self, path: bytes) -> Iterator[bytes | memoryview]:
        """A file's content."""
        yield (self._root / os.fsdecode(path)).read_bytes()
