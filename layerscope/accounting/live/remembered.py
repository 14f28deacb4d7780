"""How writable layers grew that no store knows of: timelines in memory, by the rules of
:mod:`layerscope.accounting.live.timeline`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from layerscope.accounting.live.figures import Moment
from layerscope.accounting.live.timeline import THINNING, WEEK, Point, Sizes, Snapshot, ranked

_CHANGES = 10  # of a moment's paths


@dataclass(frozen=True, slots=True)
class _Kept:
    """A moment, and the largest files that were there, None if they weren't looked at."""

    moment: Moment
    largest: Sizes | None


class Remembered:
    """The timelines of containers, for as long as this lives."""

    def __init__(self) -> None:
        self._kept: dict[str, list[_Kept]] = {}

    def keep(self, now: float, point: Point) -> None:
        """Keep a point of the second ``now``, where it says something new."""
        kept = self._kept.setdefault(point.container, [])
        last = kept[-1].moment if kept else None
        if last is not None and (last.size, last.files) == (point.size, point.files):
            return
        changes, largest = point.changes, point.largest
        if last is not None and last.time >= int(now):
            changes = _together(last, changes)
            largest = kept[-1].largest if largest is None else largest
            kept.pop()
        moment = Moment(float(int(now)), point.size, point.files, tuple(changes[:_CHANGES]))
        kept.append(_Kept(moment, largest))

    def thin(self, now: float) -> None:
        """Let old points go into fewer."""
        for container, kept in self._kept.items():
            left = [one for one in kept if one.moment.time >= now - WEEK]
            for age, step in THINNING:
                left = _thinned(left, (now - age) // step * step, step)
            self._kept[container] = left

    def forget(self, container: str) -> None:
        """It is gone."""
        self._kept.pop(container, None)

    def moments(self, container: str) -> list[Moment]:
        """The whole timeline, oldest first."""
        return [one.moment for one in self._kept.get(container, ())]

    def snapshot(self, container: str, when: float) -> Snapshot | None:
        """What was kept last at or before ``when``."""
        for one in reversed(self._kept.get(container, ())):
            moment, largest = one.moment, one.largest
            if moment.time <= when and largest is not None:
                rest = max(0, moment.size - sum(size for _, size in largest))
                left_out = max(0, moment.files - len(largest))
                return Snapshot(moment.time, largest, left_out, rest)
        return None


def _thinned(kept: list[_Kept], before: float, step: int) -> list[_Kept]:
    """The last point of each ``step`` seconds takes the others' changes over."""
    left: list[_Kept] = []
    for one in kept:
        moment = one.moment
        last = left[-1] if left else None
        if last and moment.time < before and last.moment.time // step == moment.time // step:
            changes = tuple(_together(last.moment, moment.changes)[:_CHANGES])
            largest = last.largest if one.largest is None else one.largest
            one = _Kept(replace(moment, changes=changes), largest)
            left.pop()
        left.append(one)
    return left


def _together(moment: Moment, changes: Sizes) -> Sizes:
    """The changes of a moment and those after it."""
    sums = dict(moment.changes)
    for path, delta in changes:
        sums[path] = sums.get(path, 0) + delta
    return ranked(sums)
