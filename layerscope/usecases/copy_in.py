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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layerscope.store.store import Store

_CHUNK = 1 << 20


def copy_in(store: Store, source: Path, name: str, path: bytes) -> None:
    """Copy ``source`` to ``path`` in a container, into it if that is a folder there.

    What is made belongs to root there and keeps mode and mtime. Raises NoSuchContainer, LayerBusy,
    LayerscopeError, OSError.
    """
    with open_files(store, find_container(store, name)) as engine:
        target = b"/" + path.strip(b"/")
        if _is_folder(engine, target):
            target = target.rstrip(b"/") + b"/" + os.fsencode(source.resolve().name)
        elif path.endswith(b"/"):
            raise LayerscopeError(repr(os.fsdecode(path)), "there is no such folder")
        if source.is_dir():
            _copy_folder(engine, source, target)
        else:
            about = source.stat()
            with source.open("rb", buffering=0) as file:
                _write(engine, target, iter(lambda: file.read(_CHUNK), b""))
            _finish(engine, target, about.st_mode, about.st_mtime_ns)


def _copy_folder(engine: Engine, source: Path, target: bytes) -> None:
    made: list[tuple[bytes, Entry]] = []
    for entry, content in walk_tree(source):
        place = target + b"/" + entry.path if entry.path else target
        if entry.kind is Kind.DIR:
            if not _is_folder(engine, place):
                engine.mkdir(place, 0o755)
            made.append((place, entry))
        elif entry.kind is Kind.SYMLINK:
            engine.symlink(entry.link, place)
        elif entry.kind is Kind.HARDLINK:
            engine.link(target + b"/" + entry.link, place)
        elif entry.kind is Kind.FILE:
            _write(engine, place, content())
            _finish(engine, place, entry.mode, entry.mtime * 10**9 + entry.mtime_ns)
    for place, entry in reversed(made):
        _finish(engine, place, entry.mode, entry.mtime * 10**9 + entry.mtime_ns)


def _write(engine: Engine, path: bytes, chunks: Iterator[bytes]) -> None:
    with engine.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600) as out:
        for chunk in chunks:
            done = 0
            while done < len(chunk):
                done += out.write(chunk[done:])


def _finish(engine: Engine, path: bytes, mode: int, mtime_ns: int) -> None:
    engine.chmod(path, stat.S_IMODE(mode))
    engine.utime(path, mtime_ns, mtime_ns)


def _is_folder(engine: Engine, path: bytes) -> bool:
    try:
        return engine.stat(path, follow=True).fmt == stat.S_IFDIR
    except FileNotFoundError:
        return False
