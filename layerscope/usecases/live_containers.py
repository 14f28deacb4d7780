"""All containers of a store under watch: who is there, what each holds and what happens in it.

Those that run, or that somebody looks at, keep a ledger that is fed by file events and walks. The
others are measured by one walk, and again when something hints at a change.
"""

from __future__ import annotations

import os
import select
import shlex
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from layerscope.accounting.live.judge import Judge
from layerscope.accounting.live.layer import LiveLayer
from layerscope.accounting.live.sight import Sight
from layerscope.containers.files import open_lower
from layerscope.containers.record import Container, State
from layerscope.containers.shelf import all_containers, folder_of
from layerscope.containers.trees import tree_places
from layerscope.cow.form import detect_form
from layerscope.errors import LayerscopeError
from layerscope.usecases.live_lines import Containers, Event, Failed, LiveContainer
from layerscope.usecases.live_timeline import TimelineWriter
from layerscope.usecases.live_tracked import Tracked

if TYPE_CHECKING:
    from layerscope.archive.overlay import Form
    from layerscope.cow.lower import Lower
    from layerscope.oci.digest import Digest
    from layerscope.store.store import Store

_LOOK = 0.2  # seconds between two looks whether the database was written
_REFRESH = 2.0  # processes end without a word in the database
_HINTS = 1.0
_MEASURING = 0.05  # seconds of measuring at a stretch
_APART = 0.02  # seconds between two turns while much is written
# (idle for less than so many seconds, seconds between two turns)
_PERIODS = ((4.0, 0.05), (float("inf"), 0.25))
_ASKING = ((2.0, 0.01), (10.0, 0.04), (float("inf"), 0.1))  # where events don't call

Keep = Callable[[Container], bool]


class LiveContainers:
    """``turn`` is to be called again and again, from one thread; it returns what is new.

    ``keep`` says which containers are to have a ledger besides those that run.
    """

    def __init__(self, store: Store, keep: Keep = lambda container: False) -> None:
        self.store = store
        self.tracked: dict[str, Tracked] = {}
        self._keep = keep
        self._opened: str | None = None
        self._turned = 0.0
        self._version = -1
        self._next_look = self._next_refresh = self._next_hints = 0.0
        self._rows: tuple[LiveContainer, ...] | None = None
        self._lowers: dict[Digest, Lower] = {}
        self._failed: set[Digest] = set()
        self._form: Form | None = None
        self._timeline = TimelineWriter(store)

    def close(self) -> None:
        """Watch no more; what the timeline was told is kept."""
        for tracked in self.tracked.values():
            self._timeline.tell(tracked, last=True)
            tracked.close()
        self._timeline.close()

    def turn(self) -> list[Event]:
        """Look at what there is to look at; what is new. Takes some milliseconds."""
        events = self._refresh()
        self._hints()
        until = time.monotonic() + _MEASURING
        crowd = sum(tracked.layer is not None for tracked in self.tracked.values())
        for tracked in list(self.tracked.values()):
            self._provide(tracked, events, until)
            if tracked.layer is not None:
                tracked.layer.pace.crowd = crowd
            events += tracked.turn(opened=tracked.container.id == self._opened)
            self._timeline.tell(tracked)
        events += self._timeline.events(self._opened)
        self._turned = time.monotonic()
        return events

    @property
    def period(self) -> float:
        """Seconds until the next turn is worth its cost: none while there is something to measure,
        and the more the longer nothing was written."""
        now, every = time.monotonic(), self.tracked.values()
        if any(one.wanted for one in every):
            return 0.0
        idle = now - max((one.changed_at for one in every), default=0.0)
        calls = all(one.calls is not None for one in every if one.layer is not None)
        periods = _PERIODS if calls else _ASKING
        period = next(seconds for limit, seconds in periods if idle < limit)
        due = min((one.due for one in every), default=now + period)
        return max(0.0, min(period, due - now))

    def wait(self, *others: int) -> None:
        """Until the next turn is worth its cost, or one of ``others`` can be read."""
        period = self.period
        if not period:
            return
        poll = select.poll()
        calls = (one.calls for one in self.tracked.values())
        for fd in (*others, *(fd for fd in calls if fd is not None)):
            poll.register(fd, select.POLLIN)
        if poll.poll(period * 1000):
            time.sleep(max(0.0, self._turned + _APART - time.monotonic()))

    def open(self, identity: str) -> None:
        """Send everything of one container from now on."""
        self.close_opened()
        self._opened = identity
        tracked = self.tracked.get(identity)
        if tracked is not None:
            tracked.open()
            self._timeline.wanted()

    def close_opened(self) -> None:
        """No more of that."""
        tracked = self.tracked.get(self._opened) if self._opened is not None else None
        self._opened = None
        if tracked is not None:
            tracked.close_rows()

    def at(self, identity: str, when: float) -> Event:
        """What was there at a time."""
        return self._timeline.at(identity, when)

    # -- who is there ----------------------------------------------------------------------

    def _refresh(self) -> list[Event]:
        now = time.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + _LOOK
        row = self.store.database.row("PRAGMA data_version")
        version = int(row[0]) if row else 0
        if version == self._version and now < self._next_refresh:
            return []
        self._version, self._next_refresh = version, now + _REFRESH
        containers = all_containers(self.store)
        self._follow(containers)
        sizes = {image.id: image.size for image in self.store.images()}
        rows = tuple(_row(container, sizes.get(container.image, 0)) for container in containers)
        if rows == self._rows:
            return []
        self._rows = rows
        return [Containers(rows)]

    def _follow(self, containers: Iterable[Container]) -> None:
        there = {container.id: container for container in containers}
        for identity in self.tracked.keys() - there.keys():
            self.tracked.pop(identity).close()
        for identity, container in there.items():
            tracked = self.tracked.get(identity)
            if tracked is None:
                folder = folder_of(self.store, container)
                self.tracked[identity] = tracked = Tracked(container, os.fspath(folder))
                if identity == self._opened:
                    tracked.open()
                    self._timeline.wanted()
            tracked.follow(container)

    def _hints(self) -> None:
        now = time.monotonic()
        if now >= self._next_hints:
            self._next_hints = now + _HINTS
            for tracked in self.tracked.values():
                tracked.look_for_hints()

    # -- ledgers ---------------------------------------------------------------------------

    def _provide(self, tracked: Tracked, events: list[Event], until: float) -> None:
        """Give a container a ledger, or measure it once."""
        container = tracked.container
        running = container.state is State.RUNNING
        needed = running or container.id == self._opened or self._keep(container)
        if needed and tracked.layer is None:
            tracked.wanted = False
            tracked.layer = self._layer(tracked, events, watched=True)
        elif not needed and tracked.layer is not None:
            tracked.drop_when_settled()
        elif not needed and tracked.wanted and time.monotonic() < until:
            tracked.wanted = False
            layer = self._layer(tracked, events, watched=False)
            if layer is not None:
                tracked.measure_once(layer)

    def _layer(self, tracked: Tracked, events: list[Event], *, watched: bool) -> LiveLayer | None:
        image = tracked.container.image
        if image in self._failed:
            return None
        try:
            lower = self._lowers.get(image)
            if lower is None:
                lower = self._lowers[image] = open_lower(self.store, image)
            judge = Judge(lower, Sight(self._form_of(tracked.folder)))
            tracked.trees = tree_places(self.store, self.store.resolve(str(image)))
            return LiveLayer(os.path.join(tracked.folder, "upper"), judge, watched=watched)
        except FileNotFoundError:
            # It is being made, or removed: its folder tells.
            pass
        except LayerscopeError as error:
            self._failed.add(image)
            events.append(Failed(error.what, error.why, error.hint))
        except OSError as error:
            self._failed.add(image)
            why = error.strerror or str(error)
            events.append(Failed(f"container {tracked.container.name!r}", why))
        return None

    def _form_of(self, folder: str) -> Form:
        # One for all: they lie on one file system and belong to one user.
        if self._form is None:
            from pathlib import Path

            self._form = detect_form(Path(folder))
        return self._form


def _row(container: Container, image_size: int) -> LiveContainer:
    return LiveContainer(
        id=container.id,
        name=container.name,
        image=container.image_name,
        state=container.state.value,
        exit_code=container.exit_code,
        created=container.created,
        started_at=container.started_at,
        command=shlex.join(container.settings.command),
        image_size=image_size,
        volumes=container.volumes,
        mounts=tuple(mount.target for mount in container.mounts),
    )
