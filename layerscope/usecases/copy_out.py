"""Copying a path of an image to the host, by the rules of ``docker cp``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from layerscope.archive import made_tar
from layerscope.archive.entry import Entry, Kind
from layerscope.errors import LayerscopeError
from layerscope.index.stack import StackView
from layerscope.usecases.content import Members, members, source_row
from layerscope.usecases.opened import OpenImage
from layerscope.usecases.paths import NoSuchPath

_OWN_MODE = 0o1777  # set-id bits would lend the rights of who copies


class CannotCopy(LayerscopeError):
    """Source and destination don't go together."""


def copy_out(
    image: OpenImage, path: bytes, dest: str, *, follow: bool = False, archive: bool = False
) -> None:
    """Copy ``path`` with all below it to ``dest``, into it if that is a folder.

    A folder with ``/.`` at its end is copied without itself. A symlink is copied as one, or what it
    points to with ``follow``. What is made belongs to who copies, without set-id bits; ``archive``
    keeps both. Raises NoSuchPath, NoSuchLayer, CannotCopy, BrokenBlob, UnpackFailed, OSError.
    """
    stack = image.need_stack(None)
    row = source_row(stack, path, follow)
    if stack.kind(row) is Kind.DIR:
        target = _folder_target(stack, row, dest, only_content=path.endswith(b"/.") or not row)
        _copy_folder(members(image, stack, row, own_name=False), target, archive)
        return
    if path.endswith((b"/", b"/.")):
        raise NoSuchPath(path, "it is no folder")
    entry = stack.entry(row)
    target = _file_target(stack, row, dest)
    if stack.kind(row) in (Kind.FILE, Kind.HARDLINK):
        _copy_file(_owned(entry, archive), image.read_file(stack, row), target)
    else:
        _make_node(_owned(entry, archive), target)


def _folder_target(stack: StackView, row: int, dest: str, *, only_content: bool) -> Path:
    into = Path(dest)
    if not into.exists():
        return _in_a_folder(into)
    target = into if only_content else into / _host_name(stack.name(row))
    for place in (into, target):
        if place.exists() and not place.is_dir():
            raise CannotCopy(str(place), "a folder can't take the place of a file")
    return target


def _file_target(stack: StackView, row: int, dest: str) -> Path:
    into = Path(dest)
    if into.is_dir():
        return into / _host_name(stack.name(row))
    if dest.endswith("/"):
        raise CannotCopy(dest, "there is no such folder")
    return _in_a_folder(into)


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
    return replace(entry, uid=os.geteuid(), gid=os.getegid(), mode=entry.mode & _OWN_MODE)


def _copy_folder(entries: Members, target: Path, archive: bool) -> None:
    from layerscope.archive.apply import apply_layer

    made = not target.exists()
    target.mkdir(exist_ok=True)
    owned = ((_owned(entry, archive), content) for entry, content in entries)
    try:
        with made_tar.tar_of(owned) as tar:
            apply_layer(tar, target)
    except BaseException:
        if made and not any(target.iterdir()):
            target.rmdir()
        raise


def _copy_file(entry: Entry, chunks: Iterator[bytes], target: Path) -> None:
    """Write a file; nothing is at ``target`` before it is whole."""
    temporary = _beside(target)
    try:
        with temporary.open("xb") as out:
            for chunk in chunks:
                out.write(chunk)
            _give(out.fileno(), entry)
            os.fchmod(out.fileno(), entry.mode)
        _set_time(temporary, entry)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _make_node(entry: Entry, target: Path) -> None:
    """Make a symlink, fifo or device."""
    temporary = _beside(target)
    try:
        if entry.kind is Kind.SYMLINK:
            os.symlink(entry.link, os.fsencode(temporary))
        elif entry.kind is Kind.FIFO:
            os.mkfifo(temporary, entry.mode)
        else:
            kind = 0o020000 if entry.kind is Kind.CHAR else 0o060000
            os.mknod(temporary, kind | entry.mode, os.makedev(*entry.device))
        _set_time(temporary, entry)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{os.getpid()}.part")


def _give(fd: int, entry: Entry) -> None:
    found = os.fstat(fd)
    if (found.st_uid, found.st_gid) != (entry.uid, entry.gid) and os.geteuid() == 0:
        os.fchown(fd, entry.uid, entry.gid)


def _set_time(path: Path, entry: Entry) -> None:
    nanos = entry.mtime * 10**9 + entry.mtime_ns
    os.utime(path, ns=(nanos, nanos), follow_symlinks=False)
