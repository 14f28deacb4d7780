"""open(2) on the union, flag by flag."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from layerscope.cow.copy_up import Content, copy_up, copy_up_open
from layerscope.cow.core import MAX_LINKS, Core, fail
from layerscope.cow.events import Did
from layerscope.cow.handle import Handle
from layerscope.cow.names import inherit_group
from layerscope.cow.node import Missing, Node

_PASSED = os.O_ACCMODE | os.O_APPEND | os.O_SYNC | os.O_DSYNC | os.O_NOATIME | os.O_DIRECT
# What can't be set on a descriptor afterwards; truncating counts as a change of the file.
_REOPEN = os.O_TRUNC | os.O_SYNC | os.O_DSYNC | os.O_NOATIME | os.O_DIRECT
_TMPFILE = os.O_TMPFILE & ~os.O_DIRECTORY


class Target(NamedTuple):
    """What a path for O_CREAT leads to."""

    parent: Node
    name: bytes
    node: Node | Missing


def open_file(core: Core, path: bytes, flags: int, perm: int) -> Handle:
    """open(2). ``perm`` is what a new file gets, the umask already taken off."""
    if flags & os.O_PATH:
        flags &= os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
    if flags & _TMPFILE:
        return _open_unnamed(core, path, flags, perm)
    if not flags & os.O_CREAT:
        found = core.walk(path, follow=not flags & os.O_NOFOLLOW)[2]
        if isinstance(found, Missing):
            raise fail(errno.ENOENT, path)
        return _open_found(core, found, flags, path)
    if flags & os.O_DIRECTORY:
        raise fail(errno.EINVAL, path)
    target = _creating(core, path, follow=not flags & (os.O_EXCL | os.O_NOFOLLOW))
    if isinstance(target.node, Missing):
        return _create(core, target.parent, target.name, target.node, flags, perm)
    if flags & os.O_EXCL:
        raise fail(errno.EEXIST, path)
    if target.node.fmt == stat.S_IFDIR:
        raise fail(errno.EISDIR, path)
    if _is_trap(core, target.parent, target.node):
        raise fail(errno.EACCES, path)
    return _open_found(core, target.node, flags, path)


def _is_trap(core: Core, parent: Node, node: Node) -> bool:
    """Whether O_CREAT met what somebody else put into a directory that all may write.

    The kernel's ``may_create_in_sticky``; how strict it is with files and fifos is the host's to
    say (``fs.protected_regular`` and ``fs.protected_fifos``).
    """
    directory = core.stat(parent)
    if not directory.mode & stat.S_ISVTX:
        return False
    level = _PROTECTED[node.fmt]() if node.fmt in _PROTECTED else 1
    if level == 0 or core.stat(node).uid in (directory.uid, core.upper.user[0]):
        return False
    guarded = level > 1 and node.fmt in _PROTECTED
    return bool(directory.mode & stat.S_IWOTH or (guarded and directory.mode & stat.S_IWGRP))


@cache
def _sysctl(name: str) -> int:
    try:
        return int(Path("/proc/sys/fs", name).read_text())
    except (OSError, ValueError):
        return 0


_PROTECTED = {
    stat.S_IFREG: partial(_sysctl, "protected_regular"),
    stat.S_IFIFO: partial(_sysctl, "protected_fifos"),
}


def _creating(core: Core, path: bytes, follow: bool) -> Target:
    last = core.last(path)
    parent, name, links = last.parent, last.name, 0
    while True:
        if name in (b".", b"..", b"/"):
            above = parent.parent or parent if name == b".." else parent
            return Target(parent, name, above)
        if last.slash:
            raise fail(errno.EISDIR, path)
        found = core.child(parent, name)
        if isinstance(found, Missing) or found.fmt != stat.S_IFLNK or not follow:
            return Target(parent, name, found)
        links += 1
        if links > MAX_LINKS:
            raise fail(errno.ELOOP, path)
        # A dangling symlink names the file to make.
        target = core.readlink(found)
        if not target.startswith(b"/"):
            target = parent.path() + b"/" + target if parent.parent is not None else target
        last = core.last(b"/" + target.lstrip(b"/"))
        parent, name = last.parent, last.name


def _create(
    core: Core, parent: Node, name: bytes, missing: Missing, flags: int, perm: int
) -> Handle:
    copy_up(core, parent)
    upper, into = core.upper, core.fd(parent)
    if missing is Missing.WHITEOUT or not upper.is_plain(stat.S_IFREG, perm):
        made = upper.scratch()
        fd = upper.create(upper.work_fd, made, flags & _PASSED, perm)
        inherit_group(core, parent, upper.work_fd, made)
        os.rename(made, name, src_dir_fd=upper.work_fd, dst_dir_fd=into)
    else:
        fd = upper.create(into, name, flags & _PASSED, perm)
    node = Node(parent, name, stat.S_IFREG, True, None)
    parent.children[name] = node
    if core.watched:
        core.tell(Did.CREATED, node)
    handle = Handle(core, node, flags)
    handle.attach(fd)
    return handle


def _open_found(core: Core, node: Node, flags: int, path: bytes) -> Handle:
    if flags & os.O_DIRECTORY and node.fmt != stat.S_IFDIR:
        raise fail(errno.ENOTDIR, path)
    if flags & os.O_PATH:
        return Handle(core, node, flags)
    if node.fmt == stat.S_IFLNK:
        raise fail(errno.ELOOP, path)
    writes = flags & os.O_ACCMODE != os.O_RDONLY
    if node.fmt == stat.S_IFDIR:
        if writes or flags & os.O_TRUNC:
            raise fail(errno.EISDIR, path)
        return Handle(core, node, flags)
    if node.fmt != stat.S_IFREG:
        return _open_special(core, node, flags, path)
    truncates = bool(flags & os.O_TRUNC)
    if not node.upper and (writes or truncates):
        fd = copy_up_open(core, node, Content.METADATA if truncates else Content.WHOLE)
        if not flags & _REOPEN:
            return _open_copy(core, node, flags, fd)
        os.close(fd)
    handle = Handle(core, node, flags)
    try:
        _attach(core, node, handle, flags)
    except BaseException:
        handle.close()
        raise
    return handle


def _open_copy(core: Core, node: Node, flags: int, fd: int) -> Handle:
    """Go on with the descriptor that the copy was made through."""
    if flags & os.O_APPEND:
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)
    handle = Handle(core, node, flags)
    handle.attach(fd)
    return handle


def _attach(core: Core, node: Node, handle: Handle, flags: int) -> None:
    if not node.upper:
        assert node.lower is not None
        handle.attach_lower(node.lower.open())
        return
    assert node.parent is not None
    into = core.fd(node.parent)
    host_flags = (flags & (_PASSED | os.O_TRUNC)) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if not flags & os.O_TRUNC:
        handle.attach(os.open(node.name, host_flags, dir_fd=into))
        return
    before = os.stat(node.name, dir_fd=into, follow_symlinks=False)
    handle.attach(os.open(node.name, host_flags, dir_fd=into))
    if node.weight >= 0:
        node.weight = 0
    record = core.sizes.get(before.st_ino)
    if record is not None:
        record[0] = 0
    if core.watched:
        core.tell(Did.RESIZED, node, -before.st_size)


def _open_special(core: Core, node: Node, flags: int, path: bytes) -> Handle:
    """A fifo works, but never waits for its other end. Sockets can't be opened (ENXIO, open(2));
    devices aren't, as on a file system mounted nodev (EACCES)."""
    if node.fmt in (stat.S_IFCHR, stat.S_IFBLK):
        raise fail(errno.EACCES, path)
    if node.fmt != stat.S_IFIFO:
        raise fail(errno.ENXIO, path)
    into, name = _fifo(core, node)
    host_flags = (flags & os.O_ACCMODE) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(name, host_flags, dir_fd=into)
    handle = Handle(core, node, flags)
    handle.attach(fd)
    return handle


def _fifo(core: Core, node: Node) -> tuple[int, bytes]:
    """Opening a fifo copies nothing up, and through a lower one containers must not meet."""
    assert node.parent is not None
    name = core.fifos.get(node)
    if name is None:
        if node.upper and _is_real_fifo(core, node):
            return core.fd(node.parent), node.name
        name = core.upper.scratch()
        os.mkfifo(name, 0o600, dir_fd=core.upper.work_fd)
        core.fifos[node] = name
    return core.upper.work_fd, name


def _is_real_fifo(core: Core, node: Node) -> bool:
    assert node.parent is not None
    found = os.stat(node.name, dir_fd=core.fd(node.parent), follow_symlinks=False)
    return stat.S_ISFIFO(found.st_mode)


def _open_unnamed(core: Core, path: bytes, flags: int, perm: int) -> Handle:
    if flags & os.O_ACCMODE == os.O_RDONLY or not flags & os.O_DIRECTORY:
        raise fail(errno.EINVAL, path)
    directory = core.find(path)
    if directory.fmt != stat.S_IFDIR:
        raise fail(errno.ENOTDIR, path)
    copy_up(core, directory)
    host_flags = (flags & (_PASSED | os.O_EXCL)) | os.O_TMPFILE | os.O_CLOEXEC
    fd = os.open(".", host_flags, perm, dir_fd=core.fd(directory))
    os.fchmod(fd, perm)
    node = Node(directory, b"#unnamed", stat.S_IFREG, True, None)
    node.gone = True
    handle = Handle(core, node, flags)
    handle.attach(fd)
    return handle
