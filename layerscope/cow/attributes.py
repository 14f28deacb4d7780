"""Changes of metadata: each copies up first, even if the new value is the old one."""

from __future__ import annotations

import errno
import os
import stat

from layerscope.cow import xattrs
from layerscope.cow.copy_up import copy_up
from layerscope.cow.core import Core, fail
from layerscope.cow.events import Did
from layerscope.cow.node import Node
from layerscope.cow.stat import Stat
from layerscope.cow.upper import pinned, without_set_id


def chmod(core: Core, node: Node, perm: int) -> None:
    """Set the mode bits. Raises EOPNOTSUPP for a symlink."""
    if node.fmt == stat.S_IFLNK:
        raise fail(errno.EOPNOTSUPP, node.name)
    copy_up(core, node)
    core.upper.chmod(*host(core, node), perm & 0o7777)
    if core.watched:
        core.tell(Did.CHANGED, node)


def chown(core: Core, node: Node, uid: int, gid: int) -> None:
    """Set the owner; -1 leaves one as it is."""
    copy_up(core, node)
    core.upper.chown(*host(core, node), uid, gid)
    if core.watched:
        core.tell(Did.CHANGED, node)


def chmod_open(core: Core, node: Node, fd: int, perm: int) -> None:
    """:func:`chmod` of an open file of the writable layer, whose name may be gone."""
    if core.upper.real:
        os.chmod(b"/proc/self/fd/%d" % fd, perm & 0o7777)
    else:
        now = core.upper.stat_open(fd)
        path = b"/proc/self/fd/%d" % fd
        core.upper.dress(path, Stat.of(os.fstat(fd)), now.uid, now.gid, perm & 0o7777, now)
    if core.watched:
        core.tell(Did.CHANGED, node)


def chown_open(core: Core, node: Node, fd: int, uid: int, gid: int) -> None:
    """:func:`chown` of an open file of the writable layer, whose name may be gone."""
    if core.upper.real:
        os.chown(b"/proc/self/fd/%d" % fd, uid, gid)
    else:
        now = core.upper.stat_open(fd)
        perm = without_set_id(now.fmt, now.perm)
        owner = now.uid if uid < 0 else uid, now.gid if gid < 0 else gid
        path = b"/proc/self/fd/%d" % fd
        core.upper.dress(path, Stat.of(os.fstat(fd)), *owner, perm, now)
    if core.watched:
        core.tell(Did.CHANGED, node)


def utime(core: Core, node: Node, atime_ns: int, mtime_ns: int) -> None:
    """Set both times, nanoseconds since 1970."""
    copy_up(core, node)
    fd, name = host(core, node)
    os.utime(name, ns=(atime_ns, mtime_ns), dir_fd=fd, follow_symlinks=False)
    if core.watched:
        core.tell(Did.CHANGED, node)


def list_xattrs(core: Core, node: Node) -> list[str]:
    """The names of the attributes, the overlay's own left out."""
    prefix = core.upper.form.namespace.value
    if node.upper:
        stored = xattrs.names(xattrs.at(*host(core, node)))
    else:
        assert node.lower is not None
        stored = list(node.lower.xattrs())
    return [name for one in stored if (name := xattrs.shown(one, prefix)) is not None]


def get_xattr(core: Core, node: Node, name: str) -> bytes:
    """One attribute. Raises ENODATA."""
    stored = xattrs.escaped(name, core.upper.form.namespace.value)
    if node.upper:
        if xattrs.shown(stored, core.upper.form.namespace.value) is None:
            raise fail(errno.ENODATA)
        return os.getxattr(xattrs.at(*host(core, node)), stored, follow_symlinks=False)
    assert node.lower is not None
    value = node.lower.xattrs().get(stored)
    if value is None:
        raise fail(errno.ENODATA)
    return value


def set_xattr(core: Core, node: Node, name: str, value: bytes, flags: int = 0) -> None:
    """Set one attribute; ``flags`` are XATTR_CREATE and XATTR_REPLACE. A user's own
    ``overlay.*`` is stored under an escaped name (a nested overlay's)."""
    _check_name(node, name)
    copy_up(core, node)
    stored = xattrs.escaped(name, core.upper.form.namespace.value)
    path = xattrs.at(*host(core, node))
    os.setxattr(path, stored, value, flags, follow_symlinks=False)
    if core.watched:
        core.tell(Did.CHANGED, node)


def remove_xattr(core: Core, node: Node, name: str) -> None:
    """Remove one attribute; one that isn't there (ENODATA) copies nothing up."""
    _check_name(node, name)
    if not node.upper:
        get_xattr(core, node, name)
    copy_up(core, node)
    stored = xattrs.escaped(name, core.upper.form.namespace.value)
    os.removexattr(xattrs.at(*host(core, node)), stored, follow_symlinks=False)
    if core.watched:
        core.tell(Did.CHANGED, node)


def _check_name(node: Node, name: str) -> None:
    if not name or len(name.encode()) > 255:
        raise fail(errno.ERANGE)
    # xattr(7): users' attributes stand on files and directories only.
    if name.startswith("user.") and node.fmt not in (stat.S_IFREG, stat.S_IFDIR):
        raise fail(errno.EPERM)


def truncate(core: Core, node: Node, size: int) -> None:
    """truncate(2) of a regular file: the whole file is copied up first, as the kernel does."""
    if size < 0:
        raise fail(errno.EINVAL)
    if node.fmt == stat.S_IFDIR:
        raise fail(errno.EISDIR)
    if node.fmt != stat.S_IFREG:
        raise fail(errno.EINVAL)
    copy_up(core, node)
    fd, name = host(core, node)
    with pinned(fd, name) as path:
        before = os.stat(path)
        os.truncate(path, size)
    if node.weight >= 0:
        node.weight = size
    record = core.sizes.get(before.st_ino)
    if record is not None:
        record[0] = size
    if core.watched:
        core.tell(Did.RESIZED, node, size - before.st_size)


def host(core: Core, node: Node) -> tuple[int, bytes]:
    """Where a node of the writable layer stands: a directory's descriptor and the name there."""
    if node.parent is None:
        return node.fd, b"."
    return core.fd(node.parent), node.name
