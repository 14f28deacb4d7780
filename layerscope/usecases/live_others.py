"""Other engines' containers, to be watched."""

from __future__ import annotations

import functools
import operator
import os
import queue
import shlex
from typing import TYPE_CHECKING

from layerscope.usecases.foreign import LISTED, size_model
from layerscope.usecases.live_engines import EngineList, Theirs
from layerscope.usecases.live_lines import Event, Failed, LiveContainer
from layerscope.usecases.live_subject import Subject
from layerscope.usecases.live_told import ToldFigures

if TYPE_CHECKING:
    from layerscope.accounting.live.figures import Figures
    from layerscope.accounting.live.judge import Judge
    from layerscope.containers.foreign.container import ForeignContainer


class OtherContainers:
    """Those of all engines, as often as :meth:`look` is called. Nothing here waits."""

    def __init__(self) -> None:
        self._failed: queue.SimpleQueue[Failed] = queue.SimpleQueue()
        self._lists = [EngineList(engine, self._failed) for engine in LISTED]
        self._told = ToldFigures()
        self._seen: tuple[object, ...] = ()
        self._subjects: tuple[Subject, ...] = ()

    def close(self) -> None:
        """Ask no more."""
        for one in self._lists:
            one.close()
        self._told.close()

    @property
    def are_known(self) -> bool:
        """Whether every engine has answered, or can't, and what only a daemon can tell is told."""
        listed = all(one.is_known for one in self._lists)
        return listed and all(one.id in self._told.asked for one in self._blocked())

    @property
    def figures(self) -> dict[str, Figures]:
        """What daemons told of containers that can't be read in place."""
        return self._told.figures

    def look(self, opened: str | None) -> tuple[Subject, ...]:
        """Those there are; the same object as before if nothing has changed."""
        found, sizes = [one.found for one in self._lists], self._told.image_sizes
        self._told.want(self._blocked(), opened)
        seen = (*found, sizes)
        if not self._seen or any(map(operator.is_not, seen, self._seen)):
            self._seen = seen
            self._subjects = tuple(_subject(one, sizes) for each in found for one in each)
        return self._subjects

    def events(self) -> list[Event]:
        """Engines that can't be asked, paths that a daemon told."""
        events = self._told.events()
        while not self._failed.empty():
            events.append(self._failed.get())
        return events

    def _blocked(self) -> list[ForeignContainer]:
        """Those of whom only their daemon can tell."""
        every = (one.container for each in self._lists for one in each.found)
        return [one for one in every if one.layers is None and one.daemon is not None]


def _subject(theirs: Theirs, sizes: dict[str, int]) -> Subject:
    container = theirs.container
    upper = os.fspath(container.upper) if container.upper is not None else ""
    row = _row(container, sizes.get(container.id, theirs.image_size))
    lower = container.layers.lower if container.layers is not None else ()
    judge = functools.partial(_judge, container)
    return Subject(row, upper, container.id, judge, lambda: lower)


def _judge(container: ForeignContainer) -> Judge:
    from layerscope.accounting.live.judge import Judge
    from layerscope.accounting.live.sight import Sight

    layers = container.need_layers()
    sight = Sight(layers.form)
    return Judge(container.open_lower(), sight, size_model(layers), shared=False)


def _row(container: ForeignContainer, image_size: int | None) -> LiveContainer:
    return LiveContainer(
        id=container.id,
        name=container.name or container.short,
        image=container.image,
        state=container.state.value,
        exit_code=container.exit_code,
        created=container.created,
        started_at=container.started_at,
        command=shlex.join(container.command),
        image_size=image_size,
        volumes=tuple(mount.volume for mount in container.mounts if mount.volume),
        mounts=tuple(mount.target for mount in container.mounts),
        origin=container.engine.value,
        blocked=container.blocked,
        in_blocks=container.layers is not None and container.layers.in_blocks,
    )
