"""Starts a program: in a new container, or in one that runs.

Three processes stand between the caller and the program: one that leaves the host's namespaces (a
pid namespace begins with a child), the container's init, and the program itself. What goes wrong on
the way comes back through a pipe that the program's exec closes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from layerscope.containers.runtime import identity, init, kernel, namespaces, rootfs
from layerscope.containers.runtime.spec import (
    Box,
    CannotExecute,
    CannotRun,
    Network,
    NoProgram,
    Process,
    error_line,
    error_of,
)
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    import socket

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_THERE = frozenset((errno.ENOENT, errno.ENOTDIR))


class Started(NamedTuple):
    """What runs, as the host numbers it. ``pid`` is the init's (of a program that joined: the
    program's), ``child`` this process's child that ends as it does; ``terminal`` is the master
    side of its terminal; ``lifeline`` closes when this process ends, and with it the container."""

    pid: int
    child: int
    terminal: int | None = None
    lifeline: int | None = None

    def let_go(self) -> None:
        """Close what this process holds of it; the container ends if it hasn't."""
        for fd in (self.terminal, self.lifeline):
            if fd is not None:
                os.close(fd)


def close_all_but(kept: set[int]) -> None:
    """Close what this process inherited: locks, databases, sockets; not its standard streams, nor
    ``kept``. Python's objects of these files must not be found rubbish from then on: they would be
    closed once more, when other files have their numbers."""
    last = 2
    for fd in sorted(fd for fd in kept if fd > 2):
        os.closerange(last + 1, fd)
        last = fd
    os.closerange(last + 1, 1 << 16)


class _Pipes:
    """Ends of pipes that the children inherit: where to report, where a terminal goes."""

    def __init__(
        self,
        report: int,
        lifeline: int,
        terminal: socket.socket | None,
        stdio: tuple[int, int, int],
    ) -> None:
        self.report = report
        self.lifeline = lifeline
        self.terminal = terminal
        self.stdio = stdio
        self.kept: list[int] = []

    def close_others(self) -> None:
        """Close whatever else this process inherited: locks, databases, sockets."""
        kept = {self.report, self.lifeline, *self.stdio, *self.kept}
        if self.terminal is not None:
            kept.add(self.terminal.fileno())
        close_all_but(kept)


def _nothing(pid: int) -> None:
    """What is done while a container starts, if nobody says."""


def launch(
    box: Box,
    process: Process,
    stdio: tuple[int, int, int],
    meanwhile: Callable[[int], None] = _nothing,
) -> Started:
    """A new container. This process becomes the one that orphans below it come to. ``meanwhile``
    is called with the pid of the container's init, which goes on to mount its root.

    Raises CannotRun, OSError, and what ``meanwhile`` raises, which ends the container.
    """
    kernel.load()
    kernel.adopt_orphans()
    started = _start(lambda pipes: _leave(box, process, pipes), process, stdio, meanwhile)
    os.waitpid(started.child, 0)
    return started._replace(child=started.pid)


def join(pid: int, process: Process, stdio: tuple[int, int, int]) -> Started:
    """A program more in the container whose init is ``pid``. Raises CannotRun, OSError."""
    kernel.load()
    held = namespaces.hold(pid)
    try:
        return _start(lambda pipes: _join(held, process, pipes), process, stdio)
    finally:
        for fd in held.values():
            os.close(fd)


def _start(
    begin: Callable[[_Pipes], None],
    process: Process,
    stdio: tuple[int, int, int],
    meanwhile: Callable[[int], None] = _nothing,
) -> Started:
    report, telling = os.pipe()
    watched, lifeline = os.pipe()
    ours, theirs = _channel() if process.tty else (None, None)
    child = os.fork()
    if child == 0:
        _guarded(begin, _Pipes(telling, watched, theirs, stdio))
    for fd in (telling, watched):
        os.close(fd)
    if theirs is not None:
        theirs.close()
    try:
        with open(report, "rb") as told:
            pid = _pid(told.readline())
            meanwhile(pid)
            for line in told:
                raise error_of(line)
        terminal = _received(ours) if ours is not None else None
    except BaseException:
        os.close(lifeline)
        _reap_all()
        raise
    finally:
        if ours is not None:
            ours.close()
    return Started(pid, child, terminal, lifeline)


def _channel() -> tuple[socket.socket, socket.socket]:
    """For a terminal's descriptor. What its use needs is imported now: once the root is another
    one Python's own files are out of reach."""
    import socket
    import termios  # noqa: F401

    import layerscope.containers.runtime.terminal  # noqa: F401

    return socket.socketpair()


def _pid(line: bytes) -> int:
    """The pid that a report begins with. Raises the error that it tells of instead."""
    if not line.strip().isdigit():
        raise error_of(line)
    return int(line)


def _received(channel: socket.socket) -> int | None:
    import socket

    _, fds, _, _ = socket.recv_fds(channel, 1, 1)
    return fds[0] if fds else None


def _reap_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _guarded(begin: Callable[[_Pipes], None], pipes: _Pipes) -> NoReturn:
    """Run a child to its end, and tell of what goes wrong. Never comes back."""
    gc.disable()  # for close_all_but
    try:
        begin(pipes)
    except LayerscopeError as error:
        _tell(pipes, error)
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        _tell(pipes, CannotRun(str(error.filename or "the container"), text))
    except BaseException as error:
        _tell(pipes, CannotRun("the container", f"{type(error).__name__}: {error}"))
    os._exit(125)


def _tell(pipes: _Pipes, error: LayerscopeError) -> None:
    with contextlib.suppress(OSError):
        os.write(pipes.report, error_line(error))


def _leave(box: Box, process: Process, pipes: _Pipes) -> None:
    pipes.close_others()
    os.setsid()
    _hide()
    namespaces.make_own(box.network)
    first = os.fork()
    if first:
        os.write(pipes.report, b"%d\n" % first)
        os._exit(0)
    _be_init(box, process, pipes)


def _hide() -> None:
    """A container's root must not reach the host's Python through /proc/1/exe. Of an ordinary user
    it has no more rights than he, who could then not enter his own container any more."""
    if os.geteuid() == 0:
        kernel.hide_process()


def _be_init(box: Box, process: Process, pipes: _Pipes) -> None:
    signals = init.take_signals()
    rootfs.enter(box)
    kernel.set_hostname(box.hostname)
    if box.network is Network.NONE:
        with contextlib.suppress(OSError):
            kernel.loopback_up()
    program = _fork_program(process, pipes, _go_or_make)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    pipes.kept = [*signals]
    pipes.stdio = (0, 1, 2)
    os.close(pipes.report)
    pipes.report = pipes.lifeline
    pipes.terminal = None
    pipes.close_others()
    os.chdir("/")
    init.serve(program, signals[0], pipes.lifeline)


def _join(held: dict[str, int], process: Process, pipes: _Pipes) -> None:
    pipes.kept = list(held.values())
    pipes.close_others()
    _hide()
    namespaces.enter(held)
    program = _fork_program(process, pipes, os.chdir)
    os.write(pipes.report, b"%d\n" % program)
    os.close(pipes.report)
    for fd in {0, 1, 2, *pipes.stdio}:
        os.close(fd)
    init.default_signals()
    _, status = os.waitpid(program, 0)
    os._exit(init.shell_code(status))


def _fork_program(process: Process, pipes: _Pipes, go: Callable[[str], None]) -> int:
    """The program in a child, which goes where it is to work with ``go``; its pid as this namespace
    or the host's numbers it."""
    terminal = None
    if process.tty and pipes.terminal is not None:
        import socket

        from layerscope.containers.runtime.terminal import copy_size

        master, terminal = os.openpty()
        copy_size(master)
        socket.send_fds(pipes.terminal, [b"t"], [master])
        os.close(master)
    program = os.fork()
    if program == 0:
        _guarded(lambda pipes: _exec(process, pipes, terminal, go), pipes)
    if terminal is not None:
        os.close(terminal)
    return program


def _exec(process: Process, pipes: _Pipes, terminal: int | None, go: Callable[[str], None]) -> None:
    init.default_signals()
    os.umask(0o022)
    os.setsid()
    stdio = pipes.stdio
    if terminal is not None:
        import termios

        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        stdio = (terminal, terminal, terminal)
    spare = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in stdio]
    for number, fd in enumerate(spare):
        os.dup2(fd, number)
    os.set_inheritable(pipes.report, False)
    user = identity.find_user(process.user)
    if terminal is not None:
        with contextlib.suppress(OSError):
            os.fchown(0, user.uid, user.gid)
    _work_in(process.cwd or "/", go)
    env = _environment(process, user)
    identity.become(user)
    pipes.stdio, pipes.lifeline, pipes.terminal, pipes.kept = (0, 1, 2), pipes.report, None, []
    pipes.close_others()
    _run(process.args, env)


def _go_or_make(folder: str) -> None:
    """As Docker does for a new container."""
    os.makedirs(folder, 0o755, exist_ok=True)
    os.chdir(folder)


def _work_in(cwd: str, go: Callable[[str], None]) -> None:
    if not cwd.startswith("/"):
        raise CannotRun(f"folder {cwd!r}", "a working directory must be absolute")
    try:
        go(cwd)
    except OSError as error:
        why = f"it cannot be the working directory: {(error.strerror or '').lower()}"
        raise CannotExecute(f"folder {cwd!r}", why) from error


def _environment(process: Process, user: identity.User) -> dict[str, str]:
    """Of several values for a name the last one wins."""
    env = {"PATH": _PATH, "HOSTNAME": os.uname().nodename}
    if process.tty:
        env["TERM"] = "xterm"
    for entry in process.env:
        name, _, value = entry.partition("=")
        if name:  # an image may have one without, which is none
            env[name] = value
    env.setdefault("HOME", user.home)
    return env


def _run(args: tuple[str, ...], env: dict[str, str]) -> NoReturn:
    if not args:
        raise CannotRun("the container", "it has no command", "name one behind the image")
    name = args[0]
    places = [""] if "/" in name else [f"{folder}/" for folder in env["PATH"].split(":")]
    failed: OSError | None = None
    for place in places:
        try:
            os.execve(place + name, args, env)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                failed = error
    if failed is not None:
        raise CannotExecute(repr(name), (failed.strerror or "").lower())
    hint = "--toolbox, if the image has no shell" if name.endswith("sh") else None
    raise NoProgram(repr(name), "there is no such program", hint)
