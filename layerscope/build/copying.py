"""Files put into a stage by Docker's rules for COPY and ADD, through the engine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.paths import follow
from layerscope.archive.tar_format import InvalidTar
from layerscope.build.tree import CopyFailed, Source
from layerscope.cow.engine import Engine

_SECOND = 1_000_000_000


class Looks(NamedTuple):
    """What copied files belong to, and their mode where it isn't their own."""

    uid: int = 0
    gid: int = 0
    mode: int | None = None


def place(engine: Engine, items: Sequence[Source], dest: bytes, looks: Looks) -> None:
    """Put one source, ``items`` of which the first is itself, to ``dest``, an absolute path.

    A folder's content goes into ``dest``; a file goes into it if it ends with a slash or is a
    folder there, else it becomes it. Raises CopyFailed, OSError.
    """
    top = items[0]
    target = resolve(engine, dest)
    if top.entry.kind is Kind.DIR:
        if engine.exists(target) and not is_folder(engine, target):
            raise CopyFailed(os.fsdecode(target), "a folder can't replace a file there")
        make_folders(engine, target, looks)
        _folder(engine, items[1:], target.rstrip(b"/"), looks)
        return
    if dest.endswith(b"/") or is_folder(engine, target):
        make_folders(engine, target, looks)
        name = top.place.rpartition(b"/")[2]
        target = resolve(engine, target.rstrip(b"/") + b"/" + name)
    else:
        make_folders(engine, target.rpartition(b"/")[0] or b"/", looks)
    put(engine, top.entry, top.open(), target, looks)


def _folder(engine: Engine, items: Sequence[Source], target: bytes, looks: Looks) -> None:
    """What is in a folder; the folder that it goes into keeps its own mode."""
    folders: list[tuple[bytes, Entry]] = []
    for item in items:
        where = target + b"/" + item.entry.path
        if item.entry.kind is not Kind.DIR:
            put(engine, item.entry, item.open(), where, looks)
            continue
        _make_folder(engine, where)
        folders.append((where, item.entry))
    for where, entry in reversed(folders):
        _dress(engine, where, entry, looks)


def put(
    engine: Engine, entry: Entry, content: Iterator[bytes | memoryview], path: bytes, looks: Looks
) -> None:
    """One file, symlink or node at ``path``, whatever stood there. Raises CopyFailed, OSError."""
    clear(engine, path)
    if entry.kind in (Kind.FILE, Kind.HARDLINK):
        with engine.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600) as out:
            for chunk in content:
                done = 0
                while done < len(chunk):
                    done += out.write(bytes(chunk[done:]))
    elif entry.kind is Kind.SYMLINK:
        engine.symlink(entry.link, path)
    else:
        engine.mknod(path, _FORMATS[entry.kind] | 0o600, os.makedev(*entry.device))
    _dress(engine, path, entry, looks)


_FORMATS = {Kind.FIFO: stat.S_IFIFO, Kind.CHAR: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}


def _dress(engine: Engine, path: bytes, entry: Entry, looks: Looks) -> None:
    engine.chown(path, looks.uid, looks.gid)
    if entry.kind is not Kind.SYMLINK:
        engine.chmod(path, entry.mode if looks.mode is None else looks.mode)
    when = entry.mtime * _SECOND + entry.mtime_ns
    engine.utime(path, when, when)


def clear(engine: Engine, path: bytes) -> None:
    """Take away what stands at ``path``, a folder with all that is in it."""
    try:
        found = engine.stat(path)
    except FileNotFoundError:
        return
    if found.fmt != stat.S_IFDIR:
        engine.unlink(path)
        return
    if path in (b"/", b""):
        raise CopyFailed("/", "a file can't replace the root")
    for name in engine.names(path):
        clear(engine, path + b"/" + name)
    engine.rmdir(path)


def _make_folder(engine: Engine, path: bytes) -> None:
    """A folder at ``path``; one that is there stays, anything else makes room."""
    try:
        if engine.stat(path).fmt == stat.S_IFDIR:
            return
        engine.unlink(path)
    except FileNotFoundError:
        pass
    engine.mkdir(path, 0o755)


def make_folders(engine: Engine, path: bytes, looks: Looks | None = None) -> None:
    """``path`` and the folders above it that are missing, 0755, root's or whose ``looks`` says.

    Raises CopyFailed.
    """
    here = b""
    for name in filter(None, path.split(b"/")):
        here += b"/" + name
        if is_folder(engine, here):
            continue
        try:
            engine.mkdir(here, 0o755)
        except FileExistsError:
            raise CopyFailed(os.fsdecode(here), "it is no folder") from None
        owner = looks or Looks()
        engine.chown(here, owner.uid, owner.gid)


def is_folder(engine: Engine, path: bytes) -> bool:
    """Whether a folder stands at ``path``, or a symlink to one."""
    try:
        return engine.stat(path, follow=True).fmt == stat.S_IFDIR
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        raise


def resolve(engine: Engine, path: bytes) -> bytes:
    """The absolute path with its symlinks followed, as far as it is there. Raises CopyFailed."""
    try:
        return b"/" + follow(path, lambda here: _link(engine, b"/" + here))
    except InvalidTar:
        raise CopyFailed(os.fsdecode(path), "its symlinks go round") from None


def _link(engine: Engine, path: bytes) -> bytes | None:
    try:
        if engine.stat(path).fmt == stat.S_IFLNK:
            return engine.readlink(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
    return None
