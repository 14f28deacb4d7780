"""Processes in containers: run, started, ended, looked after (Linux)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from layerscope.containers import running
from layerscope.containers.record import Container, State
from layerscope.containers.running import Attached
from layerscope.containers.runtime.spec import Process
from layerscope.containers.shelf import NoSuchContainer, find_container
from layerscope.errors import LayerscopeError
from layerscope.signals import signal_number
from layerscope.usecases.containers import Wanted, create, remove

if TYPE_CHECKING:
    from layerscope.containers.runtime.logs import Written
    from layerscope.store.store import Store

GRACE = 10.0  # seconds between asking a container to end and ending it, as Docker has it


class AlreadyRunning(LayerscopeError):
    """A container that is to be started and runs."""


def run_detached(store: Store, image: str, wanted: Wanted) -> Container:
    """A new container, started, with a process of its own that watches over it.

    Raises NoSuchImage, NameTaken, CannotRun, MountFailed, UsageError, OSError; a container that
    could not be started stays to be looked at, unless it was to be removed.
    """
    container = create(store, image, wanted)
    try:
        return running.start_detached(store, container)
    except (LayerscopeError, OSError):
        _let_go(store, container)
        raise


def run_attached(store: Store, image: str, wanted: Wanted, attached: Attached) -> int:
    """A new container, run to its end with this process's terminal; its exit code. Raises as
    :func:`run_detached`."""
    container = create(store, image, wanted)
    try:
        return running.run_attached(store, container, attached)
    finally:
        _let_go(store, container)


def start(store: Store, name: str) -> Container:
    """Start a container that has ended, or never began; one that runs goes on.

    Raises NoSuchContainer, CannotRun, MountFailed, LayerBusy.
    """
    container = find_container(store, name)
    if container.state is State.RUNNING:
        return container
    return running.start_detached(store, container)


def start_attached(store: Store, name: str, attached: Attached) -> int:
    """The same, to its end; its exit code. Raises AlreadyRunning as well."""
    container = find_container(store, name)
    if container.state is State.RUNNING:
        raise AlreadyRunning(f"container {name!r}", "it is running", f"layerscope logs -f {name}")
    try:
        return running.run_attached(store, container, attached)
    finally:
        _let_go(store, container)


def stop(store: Store, name: str, seconds: float = GRACE) -> Container:
    """Ask a container to end, and end it after ``seconds``; one that has ended is fine.

    Raises NoSuchContainer.
    """
    container = find_container(store, name)
    with suppress(running.NotRunning):
        running.stop(container, seconds)
    return container


def kill(store: Store, name: str, signal: str = "SIGKILL") -> Container:
    """Send a signal to a container's program. Raises NoSuchContainer, NotRunning."""
    container = find_container(store, name)
    running.send_signal(container, signal_number(signal))
    return container


def wait(store: Store, name: str) -> int:
    """Wait for a container's end; its exit code. Raises NoSuchContainer."""
    return running.wait(store, find_container(store, name))


def logs(store: Store, name: str, *, follow: bool = False) -> Iterator[Written]:
    """What a container wrote; with ``follow`` also what it will, until it ends.

    Raises NoSuchContainer, OSError.
    """
    from layerscope.containers.runtime.logs import read_log

    container = find_container(store, name)

    def is_running() -> bool:
        with suppress(NoSuchContainer):
            return find_container(store, container.id).state is State.RUNNING
        return False

    return read_log(running.log_of(store, container), is_running if follow else None)


def execute(store: Store, name: str, process: Process, attached: Attached) -> int:
    """Run a program more in a running container; its exit code. What ``process`` leaves open is as
    the container has it. Raises NoSuchContainer, NotRunning, CannotRun."""
    container = find_container(store, name)
    settings = container.settings
    filled = process._replace(
        env=(*settings.env, *process.env),
        cwd=process.cwd or settings.working_dir,
        user=process.user or settings.user,
    )
    return running.execute(container, filled, attached)


def _let_go(store: Store, container: Container) -> None:
    if container.settings.remove:
        remove(store, container.id, force=True, with_volumes=True)
