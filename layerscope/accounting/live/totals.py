"""Sums over a writable layer's entries, kept by additions."""

from __future__ import annotations

from layerscope.accounting.live.entries import Entry, Folder
from layerscope.accounting.live.figures import Mark, Why


class Totals:
    """An inode with several names counts once: by that of its names which was copied up, or comes
    first. Which one that is, is found out when somebody asks."""

    def __init__(self) -> None:
        self._new = 0
        self._changed = 0
        self._unchanged = 0
        self._hidden = 0
        self._files = 0
        self._names: dict[int, set[Entry]] = {}
        self._counted: dict[int, Entry] = {}
        self._unsure: set[int] = set()

    def add(self, entry: Entry) -> None:
        """Count an entry."""
        self._hidden += entry.hides
        if entry.whiteout:
            return
        if isinstance(entry, Folder):
            self._new += entry.length
            return
        if entry.linked:
            self._names.setdefault(entry.ino, set()).add(entry)
            self._unsure.add(entry.ino)
        else:
            self._count(entry, 1)

    def add_plain(self, size: int) -> None:
        """Count a new file with one name."""
        self._files += 1
        self._new += size

    def remove(self, entry: Entry) -> None:
        """Count it no more."""
        self._hidden -= entry.hides
        if entry.whiteout:
            return
        if isinstance(entry, Folder):
            self._new -= entry.length
            return
        if not entry.linked:
            self._count(entry, -1)
            return
        if self._counted.get(entry.ino) is entry:
            del self._counted[entry.ino]
            self._count(entry, -1)
        names = self._names[entry.ino]
        names.discard(entry)
        self._unsure.add(entry.ino)

    def resize(self, folder: Folder, length: int) -> None:
        """A directory weighs something else now."""
        self._new += length - folder.length
        folder.length = folder.size = length

    def same_length(self, entry: Entry) -> None:
        """The other names of an inode have its length, too."""
        for other in self._names.get(entry.ino, ()):
            if other.length != entry.length:
                if self._counted.get(other.ino) is other:
                    del self._counted[other.ino]
                    self._count(other, -1)
                other.length = entry.length
                other.key = None
                self._unsure.add(other.ino)

    def others(self, entry: Entry, now: Entry | None) -> bool:
        """Whether the inode has names besides ``entry``'s, which is ``now`` that."""
        if now is not None and now.ino != entry.ino:
            now = None
        return any(one not in (entry, now) for one in self._names.get(entry.ino, ()))

    def settle(self) -> list[Entry]:
        """Decide which names count; returns those whose ``size`` changed."""
        changed = []
        for ino in self._unsure:
            names = self._names.get(ino)
            if not names:
                self._names.pop(ino, None)
                continue
            best = min(names, key=lambda entry: (not entry.copied, entry.path))
            before = self._counted.get(ino)
            if before is not best:
                if before is not None:
                    self._count(before, -1)
                self._counted[ino] = best
            elif before is not None:
                self._count(before, -1)
            for entry in names:
                size = entry.length if entry is best else 0
                if entry.size != size:
                    entry.size = size
                    changed.append(entry)
            self._count(best, 1)
        self._unsure.clear()
        return changed

    def why(self) -> Why:
        """The sums."""
        return Why(self._new, self._changed, self._unchanged, self._hidden)

    @property
    def files(self) -> int:
        """Inodes that are no directories, nor whiteouts."""
        return self._files

    def _count(self, entry: Entry, sign: int) -> None:
        self._files += sign
        size = sign * entry.length
        if not entry.copied:
            self._new += size
        elif entry.mark is Mark.UNCHANGED:
            self._unchanged += size
        else:
            self._changed += size
