"""The containers of another engine, asked for again and again in a thread that nobody waits for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.sources.docker_daemon.client import NoDaemon, SilentDaemon
from layerscope.sources.found import Engine
from layerscope.usecases.engines import find_daemon, find_storages
from layerscope.usecases.foreign import foreign_image_size
from layerscope.usecases.live_lines import Failed

if TYPE_CHECKING:
    from layerscope.containers.foreign.container import ForeignContainer

_PATIENCE = 10.0  # seconds for one answer of a daemon
_PERIOD = 1.0  # seconds between two looks
_LAZY, _LONGEST = 20, 5.0  # times as long as a look took it isn't repeated, seconds at most
_AGAIN = 2.0  # seconds after which one that can't be asked is tried again

List = Callable[[], list["ForeignContainer"]]


@dataclass(frozen=True, slots=True)
class Theirs:
    """A container of another engine; ``image_size`` is bytes, None while it isn't known."""

    container: ForeignContainer
    image_size: int | None


class EngineList:
    """The containers of one engine, newest first: ``found`` is replaced whenever that changes, and
    ``is_known`` once there was an answer, or none could be had."""

    def __init__(self, engine: Engine, failed: queue.SimpleQueue[Failed]) -> None:
        self.found: tuple[Theirs, ...] = ()
        self.is_known = False
        self._engine = engine
        self._failed = failed
        self._lists: list[List] = []
        self._trouble = ""
        self._sizes: dict[str, int] = {}
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Ask no more; an answer that is under way is dropped."""
        self._ended.set()

    def _run(self) -> None:
        wait = 0.0
        while not self._ended.wait(wait):
            began = time.monotonic()
            answered = self._look()
            took = time.monotonic() - began
            wait = min(max(_PERIOD, _LAZY * took), _LONGEST) if answered else _AGAIN
            self.is_known = True
            self._measure()

    def _look(self) -> bool:
        """Ask once; whether there was an answer."""
        try:
            self._take(self._listed())
            self._trouble = ""
            return True
        except (LayerscopeError, OSError) as error:
            self._lists = []
            if not isinstance(error, SilentDaemon):  # whose containers may well go on
                self._take([])
            self._tell(error)
            return False
        except Exception as error:  # else the list would stand still from now on, without a word
            self._tell(LayerscopeError(self._engine.value, f"{type(error).__name__}: {error}"))
            return False

    def _listed(self) -> list[ForeignContainer]:
        """What there is. Raises LayerscopeError, OSError."""
        if self._lists:
            try:
                return [one for each in self._lists for one in each()]
            except SilentDaemon:
                raise
            except NoDaemon:
                pass  # it may have been started anew since it was asked last
        self._lists = self._find()
        return [one for each in self._lists for one in each()]

    def _find(self) -> list[List]:
        """What lists them; nothing where the engine is absent. Raises LayerscopeError."""
        errors: list[LayerscopeError] = []
        found: list[List] = []
        if self._engine is Engine.DOCKER:
            from layerscope.containers.foreign.docker import DockerList

            client = find_daemon(errors.append, _PATIENCE)
            found = [DockerList(client).containers] if client is not None else []
        else:
            from layerscope.containers.foreign.podman import PodmanList

            found = [PodmanList(one).containers for one in find_storages(errors.append)]
        if errors:
            raise errors[0]
        return found

    def _tell(self, error: LayerscopeError | OSError) -> None:
        if str(error) == self._trouble:
            return
        self._trouble = str(error)
        if isinstance(error, LayerscopeError):
            self._failed.put(Failed(error.what, error.why, error.hint))
        else:
            self._failed.put(Failed(self._engine.value, error.strerror or str(error)))

    def _take(self, containers: Sequence[ForeignContainer]) -> None:
        found = tuple(Theirs(one, self._size(one)) for one in containers)
        if found != self.found:
            self.found = found

    def _size(self, container: ForeignContainer) -> int | None:
        if container.image_size is not None:
            return container.image_size
        return self._sizes.get(container.image_id)

    def _measure(self) -> None:
        """Walk the images whose size nobody tells, once each."""
        for one in self.found:
            if one.image_size is None and one.container.layers is not None:
                if self._ended.is_set():
                    return
                try:
                    size = foreign_image_size(one.container)
                except OSError:
                    continue
                self._sizes[one.container.image_id] = size
        self._take([one.container for one in self.found])
