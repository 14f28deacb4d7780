"""What of a stack somebody wants to see, and in which order: choices, without any rows."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from layerscope.index.change import Change


class Scope(enum.Enum):
    """Which files the tree of a layer has."""

    CHANGED = "what this layer changed"
    ALL = "everything up to this layer"

    @property
    def other(self) -> Scope:
        """The one of the two that this is not."""
        return Scope.ALL if self is Scope.CHANGED else Scope.CHANGED


class Mark(enum.Enum):
    """A class of changes that can be shown or hidden."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


MARK_OF: dict[Change, Mark] = {
    Change.UNCHANGED: Mark.UNCHANGED,
    Change.ADDED: Mark.ADDED,
    Change.MODIFIED: Mark.MODIFIED,
    Change.METADATA: Mark.MODIFIED,
    Change.REMOVED: Mark.REMOVED,
    Change.REPEATED: Mark.MODIFIED,
}


class Sort(enum.Enum):
    """How the rows of a directory follow each other."""

    NAME = "name"
    SIZE = "size"
    TIME = "time"

    @property
    def following(self) -> Sort:
        """The next one in turn."""
        every = list(Sort)
        return every[(every.index(self) + 1) % len(every)]


class Shape(enum.Enum):
    """A tree, or a list of the files that cost most."""

    TREE = "tree"
    BIGGEST = "biggest files"


@dataclass(frozen=True, slots=True)
class TreeView:
    """Everything chosen. ``pattern`` is as typed: a part of a name, of a path if it has a ``/``,
    or a whole one with ``*`` for any run of characters; without capitals it finds them, too."""

    scope: Scope = Scope.CHANGED
    hidden: frozenset[Mark] = frozenset()
    pattern: str = ""
    sort: Sort = Sort.NAME
    shape: Shape = Shape.TREE

    def shows(self, change: Change) -> bool:
        """True if rows with this mark are wanted for themselves."""
        if self.scope is Scope.CHANGED and change is Change.UNCHANGED:
            return False
        return MARK_OF[change] not in self.hidden
