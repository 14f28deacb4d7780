"""Copying a file or folder of the host into a container, by the rules of ``docker cp``."""

from __future__ import annotations

import os
import stat
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.entry import Kind
from layerscope.archive.paths import clean, join
from layerscope.archive.tar_members import tar_members
from layerscope.archive.walk import read_lone, walk_tree
from layerscope.containers.record import State
from layerscope.containers.shelf import find_container
from layerscope.cow.core import MAX_LINKS
from layerscope.usecases.container_folder import ContainerFolder, Files
from layerscope.usecases.content import Members
from layerscope.usecases.copy_out import Copied
from layerscope.usecases.host_folder import CannotCopy

if TYPE_CHECKING:
    from io import BufferedReader

    from layerscope.containers.record import Container
    from layerscope.store.store import Store


def copy_in(
    store: Store,
    source: str,
    name: str,
    path: bytes,
    *,
    follow: bool = False,
    archive: bool = False,
) -> Copied:
    """Copy ``source`` to ``path`` in a container, into it if that is a folder there.

    A folder with ``/.`` at its end is copied without itself; a symlink as one, or what it points to
    with ``follow`` or a slash at its end. What is made belongs to root there, or with ``archive``
    to whom it belongs here, and keeps mode and mtime. Folders merge, anything else takes the place
    of what is no folder. Raises NoSuchContainer, LayerBusy, CannotCopy, LayerscopeError, OSError.
    """
    own = os.path.basename(source.rstrip("/"))
    own = os.path.basename(os.path.realpath(source)) if own == ".." else own
    only_content = own in ("", ".")
    entries = _entries(source, follow)
    root, content = next(entries)
    with _files(store, find_container(store, name)) as files:
        target = _target(
            files, path, b"" if only_content else os.fsencode(own), root.kind is Kind.DIR
        )
        above, _, made = target.rpartition(b"/")
        folder = ContainerFolder(files, above, owners=archive)
        if not (only_content and _format(files, target) == stat.S_IFDIR):
            folder.put(replace(root, path=made), content())
        for entry, content in entries:
            link = join(made, entry.link) if entry.kind is Kind.HARDLINK else entry.link
            folder.put(replace(entry, path=join(made, entry.path), link=link), content())
        folder.finish()
    return Copied(os.fsdecode(target), folder.bytes)


def copy_tar_in(store: Store, tar: BufferedReader, name: str, path: bytes) -> Copied:
    """Extract a tar, compressed or not, into a folder of a container; it says who owns what.

    Raises as :func:`copy_in`, and InvalidTar.
    """
    with _files(store, find_container(store, name)) as files:
        if _format(files, path) != stat.S_IFDIR:
            raise CannotCopy(os.fsdecode(path), "a tar goes into a folder, which this is not")
        folder = ContainerFolder(files, path, owners=True)
        for entry, content in tar_members(tar):
            folder.need_above(entry.path)
            folder.put(entry, content())
        folder.finish()
    return Copied(os.fsdecode(b"/" + clean(path)), folder.bytes)


def _files(store: Store, container: Container) -> AbstractContextManager[Files]:
    """Its files as its processes see them, through theirs if there are any."""
    if container.state is State.RUNNING:
        from layerscope.containers.running_files import running_files

        return running_files(container)
    from layerscope.containers.files import open_mounted

    return open_mounted(store, container)


def _entries(source: str, follow: bool) -> Members:
    """The source itself first, its path empty, then what is in it. Raises OSError."""
    found = os.stat(source) if follow else os.lstat(source)  # a slash at its end follows, too
    if stat.S_ISDIR(found.st_mode):
        return walk_tree(Path(os.path.realpath(source)))
    return read_lone(Path(os.path.realpath(source) if follow else source))


def _target(files: Files, path: bytes, name: bytes, is_folder: bool) -> bytes:
    """Where in the container the source is to be; the folder that is in is there."""
    target = b"/" + path.removesuffix(b"/.").strip(b"/")
    found = _format(files, target)
    if found == stat.S_IFDIR:
        return target.rstrip(b"/") + b"/" + name if name else target
    if path.endswith((b"/", b"/.")) and not is_folder:
        raise CannotCopy(os.fsdecode(path), "there is no such folder")
    if found is not None and is_folder:
        raise CannotCopy(os.fsdecode(path), "a folder can't take the place of a file")
    target = _led(files, target)
    above = target.rpartition(b"/")[0] or b"/"
    if _format(files, above) != stat.S_IFDIR:
        raise CannotCopy(os.fsdecode(above), "there is no such folder")
    return target


def _led(files: Files, path: bytes) -> bytes:
    """Where symlinks at the end of a path lead, be it there or not."""
    for _ in range(MAX_LINKS):
        try:
            if files.stat(path).fmt != stat.S_IFLNK:
                break
        except (FileNotFoundError, NotADirectoryError):
            break
        link = files.readlink(path)
        path = link if link.startswith(b"/") else path.rpartition(b"/")[0] + b"/" + link
    return path


def _format(files: Files, path: bytes) -> int | None:
    """The type bits of what a path leads to; None: nothing."""
    try:
        return files.stat(path, follow=True).fmt
    except (FileNotFoundError, NotADirectoryError):
        return None
