"""Containers as processes: started, watched over, ended (Linux)."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from layerscope.containers.record import Container, Life, Mount, State
from layerscope.containers.removal import discard
from layerscope.containers.runtime.alive import boot, start_time, wait_for_end
from layerscope.containers.runtime.spec import (
    Bind,
    Box,
    CannotRun,
    Network,
    Process,
    error_line,
    error_of,
)
from layerscope.containers.runtime.standard_streams import StandardStreams
from layerscope.containers.shelf import (
    NoSuchContainer,
    change_container,
    find_container,
    folder_of,
)
from layerscope.errors import LayerscopeError
from layerscope.signals import signal_number
from layerscope.units import now_text

if TYPE_CHECKING:
    from layerscope.containers.runtime.launch import Started
    from layerscope.containers.runtime.logs import LogWriter
    from layerscope.store.store import Store

_LOG = "container.log"
_UP = b"up\n"  # what a monitor says once its container runs
_LATE = 5.0  # seconds that a monitor gets to write down what it saw
_SOON = 0.5  # seconds in which it has, and is gone as well, unless nobody takes the last output


class NotRunning(LayerscopeError):
    """A container that must run for what was asked, and doesn't."""

    def __init__(self, container: Container) -> None:
        hint = f"layerscope start {container.name}"
        super().__init__(f"container {container.name!r}", "it is not running", hint)


class Attached(NamedTuple):
    """What a container started in the foreground has of this process: its standard input, and the
    terminal whose keys and size it gets."""

    stdin: bool = False
    terminal: bool = False


def log_of(store: Store, container: Container) -> Path:
    """The file of what it wrote."""
    return folder_of(store, container) / _LOG


def run_attached(store: Store, container: Container, attached: Attached) -> int:
    """Start it, pass its output on until it ends, and give its exit code; it ends with this
    process. Raises CannotRun, MountFailed, LayerBusy, LayerscopeError, OSError."""
    with _prepared(store, container) as box:
        return _watch_over(store, container, box, attached, lambda: None)


def start_detached(store: Store, container: Container) -> Container:
    """Start it with a process of its own that watches over it; what it has become.

    Raises as :func:`run_attached`.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _be_monitor(store.root, container, writer)
    os.close(writer)
    with open(reader, "rb") as told:
        line = told.read()
    os.waitpid(child, 0)
    if line != _UP:
        raise error_of(line)
    with suppress(NoSuchContainer):  # one that is not to stay may have ended
        container = find_container(store, container.id)
    return container


def send_signal(container: Container, number: int) -> None:
    """Send a signal to its program. Raises NotRunning."""
    life = _life_of(container)
    with suppress(ProcessLookupError):
        os.kill(life.pid if number == signal.SIGKILL else _program_of(life.pid), number)


def _program_of(init: int) -> int:
    """The program that a container's init looks after, which was the first of its children: what
    stops or aborts would stop at an init. The init itself if the kernel doesn't tell."""
    with suppress(OSError), open(f"/proc/{init}/task/{init}/children", "rb") as children:
        if pids := children.read().split():
            return int(pids[0])
    return init


def stop(container: Container, seconds: float) -> None:
    """Ask it to end, and end it if it hasn't after ``seconds``. Raises NotRunning."""
    life = _life_of(container)
    send_signal(container, _stop_signal(container))
    if not wait_for_end(life.pid, seconds):
        send_signal(container, signal.SIGKILL)
    wait_for_end(life.monitor, _LATE)


def end(container: Container) -> None:
    """Kill it, and wait until that is written down. Raises NotRunning."""
    life = _life_of(container)
    send_signal(container, signal.SIGKILL)
    wait_for_end(life.monitor, _LATE)


def wait(store: Store, container: Container) -> int:
    """Wait until it has ended; its exit code, 0 if it never began."""
    while container.life is not None:
        with _exit_file(store, container).open("rb") as told:  # stays readable when it is gone
            wait_for_end(container.life.pid, None)
            wait_for_end(container.life.monitor, _SOON)
            try:
                container = find_container(store, container.id)
            except NoSuchContainer:
                return int(told.read())
    return container.exit_code or 0


def execute(container: Container, process: Process, attached: Attached) -> int:
    """Run a program more in it; the exit code. Raises NotRunning, CannotRun, OSError."""
    from layerscope.containers.runtime.launch import join

    life = _life_of(container)
    sys.stdout.flush()
    with closing(StandardStreams(process.tty, attached.stdin)) as streams:
        try:
            started = join(life.pid, process, streams.theirs)
        except FileNotFoundError:
            raise NotRunning(container) from None
        finally:
            streams.close_theirs()
        try:
            return _supervised(started, streams, None, attached)
        finally:
            started.let_go()


def _stop_signal(container: Container) -> int:
    """What ends it; where its image names none that there is, SIGTERM, as Docker does."""
    try:
        return signal_number(container.settings.stop_signal)
    except LayerscopeError:
        return signal.SIGTERM


def _life_of(container: Container) -> Life:
    if container.state is not State.RUNNING or container.life is None:
        raise NotRunning(container)
    return container.life


# -- its root ----------------------------------------------------------------------------------


@contextmanager
def _prepared(store: Store, container: Container) -> Iterator[Box]:
    """What its processes will live in, kept from others while they do."""
    from layerscope.cow.lock import LayerLock

    if sys.platform != "linux":
        raise CannotRun("processes", "they need Linux", "layerscope apply, which needs none")
    folder = folder_of(store, container)
    if container.mounts:
        from layerscope.containers.files import open_files

        with open_files(store, container):
            pass  # it makes the mount points and fills new volumes
    lock = LayerLock(folder / "work")
    try:
        yield _box_of(store, container)
    finally:
        lock.release()


def _box_of(store: Store, container: Container) -> Box:
    from layerscope.containers.place import place_of
    from layerscope.containers.runtime.rootfs import make_base, write_own_files
    from layerscope.containers.trees import unpacked

    place, folder = place_of(store, container), folder_of(store, container)
    layers = [make_base(folder / "base"), *unpacked(store, store.resolve(str(container.image)))]
    if container.settings.toolbox:
        from layerscope.containers.runtime.toolbox import toolbox

        layers.insert(0, toolbox(store.root / "toolbox"))
    hostname = container.settings.hostname or container.short
    write_own_files(folder, hostname)
    return Box(
        layers=tuple(layers),
        upper=place.upper,
        work=place.work,
        merged=place.merged,
        form=place.form,
        own=folder,
        hostname=hostname,
        binds=tuple(_bind_of(store, mount) for mount in container.mounts),
        network=Network(container.settings.network),
    )


def _bind_of(store: Store, mount: Mount) -> Bind:
    from layerscope.containers.volumes import data_of

    source = data_of(store, mount.volume) if mount.volume else Path(mount.source or "/")
    if not source.exists():
        source.mkdir(parents=True)  # as Docker does for -v
    return Bind(source, mount.target, mount.read_only)


def _process_of(container: Container) -> Process:
    settings = container.settings
    return Process(
        settings.command, settings.env, settings.working_dir, settings.user, settings.terminal
    )


# -- watching over it --------------------------------------------------------------------------


def _be_monitor(root: Path, container: Container, telling: int) -> NoReturn:
    """The process that stays with a detached container. Its parent is not to wait for it, nor may
    anything of the parent's, a lock or the end of a pipe, stay as long."""
    from layerscope.containers.runtime.launch import close_all_but
    from layerscope.store.store import Store

    os.setsid()
    if os.fork():
        os._exit(0)
    code, waiting = 125, [telling]
    try:
        gc.freeze()
        close_all_but({telling})
        store = Store.open(root)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nowhere, fd)
        os.chdir("/")

        def up() -> None:
            reader = waiting.pop()
            os.write(reader, _UP)
            os.close(reader)

        with _prepared(store, container) as box:
            code = _watch_over(store, container, box, Attached(), up)
        if container.settings.remove:
            discard(store, container, with_volumes=True)
    except LayerscopeError as error:
        _tell(waiting, error)
    except OSError as error:
        _tell(waiting, LayerscopeError(str(error.filename or "start"), str(error.strerror)))
    finally:
        os._exit(code)


def _tell(waiting: list[int], error: LayerscopeError) -> None:
    """Tell who waits for the container to run, unless it did."""
    for fd in waiting:
        with suppress(OSError):
            os.write(fd, error_line(error))


def _watch_over(
    store: Store, container: Container, box: Box, attached: Attached, up: Callable[[], None]
) -> int:
    """Start it, keep its log, write down what became of it."""
    from layerscope.containers.runtime.logs import LogWriter

    process = _process_of(container)
    held_open = container.settings.interactive
    streams = StandardStreams(process.tty, attached.stdin, logged=True, held_open=held_open)
    with closing(streams), closing(LogWriter(log_of(store, container))) as log:

        def at_end(code: int) -> None:
            log.close()
            _ended(store, container, code)

        started = _launched(store, container, box, process, streams)
        try:
            up()
            return _supervised(started, streams, log, attached, at_end)
        finally:
            started.let_go()


def _launched(
    store: Store, container: Container, box: Box, process: Process, streams: StandardStreams
) -> Started:
    from layerscope.containers.runtime.launch import launch
    from layerscope.store.database import forking_strangers

    def meanwhile(pid: int) -> None:
        _began(store, container, pid)
        import layerscope.containers.runtime.supervise  # noqa: F401

    try:
        with forking_strangers():
            return launch(box, process, streams.theirs, meanwhile)
    except CannotRun as error:
        _ended(store, container, error.code)
        raise
    finally:
        streams.close_theirs()


def _supervised(
    started: Started,
    streams: StandardStreams,
    log: LogWriter | None,
    attached: Attached,
    at_end: Callable[[int], None] = lambda code: None,
) -> int:
    """Watch over what was started, through its terminal if it has one; its exit code."""
    from layerscope.containers.runtime.supervise import Output, supervise
    from layerscope.containers.runtime.terminal import raw_terminal

    terminal = started.terminal
    if terminal is None:
        outputs = {fd: Output(stream, echo) for fd, stream, echo in streams.outputs}
    else:
        outputs = {terminal: Output("stdout", 1)}
    typed = streams.typed(terminal) if attached.stdin else None
    raw = raw_terminal(0) if attached.stdin and attached.terminal else nullcontext()
    with raw:
        return supervise(started, outputs, log, typed, at_end)


def _exit_file(store: Store, container: Container) -> Path:
    """Where the exit code is also written, for those who wait for a container that goes when it
    ends."""
    return folder_of(store, container) / "exit-code"


def _began(store: Store, container: Container, pid: int) -> None:
    _exit_file(store, container).write_bytes(b"")
    here = os.getpid()
    life = Life(pid, here, start_time(here) or 0, boot())
    change_container(
        store, container.id, state=State.RUNNING, started_at=now_text(), exit_code=None, life=life
    )


def _ended(store: Store, container: Container, code: int) -> None:
    with suppress(OSError):  # a full disk must not hide that it has ended
        _exit_file(store, container).write_text(str(code))
    change_container(
        store, container.id, state=State.EXITED, exit_code=code, finished_at=now_text(), life=None
    )
