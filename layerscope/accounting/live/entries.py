"""What the live ledger remembers of each path of a writable layer."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from layerscope.accounting.live.figures import Mark, Row
from layerscope.cow.index_lower import IndexNode
from layerscope.cow.lower import LowerNode
from layerscope.cow.stat import Stat

# What an inode looked like: number, time of the last change in nanoseconds, length. None where it
# was seen so soon after its last change that another one could have left the same time.
Key = tuple[int, int, int] | None


class Under:
    """What the image shows at a path."""

    __slots__ = ("_bytes", "_stat", "fmt", "layer", "node")

    def __init__(self, node: LowerNode) -> None:
        self.node = node
        self.fmt = node.fmt
        self.layer = node.layer
        self._stat: Stat | None = None
        self._bytes: int | None = None

    @property
    def stat(self) -> Stat:
        """Its metadata."""
        if self._stat is None:
            self._stat = self.node.stat()
        return self._stat

    @property
    def bytes(self) -> int:
        """Of a file or symlink its length, of a directory that of all files in it."""
        if self._bytes is None:
            self._bytes = self._measure()
        return self._bytes

    def _measure(self) -> int:
        if self.fmt != stat.S_IFDIR:
            return self.stat.size
        if isinstance(self.node, IndexNode):
            return self.node.lower.view.subtree_size(self.node.row)
        total, pending = 0, [self.node]
        while pending:
            node = pending.pop()
            if node.fmt == stat.S_IFDIR:
                found = (node.lookup(name) for name, _ in node.names())
                pending += [child for child in found if child is not None]
            else:
                total += node.stat().size
        return total


class Entry:
    """One name. ``size`` is what it adds to the layer, ``length`` the inode's own weight; ``mark``
    is None for a whiteout that deletes nothing; ``linked``: its inode has several names."""

    __slots__ = (
        "above",
        "copied",
        "ino",
        "key",
        "kind",
        "length",
        "linked",
        "mark",
        "mtime",
        "name",
        "size",
        "under",
    )

    def __init__(self, above: Folder | None, name: str, kind: str, mark: Mark | None) -> None:
        self.above = above
        self.name = name
        self.kind = kind
        self.mark = mark
        self.key: Key = None
        self.ino = 0
        self.length = 0
        self.size = 0
        self.mtime = 0
        self.copied = False
        self.linked = False
        self.under: Under | None = None

    @property
    def whiteout(self) -> bool:
        """Whether it only says that something is deleted."""
        return self.mark is Mark.DELETED or self.mark is None

    @property
    def shown(self) -> Mark | None:
        """The mark for people."""
        return self.mark

    @property
    def hides(self) -> int:
        """Bytes of the image that can't be seen because of it."""
        under = self.under
        return under.bytes if under is not None and self.mark is not None else 0

    @property
    def path(self) -> bytes:
        """From the layer's root."""
        parts = [self.name]
        above = self.above
        while above is not None and above.above is not None:
            parts.append(above.name)
            above = above.above
        return os.fsencode("/".join(reversed(parts)))

    def row(self) -> Row:
        """For people; only of what has a mark."""
        assert self.shown is not None
        under = self.under
        return Row(
            path=self.path,
            mark=self.shown,
            kind=self.kind,
            size=self.size,
            mtime=self.mtime / 1e9,
            from_layer=under.layer if under is not None else None,
            below=self.hides,
            opaque=isinstance(self, Folder) and self.opaque,
        )


class Folder(Entry):
    """A directory. ``covered``: nothing of the image shows in it; ``marked``: it may hold whiteouts
    that are files; ``changed`` counts what stands directly in it and is a change; ``ghosts`` are
    names that the image has there and that it covers; ``unread``: it may not be listed."""

    __slots__ = ("changed", "children", "covered", "ghosts", "marked", "opaque", "unread")

    def __init__(self, above: Folder | None, name: str, mark: Mark) -> None:
        super().__init__(above, name, "d", mark)
        self.children: dict[str, Entry] = {}
        self.ghosts: dict[str, Entry] = {}
        self.changed = 0
        self.opaque = False
        self.covered = False
        self.marked = False
        self.unread = False

    @property
    def shown(self) -> Mark | None:
        """A directory with a change in it is one."""
        if self.mark is Mark.UNCHANGED and self.changed:
            return Mark.CHANGED
        return self.mark

    @property
    def hides(self) -> int:
        """A directory hides a file that was there; what it covers is told by its ghosts."""
        under = self.under
        return under.bytes if under is not None and under.fmt != stat.S_IFDIR else 0

    @property
    def lower(self) -> LowerNode | None:
        """The directory that the image has there."""
        under = self.under
        return under.node if under is not None and under.fmt == stat.S_IFDIR else None

    def everything(self) -> Iterator[Entry]:
        """All below it, ghosts too."""
        pending: list[Folder] = [self]
        while pending:
            folder = pending.pop()
            yield from folder.ghosts.values()
            for child in folder.children.values():
                yield child
                if isinstance(child, Folder):
                    pending.append(child)
