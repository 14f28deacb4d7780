"""What the live ledger says: plain values, frozen, that a face can show or print as they are.

Paths are bytes from the container's root without a leading slash; sizes are bytes by Docker's
classic rule, or disk blocks where the engine counts those; times are seconds since 1970.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Mark(enum.Enum):
    """What a path of the writable layer is against the image: the letters of ``docker diff``, and
    one for what is in no change list although it costs."""

    ADDED = "A"
    CHANGED = "C"
    DELETED = "D"
    UNCHANGED = "="
    """Copied up, and looks as below."""


@dataclass(frozen=True, slots=True)
class Row:
    """One path of a writable layer.

    ``kind`` is a letter as of ``ls -l`` (``-dlcbps``), of what is there now, or for a deleted path
    of what was, or ``?`` where a daemon told of the path and the mark alone; ``size`` is what it
    adds to the layer, 0 for whiteouts, second names of an inode and, unless blocks are counted,
    directories; ``from_layer`` is the image layer (from 0) that has the path below, None if none;
    ``below`` the bytes that it has there (of a deleted directory: of all files in it).
    """

    path: bytes
    mark: Mark
    kind: str
    size: int
    mtime: float
    from_layer: int | None = None
    below: int = 0
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """What a writable layer's size is made of; the first three add up to it."""

    new: int = 0
    copied_changed: int = 0
    copied_unchanged: int = 0
    hidden_below: int = 0
    """Bytes of the image that it deletes or replaces: they cost nothing here, and still count in
    the image."""

    @property
    def size(self) -> int:
        """The writable layer's size."""
        return self.new + self.copied_changed + self.copied_unchanged

    @property
    def copied_up(self) -> int:
        """Bytes of files that came from the image."""
        return self.copied_changed + self.copied_unchanged


@dataclass(frozen=True, slots=True)
class Rates:
    """A second's worth, over the last seconds; ``bytes`` is negative while a layer shrinks."""

    bytes: float = 0.0
    files: float = 0.0
    copied_up: float = 0.0


class Source(enum.Enum):
    """Where figures come from."""

    EVENTS = "file events and walks"
    WALKS = "walks alone"
    """No watch could be had (see ``Figures.note``)."""
    DAEMON = "told by the daemon"
    """At ``Figures.time``; the size is all that is known."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A writable layer at the moment ``time``.

    ``settled``: a walk that began after the last known write agreed with them. ``age``: what was
    written longer ago than so many seconds is in them for certain, mmap writes included.
    """

    time: float
    why: Why
    files: int
    rates: Rates
    settled: bool
    age: float
    source: Source = Source.EVENTS
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.why.size


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the event feed. ``delta`` is by how much the layer grew; ``did`` is one of
    ``created``, ``copied up``, ``grew``, ``shrank``, ``rewritten``, ``changed``, ``deleted``,
    ``removed``, ``moved``, ``made opaque``, ``many`` (so many in ``count``, below ``path``)."""

    time: float
    did: str
    path: bytes
    delta: int
    size: int
    from_layer: int | None = None
    written: int | None = None
    """For a copy-up: how many bytes differ from below. It is told again once that is known, the
    rest as before."""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """One point of a timeline: the size then, and the paths that changed most since the point
    before, as (path, delta in bytes)."""

    time: float
    size: int
    files: int
    changes: tuple[tuple[bytes, int], ...] = ()
