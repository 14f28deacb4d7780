"""Live accounting without the explorer: updates of containers, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.accounting.live.figures import Figures, Mark
from layerscope.accounting.live.ledger import Touch
from layerscope.containers.shelf import NoSuchContainer, find_container
from layerscope.usecases.foreign import foreign_containers
from layerscope.usecases.live_containers import LiveContainers
from layerscope.usecases.live_lines import Event, Failed, LiveContainer, Measured
from layerscope.usecases.live_tracked import Tracked

if TYPE_CHECKING:
    from layerscope.containers.foreign.container import ForeignContainer
    from layerscope.store.store import Store

_LEDGERS = 50  # of more containers those that don't run are only measured now and then


@dataclass(frozen=True, slots=True)
class PathChange:
    """A path that was written. ``kind`` is the letter of ``docker diff``, or ``=`` for a file that
    was copied up and looks as below; ``path`` starts with ``/``; ``size`` and ``delta`` are bytes:
    of the file now, and by how much it grew; ``copied_up``: it is a lower layer's file."""

    kind: str
    path: bytes
    size: int
    delta: int
    copied_up: bool


@dataclass(frozen=True, slots=True)
class Update:
    """How a container stands, and what was written since the update before."""

    container: LiveContainer
    figures: Figures
    changes: tuple[PathChange, ...]

    @property
    def size_root_fs(self) -> int | None:
        """Bytes with its image's, None if those aren't known."""
        image_size = self.container.image_size
        return None if image_size is None else image_size + self.figures.size


def watch(
    store: Store,
    names: Sequence[str] = (),
    *,
    interval: float = 0.2,
    once: bool = False,
    others: bool = False,
) -> Iterator[Update | Failed]:
    """Updates of the named containers, of all without names: one of each at once, then one when
    something has changed, ``interval`` seconds apart for each. With ``once`` that is all; it ends,
    too, when all that were named are gone. With ``others`` those of other engines count as well.
    Raises NoSuchContainer, LayerscopeError.
    """
    wanted = _named(store, names, others=others)

    def keep(one: LiveContainer) -> bool:
        return one.id in wanted or len(live.tracked) <= _LEDGERS

    live = LiveContainers(store, keep, others=others)
    told: dict[str, float] = {}
    waiting: set[str] = set()
    try:
        while True:
            for event in live.turn():
                if isinstance(event, Failed):
                    yield event
                waiting |= _measured(event, wanted)
            for identity in _due(waiting, told, interval, once=once):
                waiting.discard(identity)
                tracked = live.tracked.get(identity)
                if tracked is not None and tracked.figures is not None:
                    told[identity] = time.monotonic()
                    yield _update(tracked, tracked.figures)
            if _over(live, wanted, told, once=once):
                return
            live.wait()
    finally:
        live.close()


def _named(store: Store, names: Sequence[str], *, others: bool) -> set[str]:
    """The IDs of what is called so. Raises NoSuchContainer."""
    wanted: set[str] = set()
    theirs: list[ForeignContainer] | None = None
    for name in names:
        try:
            wanted.add(find_container(store, name).id)
        except NoSuchContainer:
            if not others:
                raise
            theirs = foreign_containers() if theirs is None else theirs
            found = [one for one in theirs if one.name == name or one.id.startswith(name)]
            if not found:
                raise
            wanted |= {one.id for one in found}
    return wanted


def _measured(event: Event, wanted: set[str]) -> set[str]:
    if isinstance(event, Measured) and (not wanted or event.id in wanted):
        return {event.id}
    return set()


def _due(waiting: set[str], told: dict[str, float], interval: float, *, once: bool) -> list[str]:
    now = time.monotonic()
    if once:
        return [identity for identity in waiting if identity not in told]
    return [one for one in waiting if now - told.get(one, -interval) >= interval]


def _over(live: LiveContainers, wanted: set[str], told: dict[str, float], *, once: bool) -> bool:
    there = live.tracked.keys() & wanted if wanted else live.tracked.keys()
    if not live.are_known:
        return False
    if wanted and not there:
        return True
    return once and all(one in told or live.tracked[one].is_hopeless for one in there)


def _update(tracked: Tracked, figures: Figures) -> Update:
    heard, tracked.heard = tracked.heard or [], []
    return Update(tracked.container, figures, _changes(heard))


def _changes(heard: Sequence[Touch]) -> tuple[PathChange, ...]:
    """One change a path, in the order of the last write."""
    last: dict[bytes, tuple[Touch, int]] = {}
    for touch in heard:
        _, delta = last.pop(touch.path, (touch, 0))
        last[touch.path] = (touch, delta + touch.delta)
    return tuple(_change(touch, delta) for touch, delta in last.values())


def _change(touch: Touch, delta: int) -> PathChange:
    after = touch.after
    if after is None or after.whiteout:
        return PathChange(Mark.DELETED.value, b"/" + touch.path, 0, delta, False)
    mark = after.shown or Mark.UNCHANGED
    return PathChange(mark.value, b"/" + touch.path, after.length, delta, after.copied)
