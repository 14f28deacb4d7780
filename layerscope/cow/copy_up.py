"""Copy-up: a lower file gets its copy in the writable layer before it is changed.

The copy is made whole in the work directory, data, owner, mode, attributes and times, and then
renamed: whenever the process dies, the union shows the old file or the finished copy.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import stat

from layerscope.cow import xattrs
from layerscope.cow.core import Core, fail
from layerscope.cow.events import Did, Event
from layerscope.cow.lower import LowerFile, LowerNode
from layerscope.cow.node import Node
from layerscope.cow.stat import Stat
from layerscope.cow.upper import pinned, remove_tree

_CHUNK = 1 << 20
# A copy_file_range call copies at most this; the kernel cuts it near 2 GiB by itself.
_STEP = 1 << 30
_NO_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})


class Content(enum.Enum):
    """What of a file is copied."""

    WHOLE = "data and metadata"
    METADATA = "metadata: the data is about to be truncated"


def copy_up(core: Core, node: Node, content: Content = Content.WHOLE) -> None:
    """Make sure that ``node`` and all its directories are in the writable layer.

    Raises OSError: ENOSPC and EDQUOT from the host, EIO from a damaged lower layer; the union
    shows the lower file as before.
    """
    if node.upper:
        return
    missing = [node]
    above = node.parent
    while above is not None and not above.upper:
        missing.append(above)
        above = above.parent
    for one in reversed(missing):
        _copy_one(core, one, content)


def _copy_one(core: Core, node: Node, content: Content) -> None:
    parent, lower = node.parent, node.lower
    assert parent is not None
    assert lower is not None
    if parent.gone or node.gone:
        raise fail(errno.ENOENT if parent.gone else errno.EEXIST, node.name)
    shown = lower.stat()
    into = core.fd(parent)
    before = os.stat(b".", dir_fd=into)
    core.mark_impure(parent)
    made = core.upper.scratch()
    try:
        copied = _make(core, node, lower, shown, made, content)
        os.rename(made, node.name, src_dir_fd=core.upper.work_fd, dst_dir_fd=into)
    except BaseException:
        with contextlib.suppress(OSError):
            remove_tree(core.upper.work_fd, made)
        raise
    # The directory didn't change for whoever looks at the union.
    os.utime(b".", ns=(before.st_atime_ns, before.st_mtime_ns), dir_fd=into)
    layer = lower.layer
    node.upper = True
    if node.fmt != stat.S_IFDIR:
        node.lower = None
        for handle in list(node.handles):
            handle.switch()
    if core.listeners:
        delta = _cost(shown, content)
        core.emit(Event(Did.COPIED_UP, node.path(), delta, layer, copied))


def _cost(shown: Stat, content: Content) -> int:
    if shown.fmt == stat.S_IFLNK:
        return shown.size
    return shown.size if shown.fmt == stat.S_IFREG and content is Content.WHOLE else 0


def _make(
    core: Core, node: Node, lower: LowerNode, shown: Stat, made: bytes, content: Content
) -> int:
    work = core.upper.work_fd
    # Only what has one name keeps its identity; a hard link's copy is a file of its own.
    origin = lower.origin() if shown.fmt == stat.S_IFDIR or shown.nlink == 1 else None
    if shown.fmt == stat.S_IFREG:
        return _make_file(core, lower, shown, made, content, origin)
    if shown.fmt == stat.S_IFDIR:
        core.upper.mkdir(work, made, shown.perm)
    elif shown.fmt == stat.S_IFLNK:
        os.symlink(lower.readlink(), made, dir_fd=work)
    else:
        core.upper.mknod(work, made, shown.mode, shown.rdev)
    path = xattrs.at(work, made)
    for name, value in lower.xattrs().items():
        os.setxattr(path, name, value, follow_symlinks=False)
    _dress_special(core, made, shown)
    if origin is not None:
        core.upper.mark_origin(path, origin)
    os.utime(made, ns=(shown.atime_ns, shown.mtime_ns), dir_fd=work, follow_symlinks=False)
    return 0


def _dress_special(core: Core, made: bytes, shown: Stat) -> None:
    work, upper = core.upper.work_fd, core.upper
    if upper.real:
        if (shown.uid, shown.gid) != upper.user:
            os.chown(made, shown.uid, shown.gid, dir_fd=work, follow_symlinks=False)
        if shown.fmt != stat.S_IFLNK and (shown.perm & 0o7000 or shown.fmt == stat.S_IFDIR):
            with pinned(work, made) as path:
                os.chmod(path, shown.perm)
        return
    host = Stat.of(os.stat(made, dir_fd=work, follow_symlinks=False))
    with pinned(work, made) as path, contextlib.suppress(PermissionError):
        # An owner that an ordinary user can't keep is given up, not the copy.
        upper.dress(path, host, shown.uid, shown.gid, shown.perm, shown)


def _make_file(
    core: Core,
    lower: LowerNode,
    shown: Stat,
    made: bytes,
    content: Content,
    origin: bytes | None,
) -> int:
    upper = core.upper
    fd = upper.create(upper.work_fd, made, os.O_RDWR, shown.perm & 0o777)
    try:
        copied = 0
        if content is Content.WHOLE:
            copied = _copy_data(lower, fd, shown.size)
        for name, value in lower.xattrs().items():
            os.setxattr(fd, name, value)
        if upper.real:
            if (shown.uid, shown.gid) != upper.user:
                os.fchown(fd, shown.uid, shown.gid)
            if shown.perm & 0o7000:
                os.fchmod(fd, shown.perm)
        else:
            upper.dress(fd, Stat.of(os.fstat(fd)), shown.uid, shown.gid, shown.perm, shown)
        if origin is not None:
            upper.mark_origin(fd, origin)
        os.utime(fd, ns=(shown.atime_ns, shown.mtime_ns))
    finally:
        os.close(fd)
    return copied


def _copy_data(lower: LowerNode, fd: int, size: int) -> int:
    if size == 0:
        return 0
    source = lower.open()
    try:
        copied = 0
        for offset, length in source.extents():
            copied += length
            _copy_extent(source, fd, offset, length)
        if not copied or offset + length < size:
            os.ftruncate(fd, size)
        return copied
    finally:
        source.close()


def _copy_extent(source: LowerFile, fd: int, offset: int, length: int) -> None:
    end = offset + length
    number = source.fileno()
    if number is not None:
        offset = _copy_range(number, fd, offset, end)
    while offset < end:
        data = source.pread(min(_CHUNK, end - offset), offset)
        if not data:
            raise OSError(errno.EIO, "the lower file is shorter than its layer says")
        offset += _write_all(fd, data, offset)


def _copy_range(source: int, fd: int, offset: int, end: int) -> int:
    """Copy in the kernel; returns how far it got (not at all where it can't)."""
    while offset < end:
        try:
            step = os.copy_file_range(source, fd, min(end - offset, _STEP), offset, offset)
        except OSError as error:
            if error.errno in _NO_COPY:
                return offset
            raise
        if step == 0:
            return offset
        offset += step
    return offset


def _write_all(fd: int, data: bytes, offset: int) -> int:
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, offset)
        offset += done
        view = view[done:]
    return len(data)
