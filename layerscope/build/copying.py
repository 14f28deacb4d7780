"""Files put into a stage by Docker's rules for COPY and ADD, through the engine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.paths import follow
from layerscope.archive.tar_format import InvalidTar
from layerscope.build.tree import CopyFailed, Source
from layerscope.cow.engine import Engine

CAPABILITY = b"security.capability"
_SECOND = 1_000_000_000


class Looks(NamedTuple):
    """Who copied files are given to (uid, gid), and their mode, where it isn't their own."""

    owner: tuple[int, int] | None = None
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
        make_folders(engine, target.rpartition(b"/")[0])
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
    """What is in a folder; the folder that it goes into keeps its own mode. Names of one file stay
    names of one file."""
    folders: list[tuple[bytes, Entry]] = []
    first: dict[tuple[int, int], bytes] = {}
    for item in items:
        where = target + b"/" + item.entry.path
        if item.inode in first:
            clear(engine, where)
            engine.link(first[item.inode], where)
            continue
        if item.entry.kind is not Kind.DIR:
            put(engine, item.entry, item.open(), where, looks)
            if item.inode is not None:
                first[item.inode] = where
            continue
        make_folder(engine, where)
        folders.append((where, item.entry))
    for where, entry in reversed(folders):
        dress(engine, where, entry, looks)


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
    dress(engine, path, entry, looks)


_FORMATS = {Kind.FIFO: stat.S_IFIFO, Kind.CHAR: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}


def dress(engine: Engine, path: bytes, entry: Entry, looks: Looks) -> None:
    """Give what stands at ``path`` its owner, mode and time. Raises OSError."""
    if looks.owner is not None:
        engine.chown(path, *looks.owner)
    else:
        with suppress(PermissionError):  # a symlink's, which an ordinary user can't keep
            engine.chown(path, entry.uid, entry.gid)
    if entry.kind is not Kind.SYMLINK:
        engine.chmod(path, _mode(entry, looks))
    if looks.owner is None and CAPABILITY in entry.xattrs:
        with suppress(PermissionError):  # root alone may give it
            engine.setxattr(path, os.fsdecode(CAPABILITY), entry.xattrs[CAPABILITY])
    when = entry.mtime * _SECOND + entry.mtime_ns
    engine.utime(path, when, when)


def _mode(entry: Entry, looks: Looks) -> int:
    """A file that is given to somebody doesn't run with his rights: chown(2) takes suid away, and
    sgid where the group may run it."""
    if looks.mode is not None:
        return looks.mode
    if looks.owner is None or entry.kind is Kind.DIR:
        return entry.mode
    dropped = stat.S_ISUID | (stat.S_ISGID if entry.mode & stat.S_IXGRP else 0)
    return entry.mode & ~dropped


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


def make_folder(engine: Engine, path: bytes) -> None:
    """A folder at ``path``; one that is there stays, anything else makes room."""
    try:
        if engine.stat(path).fmt == stat.S_IFDIR:
            return
        engine.unlink(path)
    except FileNotFoundError:
        pass
    engine.mkdir(path, 0o755)


def make_folders(engine: Engine, path: bytes, looks: Looks | None = None) -> None:
    """``path`` and the folders above it that are missing, 0755, root's or who ``looks`` says.

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
        engine.chown(here, *((looks and looks.owner) or (0, 0)))


def is_folder(engine: Engine, path: bytes) -> bool:
    """Whether a folder stands at ``path``, or a symlink to one."""
    try:
        return engine.stat(path, follow=True).fmt == stat.S_IFDIR
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        raise


def resolve(engine: Engine, path: bytes, root: bytes = b"") -> bytes:
    """The path below ``root`` with its symlinks followed, as far as it is there, never out of that
    root. Raises CopyFailed."""
    below = root + b"/"
    try:
        return below + follow(path, lambda here: _link(engine, below + here))
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
