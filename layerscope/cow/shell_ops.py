"""What mv, rm -r and ln do where one system call isn't enough."""

from __future__ import annotations

import errno
import os
import stat

from layerscope.cow.engine import Engine
from layerscope.cow.stat import Stat

_CHUNK = 1 << 20
_Inodes = dict[tuple[int | None, int], bytes]


def remove(engine: Engine, path: bytes) -> None:
    """Remove a path and all below it."""
    if engine.stat(path).fmt != stat.S_IFDIR:
        engine.unlink(path)
        return
    for name in sorted(engine.names(path)):
        remove(engine, path + b"/" + name)
    engine.rmdir(path)


def inside(engine: Engine, source: bytes, target: bytes) -> bytes:
    """Where something goes that is put "into" ``target`` if that is a directory."""
    try:
        found = engine.stat(target, follow=True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return target
        raise
    if found.fmt != stat.S_IFDIR:
        return target
    return target.rstrip(b"/") + b"/" + source.rstrip(b"/").rpartition(b"/")[2]


def move(engine: Engine, source: bytes, target: bytes, exactly: bool) -> None:
    """mv(1): a rename, or a copy and a removal where a directory can't be renamed.

    ``exactly`` (-T) never moves into a directory.
    """
    if not exactly:
        target = inside(engine, source, target)
    try:
        engine.rename(source, target)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    if engine.exists(target):
        # Both are directories, or rename would have said so; mv can't replace one by a copy.
        engine.unlink(target)
    copy_tree(engine, source, target, {})
    remove(engine, source)


def copy_tree(engine: Engine, source: bytes, target: bytes, links: _Inodes) -> None:
    """Copy a path within the container with owner, mode and time; hard links stay linked."""
    found = engine.stat(source)
    inode = (engine.origin(source).layer, found.ino)
    if found.fmt != stat.S_IFDIR and found.nlink > 1:
        if inode in links:
            engine.link(links[inode], target)
            return
        links[inode] = target
    if found.fmt == stat.S_IFDIR:
        engine.mkdir(target, 0o700)
        for name in sorted(engine.names(source)):
            copy_tree(engine, source + b"/" + name, target + b"/" + name, links)
    elif found.fmt == stat.S_IFREG:
        _copy_file(engine, source, target)
    elif found.fmt == stat.S_IFLNK:
        engine.symlink(engine.readlink(source), target)
    else:
        engine.mknod(target, found.mode, found.rdev)
    _preserve(engine, target, found)


def _copy_file(engine: Engine, source: bytes, target: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with engine.open(source) as old, engine.open(target, flags, 0o600) as new:
        while data := old.read(_CHUNK):
            view = memoryview(data)
            while view:
                view = view[new.write(view) :]


def _preserve(engine: Engine, target: bytes, found: Stat) -> None:
    engine.chown(target, found.uid, found.gid)
    if found.fmt != stat.S_IFLNK:
        engine.chmod(target, found.perm)
    engine.utime(target, found.atime_ns, found.mtime_ns)
