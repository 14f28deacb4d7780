"""A folder copied from one engine to another, with all that its files are."""

from __future__ import annotations

import os
import stat

from layerscope.cow.engine import Engine

_CHUNK = 1 << 20


def copy_tree(source: Engine, old: bytes, dest: Engine, new: bytes) -> None:
    """Copy what is in the folder ``old`` into the folder ``new``, which is there. Raises OSError.

    Hard links become files of their own; sockets are left out.
    """
    _copy_metadata(source, old, dest, new)
    for name in sorted(source.names(old)):
        here, there = old + b"/" + name, new.rstrip(b"/") + b"/" + name
        about = source.stat(here)
        kind = stat.S_IFMT(about.mode)
        if kind == stat.S_IFDIR:
            dest.mkdir(there, 0o700)
            copy_tree(source, here, dest, there)
            continue
        if kind == stat.S_IFSOCK:
            continue
        if kind == stat.S_IFLNK:
            dest.symlink(source.readlink(here), there)
        elif kind == stat.S_IFREG:
            _copy_content(source, here, dest, there)
        else:
            dest.mknod(there, about.mode, about.rdev)
        _copy_metadata(source, here, dest, there)


def _copy_content(source: Engine, old: bytes, dest: Engine, new: bytes) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    with source.open(old) as reader, dest.open(new, flags, 0o600) as writer:
        offset = 0
        while data := reader.pread(_CHUNK, offset):
            done = 0
            while done < len(data):
                done += writer.pwrite(data[done:], offset + done)
            offset += len(data)


def _copy_metadata(source: Engine, old: bytes, dest: Engine, new: bytes) -> None:
    about = source.stat(old)
    dest.chown(new, about.uid, about.gid)
    if not stat.S_ISLNK(about.mode):
        dest.chmod(new, stat.S_IMODE(about.mode))
    for name in source.listxattr(old):
        dest.setxattr(new, name, source.getxattr(old, name))
    dest.utime(new, about.atime_ns, about.mtime_ns)
