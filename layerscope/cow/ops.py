"""File operations written as JSON: a list of ``{"op", "path", …}``, run one by one on an engine.

There are two languages, :class:`Language`. Most operations tell by their keys which it is:
``from`` and ``to``, and ``data`` as text or ``{"text"}``, ``{"b64"}``, ``{"fill", "size"}`` are
calls; ``path`` and ``to``, and content as ``size`` times ``byte`` are commands.
"""

from __future__ import annotations

import base64
import enum
import errno
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layerscope.cow import shell_ops
from layerscope.cow.engine import Engine
from layerscope.cow.events import Event
from layerscope.cow.handle import Handle
from layerscope.cow.rename import Mode
from layerscope.errors import LayerscopeError

Op = Mapping[str, Any]

_WRITE = os.O_WRONLY | os.O_CREAT
# What words end in that are of the wrong kind, or too large.
_OFF = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
_SECOND = 1_000_000_000
_NOBODY = (1 << 32) - 1  # the number that chown(2) takes for none


class Language(enum.Enum):
    """What an operation means where its keys don't tell."""

    COMMANDS = "as the shell command of that name: chown follows a symlink"
    CALLS = "as the system call of that name: chown changes the symlink itself"


class InvalidOps(LayerscopeError):
    """The list isn't one of operations that can be run."""


@dataclass(frozen=True, slots=True)
class OpResult:
    """What one operation came to: ``"ok"`` or the name of an errno. ``data`` is what was read,
    ``events`` what happened to the writable layer."""

    op: str
    path: str | None
    result: str
    data: bytes | None = None
    events: tuple[Event, ...] = ()


def language_of(ops: Sequence[Op]) -> Language:
    """Calls, if one of the operations can be nothing else."""
    words = {"from", "data", "flags", "fd", "count", "name", "keep_size", "ns"}
    calls = any(isinstance(op, Mapping) and words & op.keys() for op in ops)
    return Language.CALLS if calls else Language.COMMANDS


def run_ops(engine: Engine, ops: Sequence[Op], language: Language | None = None) -> list[OpResult]:
    """Run them in order; one that fails doesn't stop the next. ``language`` defaults to
    :func:`language_of` the list. Raises InvalidOps before the first one runs if one of them is
    not an operation at all, and on the way for one whose words are off."""
    check_ops(ops)
    runner = _Runner(engine, language or language_of(ops))
    engine.subscribe(runner.seen)
    try:
        return [runner.run(op) for op in ops]
    finally:
        engine.unsubscribe(runner.seen)
        runner.close()


def check_ops(ops: Sequence[Op]) -> None:
    """Raises InvalidOps if one of them is not an operation at all."""
    for number, op in enumerate(ops):
        _check(number, op)


def _check(number: int, op: Op) -> None:
    where = f"operation {number + 1}"
    if not isinstance(op, Mapping) or not isinstance(op.get("op"), str):
        raise InvalidOps(where, 'it is no object with an "op"')
    if op["op"] not in _DO:
        raise InvalidOps(where, f"there is no operation {op['op']!r}")


class _Runner:
    def __init__(self, engine: Engine, language: Language) -> None:
        self.engine = engine
        self.language = language
        self.open: dict[str, Handle] = {}
        self._events: list[Event] = []

    def seen(self, event: Event) -> None:
        self._events.append(event)

    def run(self, op: Op) -> OpResult:
        name = str(op["op"])
        self._events.clear()
        result, data = "ok", None
        try:
            data = _DO[name](self, op)
        except OSError as error:
            result = errno.errorcode.get(error.errno or 0, "EIO")
        except _OFF as error:
            raise InvalidOps(f"operation {name!r}", f"its words are off: {error}") from None
        return OpResult(name, shown_path(op), result, data, tuple(self._events))

    def close(self) -> None:
        for handle in self.open.values():
            handle.close()
        self.open.clear()

    # -- content ---------------------------------------------------------------------------

    def write(self, op: Op) -> None:
        with self.engine.open(path_of(op), _WRITE | os.O_TRUNC) as handle:
            write_all(handle, content(op))

    def append(self, op: Op) -> None:
        with self.engine.open(path_of(op), _WRITE | os.O_APPEND) as handle:
            write_all(handle, content(op))

    def pwrite(self, op: Op) -> None:
        flags = _WRITE if "byte" in op else os.O_WRONLY
        with self.engine.open(path_of(op), flags) as handle:
            handle.pwrite(content(op), int(op.get("offset", 0)))

    def mmap_write(self, op: Op) -> None:
        with self.engine.open(path_of(op), os.O_RDWR) as handle:
            data, offset = content(op), int(op.get("offset", 0))
            room = max(0, handle.stat().size - offset)
            handle.pwrite(data[:room], offset)

    def open_close(self, op: Op) -> None:
        self.engine.open(path_of(op), _flags(op), mode_of(op, 0o666)).close()

    def read(self, op: Op) -> bytes:
        return self.engine.read(path_of(op))

    def truncate(self, op: Op) -> None:
        self.engine.truncate(path_of(op), int(op["size"]))

    def fallocate(self, op: Op) -> None:
        keep = 1 if op.get("keep_size") else 0
        with self.engine.open(path_of(op), os.O_RDWR | os.O_CREAT) as handle:
            handle.fallocate(keep, int(op.get("offset", 0)), int(op["size"]))

    def files(self, op: Op) -> None:
        data = content(op)
        for number in range(int(op["count"])):
            name = path_of(op) + b"/f%05d" % number
            with self.engine.open(name, _WRITE | os.O_TRUNC) as handle:
                write_all(handle, data)

    def fd_open(self, op: Op) -> None:
        handle = self.engine.open(path_of(op), _flags(op), mode_of(op, 0o666))
        before = self.open.pop(str(op["fd"]), None)
        if before is not None:
            before.close()
        self.open[str(op["fd"])] = handle

    def fd_write(self, op: Op) -> None:
        write_all(self._handle(op), content(op))

    def fd_read(self, op: Op) -> bytes:
        return self._handle(op).read(int(op.get("size", -1)))

    def fd_close(self, op: Op) -> None:
        self._handle(op).close()
        del self.open[str(op["fd"])]

    def _handle(self, op: Op) -> Handle:
        handle = self.open.get(str(op["fd"]))
        if handle is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return handle

    # -- names -----------------------------------------------------------------------------

    def unlink(self, op: Op) -> None:
        self.engine.unlink(path_of(op))

    def rmdir(self, op: Op) -> None:
        self.engine.rmdir(path_of(op))

    def rmtree(self, op: Op) -> None:
        shell_ops.remove(self.engine, path_of(op))

    def mkdir(self, op: Op) -> None:
        self.engine.mkdir(path_of(op), mode_of(op, 0o777))

    def rename(self, op: Op) -> None:
        if "from" in op:
            self.engine.rename(text(op["from"]), text(op["to"]))
        else:
            shell_ops.move(self.engine, path_of(op), text(op["to"]), bool(op.get("T")))

    def rename_noreplace(self, op: Op) -> None:
        self.engine.rename(path_of(op), text(op["to"]), Mode.NOREPLACE)

    def exchange(self, op: Op) -> None:
        self.engine.rename(path_of(op), text(op["to"]), Mode.EXCHANGE)

    def link(self, op: Op) -> None:
        to = text(op["to"])
        if "from" not in op:
            to = shell_ops.inside(self.engine, path_of(op), to)
        self.engine.link(path_of(op), to)

    def symlink(self, op: Op) -> None:
        self.engine.symlink(text(op["target"]), path_of(op))

    def mkfifo(self, op: Op) -> None:
        self.engine.mknod(path_of(op), stat.S_IFIFO | mode_of(op, 0o666))

    def socket(self, op: Op) -> None:
        self.engine.mknod(path_of(op), stat.S_IFSOCK | mode_of(op, 0o777))

    def mknod(self, op: Op) -> None:
        kinds = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}
        major, minor = op.get("dev", (op.get("major", 0), op.get("minor", 0)))
        fmt = kinds[op.get("type", "c")]
        device = os.makedev(int(major), int(minor)) if fmt != stat.S_IFIFO else 0
        self.engine.mknod(path_of(op), fmt | mode_of(op, 0o666), device)

    # -- metadata --------------------------------------------------------------------------

    def chmod(self, op: Op) -> None:
        self.engine.chmod(path_of(op), mode_of(op, 0))

    def chown(self, op: Op) -> None:
        owner = _number_of(op, "uid"), _number_of(op, "gid")
        self.engine.chown(path_of(op), *owner, follow=self.language is Language.COMMANDS)

    def utime(self, op: Op) -> None:
        when = int(op["mtime"]) * _SECOND + int(op.get("ns", 0))
        self.engine.utime(path_of(op), when, when, follow=True)

    def setxattr(self, op: Op) -> None:
        self.engine.setxattr(path_of(op), str(op["name"]), _bytes(op["value"]))

    def removexattr(self, op: Op) -> None:
        self.engine.removexattr(path_of(op), str(op["name"]))

    def nothing(self, op: Op) -> None:
        """A container's log lies outside its layer; a restart leaves the layer as it is."""


_DO: Mapping[str, Callable[[_Runner, Op], bytes | None]] = {
    **{
        name: getattr(_Runner, name)
        for name in (
            *("write", "append", "pwrite", "mmap_write", "read", "truncate", "fallocate"),
            *("files", "fd_open", "fd_write", "fd_read", "fd_close", "unlink", "rmdir", "rmtree"),
            *("mkdir", "rename", "rename_noreplace", "exchange", "link", "symlink", "mkfifo"),
            *("socket", "mknod", "chmod", "chown", "utime", "setxattr", "removexattr"),
        )
    },
    "open": _Runner.open_close,
    "log": _Runner.nothing,
    "@restart": _Runner.nothing,
}


def write_all(handle: Handle, data: bytes) -> None:
    """Write until everything is written."""
    view = memoryview(data)
    while view:
        view = view[handle.write(view) :]


def text(value: object) -> bytes:
    """A name; what is not UTF-8 comes as surrogates, as ``os.fsdecode`` makes them."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return os.fsencode(value)


def shown_path(op: Op) -> str | None:
    """The path of an operation as it is written there."""
    path = op.get("path", op.get("from"))
    return None if path is None else str(path)


def path_of(op: Op) -> bytes:
    """The path that an operation is about."""
    return text(op["from"] if "from" in op else op["path"])


def mode_of(op: Op, default: int) -> int:
    """Octal text, as in chmod(1)."""
    return int(str(op["mode"]), 8) if "mode" in op else default


def _number_of(op: Op, key: str) -> int:
    """A user's or group's, -1 for none."""
    number = int(op.get(key, -1))
    if not -1 <= number < _NOBODY:
        raise ValueError(f"{number} is no {key}")
    return number


def content(op: Op) -> bytes:
    """What an operation writes; empty if it doesn't say."""
    if "data" in op:
        return _bytes(op["data"])
    if "size" in op or "byte" in op:
        return text(op.get("byte", "b")) * int(op.get("size", 1))
    return b""


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no content")
    if "text" in value:
        return str(value["text"]).encode()
    if "b64" in value:
        return base64.b64decode(value["b64"], validate=True)
    return str(value["fill"]).encode() * int(value["size"])


def _flags(op: Op) -> int:
    flags = 0
    for word in op.get("flags", ()):
        flags |= int(getattr(os, "O_" + str(word)))
    return flags
