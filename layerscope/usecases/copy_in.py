"""Copying a file or folder of the host into a container, by the rules of ``docker cp``."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.walk import walk_tree
from layerscope.containers.files import open_files
from layerscope.containers.shelf import find_container
from layerscope.cow.engine import Engine
from layerscope.errors import LayerscopeError
from layerscope.usecases.copy_out import Copied
from layerscope.usecases.host_folder import CannotCopy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layerscope.store.store import Store

_CHUNK = 1 << 20
_FORMATS = {Kind.FIFO: stat.S_IFIFO, Kind.CHAR: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}


def copy_in(store: Store, source: Path, name: str, path: bytes) -> Copied:
    """Copy ``source`` to ``path`` in a container, into it if that is a folder there.

    What is made belongs to root there and keeps mode and mtime. Folders merge, anything else takes
    the place of what is no folder. Raises NoSuchContainer, LayerBusy, CannotCopy, LayerscopeError,
    OSError.
    """
    with open_files(store, find_container(store, name)) as engine:
        target = b"/" + path.strip(b"/")
        if _is_folder(engine, target):
            target = target.rstrip(b"/") + b"/" + os.fsencode(source.resolve().name)
        elif path.endswith(b"/"):
            raise LayerscopeError(repr(os.fsdecode(path)), "there is no such folder")
        if source.is_dir():
            size = _copy_folder(engine, source, target)
        else:
            about = source.stat()
            with source.open("rb", buffering=0) as file:
                size = _write(engine, target, iter(lambda: file.read(_CHUNK), b""))
            _dress(engine, target, stat.S_IMODE(about.st_mode), about.st_mtime_ns)
    return Copied(os.fsdecode(target), size)


def _copy_folder(engine: Engine, source: Path, target: bytes) -> int:
    """The bytes of content that were copied."""
    size = 0
    folders: list[tuple[bytes, Entry]] = []
    for entry, content in walk_tree(source):
        place = target + b"/" + entry.path if entry.path else target
        if entry.kind is Kind.DIR:
            _make_folder(engine, place)
            folders.append((place, entry))
            continue
        _make_room(engine, place)
        if entry.kind is Kind.SYMLINK:
            engine.symlink(entry.link, place)
        elif entry.kind is Kind.HARDLINK:
            engine.link(target + b"/" + entry.link, place)
        elif entry.kind is Kind.FILE:
            size += _write(engine, place, content())
            _finish(engine, place, entry)
        elif entry.kind in _FORMATS:  # a socket is nothing without who listens at it
            engine.mknod(place, _FORMATS[entry.kind] | 0o600, os.makedev(*entry.device))
            _finish(engine, place, entry)
    for place, entry in reversed(folders):
        _finish(engine, place, entry)
    return size


def _make_folder(engine: Engine, path: bytes) -> None:
    found = _format(engine, path)
    if found is None:
        engine.mkdir(path, 0o755)
    elif found != stat.S_IFDIR:
        raise CannotCopy(os.fsdecode(path), "a folder can't take the place of a file")


def _make_room(engine: Engine, path: bytes) -> None:
    found = _format(engine, path)
    if found == stat.S_IFDIR:
        raise CannotCopy(os.fsdecode(path), "a file can't take the place of a folder")
    if found is not None:
        engine.unlink(path)


def _format(engine: Engine, path: bytes) -> int | None:
    """The type bits of what stands at ``path``, a symlink not followed; None: nothing."""
    try:
        return engine.stat(path).fmt
    except FileNotFoundError:
        return None


def _write(engine: Engine, path: bytes, chunks: Iterator[bytes]) -> int:
    """The bytes that were written."""
    size = 0
    with engine.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600) as out:
        for chunk in chunks:
            done = 0
            while done < len(chunk):
                done += out.write(chunk[done:])
            size += done
    return size


def _finish(engine: Engine, path: bytes, entry: Entry) -> None:
    _dress(engine, path, entry.mode, entry.mtime * 10**9 + entry.mtime_ns)


def _dress(engine: Engine, path: bytes, mode: int, mtime_ns: int) -> None:
    engine.chmod(path, mode)
    engine.utime(path, mtime_ns, mtime_ns)


def _is_folder(engine: Engine, path: bytes) -> bool:
    try:
        return engine.stat(path, follow=True).fmt == stat.S_IFDIR
    except FileNotFoundError:
        return False
