"""What a writable layer holds, path by path, brought up to date where something changed."""

from __future__ import annotations

import os
from typing import NamedTuple

from layerscope.accounting.live.entries import Entry, Folder
from layerscope.accounting.live.figures import Mark, Row, Why
from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.sight import open_directory
from layerscope.accounting.live.totals import Totals
from layerscope.accounting.sizes import SizeModel


class Touch(NamedTuple):
    """Something was seen to have changed: ``before`` and ``after``, None where there was or is
    nothing. ``delta`` is by how many bytes the file grew."""

    path: bytes
    before: Entry | None
    after: Entry | None
    delta: int


class Ledger:
    """The entries of one writable layer. It is told where to look (see ``looking`` and
    ``walking``); what it sees there it compares with what it knew.

    ``touches`` has what changed since they were last taken, once ``telling`` is set; ``stale`` the
    paths whose rows changed, while it is not None. Not for several threads at once.
    """

    def __init__(self, upper: str, judge: Judge) -> None:
        """Raises OSError if ``upper`` can't be opened."""
        self.upper = upper
        self.judge = judge
        self.fd = open_directory(upper)
        self.totals = Totals()
        judge.tick()
        self.root = judge.root(self.fd)
        self.telling = False
        self.touches: list[Touch] = []
        self.stale: set[bytes] | None = None
        self.unread = 0
        self.totals.add(self.root)
        self._haunt(self.root)

    def close(self) -> None:
        """Let go of the directory."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    # -- questions -------------------------------------------------------------------------

    def why(self) -> Why:
        """What the size is made of."""
        for entry in self.totals.settle():
            self._spoil(entry)
        return self.totals.why()

    @property
    def files(self) -> int:
        """How many there are; each inode once."""
        return self.totals.files

    def rows(self) -> list[Row]:
        """Everything that has a mark, by path."""
        self.why()
        found = [entry.row() for entry in self.root.everything() if entry.mark is not None]
        return sorted(found, key=lambda row: row.path)

    def row(self, path: bytes) -> Row | None:
        """What is there now."""
        entry = self.find(path)
        return entry.row() if entry is not None and entry.mark is not None else None

    def find(self, path: bytes) -> Entry | None:
        """The entry, or ghost, of a path."""
        here: Entry = self.root
        for part in os.fsdecode(path).split("/"):
            if not isinstance(here, Folder):
                return None
            found = here.children.get(part) or here.ghosts.get(part)
            if found is None:
                return None
            here = found
        return here

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is still part of the ledger, with all the directories above it."""
        here = entry
        while here.above is not None:
            if here.above.children.get(here.name) is not here:
                return False
            here = here.above
        return here is self.root

    # -- what was seen ---------------------------------------------------------------------

    def see(self, folder: Folder, name: str, found: os.stat_result, fd: int) -> Folder | None:
        """``name`` in ``folder`` (open at ``fd``) is as ``found`` says. Returns the directory that
        it is, if what is in it must be looked at. Raises OSError if it goes meanwhile."""
        old = folder.children.get(name)
        key = (found.st_ino, found.st_ctime_ns, self.judge.measure(found))
        if old is not None and old.key == key:
            return None
        new = self.judge.entry(folder, name, found, fd, old)
        if isinstance(old, Folder) and isinstance(new, Folder) and old.ino == new.ino:
            return old if self._again(old, new) else None
        if old is not None:
            self._take_out(old)
        self._put_in(new)
        self._tell(old, new)
        if not isinstance(new, Folder):
            return None
        self._haunt(new)
        return new

    def takes_plain(self, folder: Folder) -> bool:
        """Whether ``see_plain`` says the same as ``see`` of new files in ``folder`` that the image
        doesn't have, for less."""
        judge = self.judge
        usual = judge.sight.real and judge.model is SizeModel.CLASSIC and not folder.marked
        return usual and not self.telling and self.stale is None

    def see_plain(self, folder: Folder, name: str, found: os.stat_result) -> None:
        """A new regular file with one name, of which the image knows nothing."""
        entry = Entry(folder, name, "-", Mark.ADDED)
        entry.key = self.judge.key(found)
        entry.ino = found.st_ino
        entry.mtime = found.st_mtime_ns
        entry.length = entry.size = found.st_size
        folder.children[name] = entry
        self.totals.add_plain(found.st_size)
        if folder.changed:
            folder.changed += 1
        else:
            self._weigh(folder, 1)

    def see_root(self) -> None:
        """The root's own marks, which no directory above it has to tell."""
        self._again(self.root, self.judge.root(self.fd))

    def miss(self, folder: Folder, name: str) -> None:
        """There is no ``name`` in ``folder``."""
        old = folder.children.get(name)
        if old is None:
            return
        self._take_out(old)
        self._tell(old, None)
        self._haunt(folder)

    def cannot_read(self, folder: Folder, *, forbidden: bool) -> None:
        """Whether a directory may be listed."""
        if folder.unread is not forbidden:
            folder.unread = forbidden
            self.unread += 1 if forbidden else -1

    # -- keeping the sums ------------------------------------------------------------------

    def _put_in(self, entry: Entry) -> None:
        folder = entry.above
        assert folder is not None
        ghost = folder.ghosts.pop(entry.name, None)
        if ghost is not None:
            self.totals.remove(ghost)
            self._weigh(folder, -1)
        folder.children[entry.name] = entry
        self.totals.add(entry)
        if entry.linked:
            self.totals.same_length(entry)
        if entry.shown not in (None, Mark.UNCHANGED):
            self._weigh(folder, 1)
        self._spoil(entry)

    def _take_out(self, entry: Entry) -> None:
        folder = entry.above
        assert folder is not None
        self._spoil(entry)
        if isinstance(entry, Folder):
            self.cannot_read(entry, forbidden=False)
            for below in entry.everything():
                self.totals.remove(below)
                self._spoil(below)
                if isinstance(below, Folder):
                    self.cannot_read(below, forbidden=False)
        self.totals.remove(entry)
        if entry.shown not in (None, Mark.UNCHANGED):
            self._weigh(folder, -1)
        del folder.children[entry.name]

    def _again(self, old: Folder, new: Folder) -> bool:
        """A directory that is still the same one, with other metadata; whether that means
        something for what is in it."""
        self._spoil(old)
        shown, was_covered = old.shown, old.covered
        old.key, old.mtime = new.key, new.mtime
        self.totals.resize(old, new.length)
        changed = old.mark is not new.mark or old.opaque is not new.opaque
        other_marks = old.marked is not new.marked
        old.mark, old.opaque, old.marked = new.mark, new.opaque, new.marked
        old.covered = new.covered
        self._reweigh(old, shown)
        if old.covered is not was_covered:
            self._cover(old)
        if other_marks:
            for child in old.children.values():
                child.key = None
        if changed:
            self._tell(old, old)
        return other_marks

    def _cover(self, folder: Folder) -> None:
        """What hides the image's files, or no longer does, does so for all below it."""
        self._haunt(folder)
        pending = [folder]
        while pending:
            above = pending.pop()
            for child in above.children.values():
                if isinstance(child, Folder):
                    child.covered = above.covered or child.opaque
                    self._haunt(child)
                    pending.append(child)

    def _haunt(self, folder: Folder) -> None:
        """See which names of the image a directory covers."""
        if not folder.covered and not folder.ghosts:
            return
        now = self.judge.ghosts(folder)
        before, folder.ghosts = folder.ghosts, now
        shown = folder.shown
        for name in before.keys() - now.keys():
            self.totals.remove(before[name])
            self._spoil(before[name])
        for name in now.keys() - before.keys():
            self.totals.add(now[name])
            self._spoil(now[name])
        folder.changed += len(now) - len(before)
        self._reweigh(folder, shown)

    def _weigh(self, folder: Folder, more: int) -> None:
        """So many more changes stand directly in a directory."""
        shown = folder.shown
        folder.changed += more
        self._reweigh(folder, shown)

    def _reweigh(self, folder: Folder, before: Mark | None) -> None:
        """A directory looked like ``before``; what that means for those above it."""
        here: Folder | None = folder
        while here is not None and here.above is not None:
            was, now = before is not Mark.UNCHANGED, here.shown is not Mark.UNCHANGED
            if was is now:
                return
            self._spoil(here)
            before = here.above.shown
            here.above.changed += 1 if now else -1
            here = here.above

    # -- telling ---------------------------------------------------------------------------

    def _spoil(self, entry: Entry) -> None:
        if self.stale is not None:
            self.stale.add(entry.path)

    def _tell(self, before: Entry | None, after: Entry | None) -> None:
        if not self.telling:
            return
        entry = after or before
        assert entry is not None
        if before is not None and after is not None and _alike(before, after):
            return
        self.touches.append(Touch(entry.path, before, after, self._gained(before, after)))

    def _gained(self, before: Entry | None, after: Entry | None) -> int:
        """By how many bytes the layer grew; the other names of an inode weigh it already."""
        if before is after:
            return 0
        held = 0 if before is None else _weight(before)
        now = 0 if after is None else after.length
        if before is not None and self.totals.others(before, after):
            held = 0
        if after is not None and self.totals.others(after, after):
            now = 0 if before is None or before.ino != after.ino else now
        return now - held


def _weight(before: Entry) -> int:
    if isinstance(before, Folder):
        below = before.everything()
        return before.length + sum(one.size for one in below if not one.whiteout)
    return before.length


def _alike(before: Entry, after: Entry) -> bool:
    """Seen again because it could have changed, but it hasn't."""
    return (
        before is not after
        and before.ino == after.ino
        and before.kind == after.kind
        and before.mark is after.mark
        and before.mtime == after.mtime
        and before.length == after.length
        and (before.key is None or before.linked != after.linked)
    )
