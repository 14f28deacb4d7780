"""What a path of a writable layer is against the image, by the rules of Docker's change list."""

from __future__ import annotations

import os
import stat
import time
from operator import attrgetter

from layerscope.accounting.live.entries import Entry, Folder, Key, Under
from layerscope.accounting.live.figures import Mark
from layerscope.accounting.live.sight import LETTERS, Sight
from layerscope.accounting.sizes import SizeModel, weight
from layerscope.cow.compare import differs
from layerscope.cow.lower import Lower

# Two changes within a tick of the kernel's clock (10 ms at most) may carry one time.
_TICK = 20_000_000


class Judge:
    """Tells what entries are, and what they weigh by ``model``. ``lower`` is the image, closed with
    it unless it is ``shared``. ``measure`` gives what of an inode's figures its weight follows."""

    def __init__(
        self,
        lower: Lower,
        sight: Sight,
        model: SizeModel = SizeModel.CLASSIC,
        *,
        shared: bool = True,
    ) -> None:
        self.lower = lower
        self.sight = sight
        self.model = model
        by_length = model is SizeModel.CLASSIC
        self.measure = attrgetter("st_size" if by_length else "st_blocks")
        self._shared = shared
        self.now = 0

    def close(self) -> None:
        """Nothing is to be judged any more."""
        if not self._shared:
            self.lower.close()

    def tick(self) -> None:
        """Called before a look: what was changed later than now is not to be trusted."""
        self.now = time.time_ns()

    def root(self, fd: int) -> Folder:
        """The layer's root, open at ``fd``."""
        root = Folder(None, "", Mark.UNCHANGED)
        root.under = Under(self.lower.root) if self.lower.depth else None
        self._mark(root, self.sight.opaque(fd, "."), covered=False)
        found = os.fstat(fd)
        root.ino = found.st_ino
        root.length = root.size = weight(found, self.model)
        return root

    def key(self, found: os.stat_result) -> Key:
        """What tells whether an inode changed since."""
        changed = found.st_ctime_ns
        if changed > self.now - _TICK:
            return None
        return (found.st_ino, changed, self.measure(found))

    def entry(
        self, folder: Folder, name: str, found: os.stat_result, fd: int, old: Entry | None
    ) -> Entry:
        """What ``name`` in ``folder`` (open at ``fd``) is; ``old`` is what it was. Raises OSError
        if it goes meanwhile."""
        under = old.under if old is not None else self.under(folder, name)
        mode = found.st_mode
        if stat.S_ISDIR(mode):
            entry: Entry = self._directory(folder, name, found, fd, under)
        elif self.sight.whiteout(fd, name, found, folder.marked):
            mark = Mark.DELETED if under is not None else None
            entry = Entry(folder, name, LETTERS[under.fmt] if under else "c", mark)
            entry.under = under
        else:
            entry = self._file(folder, name, found, fd, under)
        entry.key = self.key(found)
        entry.ino = found.st_ino
        entry.mtime = found.st_mtime_ns
        return entry

    def under(self, folder: Folder, name: str) -> Under | None:
        """What the image has there."""
        lower = folder.lower
        node = lower.lookup(os.fsencode(name)) if lower is not None else None
        return Under(node) if node is not None else None

    def ghosts(self, folder: Folder) -> dict[str, Entry]:
        """What the image has in a directory that covers it, and the layer has not."""
        lower = folder.lower
        if not folder.covered or lower is None:
            return {}
        found = {}
        for raw, _ in lower.names():
            name = os.fsdecode(raw)
            if name not in folder.children:
                under = folder.ghosts[name].under if name in folder.ghosts else None
                under = under or self.under(folder, name)
                assert under is not None
                ghost = Entry(folder, name, LETTERS[under.fmt], Mark.DELETED)
                ghost.under = under
                found[name] = ghost
        return found

    def _directory(
        self, folder: Folder, name: str, found: os.stat_result, fd: int, under: Under | None
    ) -> Folder:
        mark = Mark.ADDED
        if under is not None:
            other = differs(under.stat, self.sight.shown(fd, name, found))
            mark = Mark.CHANGED if other else Mark.UNCHANGED
        made = Folder(folder, name, mark)
        made.under = under
        made.length = made.size = weight(found, self.model)
        self._mark(made, self.sight.opaque(fd, name), folder.covered)
        return made

    def _mark(self, folder: Folder, mark: bytes | None, covered: bool) -> None:
        folder.opaque, folder.marked = mark == b"y", mark == b"x"
        folder.covered = covered or folder.opaque

    def _file(
        self, folder: Folder, name: str, found: os.stat_result, fd: int, under: Under | None
    ) -> Entry:
        fmt = stat.S_IFMT(found.st_mode)
        stand_in = not (self.sight.real or found.st_size) and fmt == stat.S_IFREG
        mark, copied = Mark.ADDED, False
        if under is not None or stand_in:
            shown = self.sight.shown(fd, name, found)
            fmt = shown.fmt
            if under is not None:
                copied = fmt == under.fmt
                same = not differs(under.stat, shown) and self._capable(fd, name, fmt, under)
                mark = Mark.UNCHANGED if same else Mark.CHANGED
        entry = Entry(folder, name, LETTERS.get(fmt, "-"), mark)
        entry.under = under
        entry.copied = copied
        entry.length = entry.size = weight(found, self.model)
        entry.linked = found.st_nlink > 1
        return entry

    def _capable(self, fd: int, name: str, fmt: int, under: Under) -> bool:
        if fmt != stat.S_IFREG:
            return True
        return self.sight.capability(fd, name) == under.node.xattrs().get("security.capability")
