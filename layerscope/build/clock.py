"""The time of a build: now, or the one that makes it the same on any machine."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from layerscope.archive.entry import Entry


class Clock(NamedTuple):
    """What time it is. ``epoch`` (SOURCE_DATE_EPOCH, seconds since 1970) stands for now, and for
    every time after it; so does what a step wrote, after ``start``, in case it lies ahead."""

    epoch: int | None
    start: int

    def clamp(self, entry: Entry) -> Entry:
        """The entry with a time that any machine would give it."""
        if self.epoch is None or (
            (entry.mtime, entry.mtime_ns) <= (self.epoch, 0) and entry.mtime < self.start
        ):
            return entry
        return replace(entry, mtime=self.epoch, mtime_ns=0)
