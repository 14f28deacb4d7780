"""Copying a path of an image to the host, by the rules of ``docker cp``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from layerscope.archive.entry import Entry, Kind
from layerscope.store.blobs import write_all
from layerscope.usecases.content import Members, members, source_row
from layerscope.usecases.host_folder import CannotCopy, HostFolder, told
from layerscope.usecases.opened import OpenImage

_OWN_MODE = 0o1777  # set-id bits would lend the rights of who copies
_CAPABILITY = b"security.capability"  # and so would these


class Copied(NamedTuple):
    """Where it is now, and the bytes of content that were copied."""

    path: str
    bytes: int


def copy_out(
    image: OpenImage, path: bytes, dest: str, *, follow: bool = False, archive: bool = False
) -> Copied:
    """Copy ``path`` with all below it to ``dest``, into it if that is a folder.

    A folder with ``/.`` at its end is copied without itself. A symlink is copied as one, or what it
    points to with ``follow``. A file goes into a pipe or terminal as it is. What is made belongs to
    who copies, without set-id bits; ``archive`` keeps both. Nothing but files and symlinks is
    replaced. Raises NoSuchPath, NoSuchLayer, CannotCopy, BrokenBlob, OSError.
    """
    stack = image.need_stack(None)
    row = source_row(stack, path, follow)
    is_folder = stack.kind(row) is Kind.DIR
    found = members(image, stack, row, own_name=not is_folder)
    owned = ((_owned(entry, archive), content) for entry, content in found)
    if is_folder:
        entry = _owned(stack.entry(row), archive)
        target = _folder_target(dest, entry.name, only_content=path.endswith(b"/.") or not row)
        return Copied(str(target), _copy_folder(entry, owned, target))
    entry, content = next(owned)
    if entry.kind is Kind.FILE and _is_stream(dest):
        return Copied(dest, _pour(content(), dest))
    target = _file_target(dest, entry.name)
    with HostFolder(target.parent) as folder:
        folder.put(replace(entry, path=os.fsencode(target.name)), content())
    return Copied(str(target), folder.bytes)


def _folder_target(dest: str, name: bytes, *, only_content: bool) -> Path:
    into = _followed(dest)
    if not os.path.lexists(into):
        return _in_a_folder(into)
    target = into if only_content else into / _host_name(name)
    for place in (into, target):
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            raise CannotCopy(str(place), "a folder can't take the place of a file")
    return target


def _file_target(dest: str, name: bytes) -> Path:
    into = _followed(dest)
    if into.is_dir():
        return into / _host_name(name)
    if dest.endswith("/"):
        raise CannotCopy(dest, "there is no such folder")
    return _in_a_folder(into)


def _followed(dest: str) -> Path:
    """Where DEST leads: what it names itself may be a symlink, whether to something or nothing."""
    into = Path(dest)
    if not into.is_symlink():
        return into
    into = Path(os.path.realpath(into))
    if into.is_symlink():
        raise CannotCopy(dest, "it goes through a cycle of symlinks")
    return into


def _in_a_folder(target: Path) -> Path:
    if not target.parent.is_dir():
        raise CannotCopy(str(target.parent), "there is no such folder")
    return target


def _host_name(name: bytes) -> str:
    if b"\0" in name or name in (b"", b".", b".."):
        raise CannotCopy(repr(name), "it is no name for a file")
    return os.fsdecode(name)


def _owned(entry: Entry, archive: bool) -> Entry:
    if archive:
        return entry
    xattrs = {name: value for name, value in entry.xattrs.items() if name != _CAPABILITY}
    mode = entry.mode & _OWN_MODE
    return replace(entry, uid=os.geteuid(), gid=os.getegid(), mode=mode, xattrs=xattrs)


def _copy_folder(entry: Entry, below: Members, target: Path) -> int:
    """Copy what is ``below`` a folder into ``target``, made as ``entry`` says if it is new; the
    bytes."""
    made = not target.exists()
    with told(target):
        target.mkdir(0o700, exist_ok=True)
    try:
        with HostFolder(target) as folder:
            if made:
                folder.put(replace(entry, path=b""), iter(()))
            for inner, content in below:
                folder.put(inner, content())
            folder.finish()
    except BaseException:
        if made and not any(target.iterdir()):
            target.rmdir()
        raise
    return folder.bytes


def _is_stream(dest: str) -> bool:
    """Whether what is written to DEST goes on to somebody else."""
    try:
        mode = os.stat(dest).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _pour(content: Iterator[bytes], dest: str) -> int:
    """Write into what is there; the bytes."""
    done = 0
    with told(Path(dest)), open(dest, "wb", buffering=0) as out:
        for chunk in content:
            write_all(out, chunk)
            done += len(chunk)
    return done
