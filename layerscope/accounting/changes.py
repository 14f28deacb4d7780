"""Docker's change list: what the union shows compared with what the image alone would show.

The rules are those of moby's ``pkg/archive``: see :func:`layerscope.cow.compare.differs`.
"""

from __future__ import annotations

import enum
import stat
from dataclasses import dataclass

from layerscope.archive.paths import ancestors
from layerscope.cow.attributes import get_xattr
from layerscope.cow.compare import differs
from layerscope.cow.engine import Engine
from layerscope.cow.lower import LowerNode
from layerscope.cow.stat import Stat
from layerscope.cow.written import Written, written

_CAPABILITY = "security.capability"


class ChangeKind(enum.Enum):
    """The letters of ``docker diff``."""

    ADDED = "A"
    CHANGED = "C"
    DELETED = "D"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the list. ``path`` starts with ``/``; ``size`` is bytes: of the file now, or of
    the deleted one. ``copied_up``: it is a lower layer's file, whole, in the writable layer;
    ``from_layer`` is the lower layer (from 0 at the bottom) that has the path, None if none."""

    kind: ChangeKind
    path: bytes
    size: int
    copied_up: bool
    from_layer: int | None


@dataclass(frozen=True, slots=True)
class CopiedUp:
    """A file that was copied up and looks as before: in no change list, but it costs its size."""

    path: bytes
    size: int
    from_layer: int


@dataclass(frozen=True, slots=True)
class ChangeList:
    """``changes`` by path, and ``unchanged``, the copies that cost without being a change."""

    changes: tuple[Change, ...]
    unchanged: tuple[CopiedUp, ...]


def change_list(engine: Engine) -> ChangeList:
    """Compare; costs what the writable layer holds and what it hides, not what the image holds."""
    collected = _Collector(engine)
    for one in written(engine):
        collected.add(one)
    changes = sorted(collected.changes.values(), key=lambda change: change.path)
    return ChangeList(tuple(changes), tuple(collected.unchanged))


class _Collector:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.changes: dict[bytes, Change] = {}
        self.unchanged: list[CopiedUp] = []
        # Directories in which nothing of the image shows: opaque, or below one that is.
        self.covered: set[bytes] = set()

    def add(self, one: Written) -> None:
        path, found, below, opaque = one
        if opaque or path.rpartition(b"/")[0] in self.covered:
            self.covered.add(path)
        if found is None:
            if below is not None:
                self._delete(path, below)
        elif below is None:
            self._note(ChangeKind.ADDED, path, _length(found), False, None)
        else:
            self._compare(path, found, below)
            if path in self.covered and found.fmt == below.fmt == stat.S_IFDIR:
                self._hidden_children(path, below)

    def _compare(self, path: bytes, found: Stat, below: LowerNode) -> None:
        if not path:
            return
        copied = found.fmt == below.fmt != stat.S_IFDIR
        if differs(below.stat(), found) or self._other_capability(path, found, below):
            self._note(ChangeKind.CHANGED, path, _length(found), copied, below.layer)
        elif copied:
            self.unchanged.append(CopiedUp(b"/" + path, _length(found), below.layer))

    def _other_capability(self, path: bytes, found: Stat, below: LowerNode) -> bool:
        if found.fmt != stat.S_IFREG:
            return False
        core = self.engine.core
        with core:
            try:
                now: bytes | None = get_xattr(core, core.find(b"/" + path, False), _CAPABILITY)
            except OSError:
                now = None
        return now != below.xattrs().get(_CAPABILITY)

    def _hidden_children(self, path: bytes, below: LowerNode) -> None:
        alive = self.engine.names(b"/" + path)
        for name, _ in below.names():
            child = below.lookup(name)
            if name not in alive and child is not None:
                self._delete(path + b"/" + name if path else name, child)

    def _delete(self, path: bytes, below: LowerNode) -> None:
        self._note(ChangeKind.DELETED, path, _length(below.stat()), False, below.layer)

    def _note(
        self, kind: ChangeKind, path: bytes, size: int, copied: bool, layer: int | None
    ) -> None:
        self.changes[path] = Change(kind, b"/" + path, size, copied, layer)
        for above in ancestors(path):
            if above in self.changes:
                return
            self._ancestor(above)

    def _ancestor(self, path: bytes) -> None:
        found = self.engine.origin(b"/" + path).lower
        layer = found.layer if found is not None else None
        self.changes[path] = Change(ChangeKind.CHANGED, b"/" + path, 0, False, layer)


def _length(found: Stat) -> int:
    return found.size if found.fmt in (stat.S_IFREG, stat.S_IFLNK) else 0
