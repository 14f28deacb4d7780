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
import time

from layerscope.cow import xattrs
from layerscope.cow.core import Core, fail
from layerscope.cow.events import Did
from layerscope.cow.lower import LowerFile, LowerNode
from layerscope.cow.node import Node
from layerscope.cow.owners import Override
from layerscope.cow.stat import Stat
from layerscope.cow.upper import pinned, remove_tree

# Reading in the middle of a compressed blob starts anew each time: big steps.
_CHUNK = 4 << 20
_BLOCK = 512
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
    if not node.upper:
        fd = copy_up_open(core, node, content)
        if fd >= 0:
            os.close(fd)


def copy_up_open(core: Core, node: Node, content: Content) -> int:
    """:func:`copy_up` of what isn't in the writable layer yet; a regular file stays open (O_RDWR)
    and its descriptor is returned, -1 for anything else."""
    missing = [node]
    above = node.parent
    while above is not None and not above.upper:
        missing.append(above)
        above = above.parent
    fd = -1
    for one in reversed(missing):
        fd = _copy_one(core, one, content)
    return fd


def _copy_one(core: Core, node: Node, content: Content) -> int:
    parent, lower = node.parent, node.lower
    assert parent is not None
    assert lower is not None
    if parent.gone or node.gone:
        raise fail(errno.ENOENT if parent.gone else errno.EEXIST, node.name)
    into, work = core.fd(parent), core.upper.work_fd
    before = os.stat(".", dir_fd=into)
    core.mark_impure(parent)
    made = core.upper.scratch()
    copy = Copy(core, made, content)
    try:
        if node.fmt == stat.S_IFREG:
            copy.file(lower)
        else:
            copy.other(lower)
        os.rename(made, node.name, src_dir_fd=work, dst_dir_fd=into)
        # The directory didn't change for whoever looks at the union.
        os.utime(".", ns=(before.st_atime_ns, before.st_mtime_ns), dir_fd=into)
    except BaseException:
        copy.discard()
        raise
    node.upper, node.weight = True, copy.weight
    if node.fmt != stat.S_IFDIR:
        node.lower = None
        for handle in list(node.handles):
            handle.switch()
    if core.watched:
        core.tell(Did.COPIED_UP, node, copy.weight, lower.layer, copy.copied)
    return copy.fd


class Copy:
    """One copy in the making, under the name ``made`` in the work directory.

    ``weight`` is what it adds to the layer's size, ``copied`` how many bytes of data it took and
    ``fd`` the open copy of a regular file, -1 for anything else.
    """

    def __init__(self, core: Core, made: bytes, content: Content) -> None:
        self.upper = core.upper
        self.work = core.upper.work_fd
        self.made = made
        self.content = content
        self.fd = -1
        self.copied = 0
        self.weight = 0

    def discard(self) -> None:
        """Leave nothing of it."""
        if self.fd >= 0:
            os.close(self.fd)
        with contextlib.suppress(OSError):
            remove_tree(self.work, self.made)

    def file(self, lower: LowerNode) -> None:
        """Copy a regular file; all of it is read through one descriptor."""
        source, upper = lower.open(), self.upper
        try:
            shown = source.stat()
            fd = self.fd = upper.create(self.work, self.made, os.O_RDWR, shown.perm & 0o777)
            if self.content is Content.WHOLE:
                self.copied = _copy_data(source, fd, shown)
                self.weight = shown.size
            for name, value in source.xattrs().items():
                os.setxattr(fd, name, value)
            if upper.real:
                if (shown.uid, shown.gid) != upper.user:
                    os.fchown(fd, shown.uid, shown.gid)
                if shown.mode & 0o7000:
                    os.fchmod(fd, shown.perm)
            else:
                upper.dress(fd, Stat.of(os.fstat(fd)), shown.uid, shown.gid, shown.perm, shown)
            # Only what has one name keeps its identity; a hard link's copy is a file of its own.
            if shown.nlink == 1:
                upper.mark_origin(fd, source.origin())
            # Without its data it is a changed file from its first moment on.
            is_whole = self.content is Content.WHOLE
            os.utime(fd, ns=(shown.atime_ns, shown.mtime_ns if is_whole else time.time_ns()))
        finally:
            source.close()

    def other(self, lower: LowerNode) -> None:
        """Copy what is no regular file."""
        shown, work, made = lower.stat(), self.work, self.made
        if shown.fmt == stat.S_IFDIR:
            self.upper.mkdir(work, made, shown.perm)
        elif shown.fmt == stat.S_IFLNK:
            os.symlink(lower.readlink(), made, dir_fd=work)
            self.weight = shown.size
        elif self._needs_stand_in(shown):
            override = Override(shown.uid, shown.gid, shown.perm, shown.fmt, shown.rdev)
            self.upper.stand_in(work, made, override)
        else:
            self.upper.mknod(work, made, shown.mode, shown.rdev)
        path = xattrs.at(work, made)
        for name, value in lower.xattrs().items():
            os.setxattr(path, name, value, follow_symlinks=False)
        self._dress(shown)
        if shown.fmt == stat.S_IFDIR or shown.nlink == 1:
            self.upper.mark_origin(path, lower.origin())
        os.utime(made, ns=(shown.atime_ns, shown.mtime_ns), dir_fd=work, follow_symlinks=False)

    def _needs_stand_in(self, shown: Stat) -> bool:
        # A fifo or a socket of somebody else: no xattr may stand on the real thing.
        return not self.upper.real and (shown.uid, shown.gid) != (0, 0)

    def _dress(self, shown: Stat) -> None:
        work, made, upper = self.work, self.made, self.upper
        if upper.real:
            if (shown.uid, shown.gid) != upper.user:
                os.chown(made, shown.uid, shown.gid, dir_fd=work, follow_symlinks=False)
            if shown.fmt != stat.S_IFLNK and (shown.mode & 0o7000 or shown.fmt == stat.S_IFDIR):
                with pinned(work, made) as path:
                    os.chmod(path, shown.perm)
            return
        host = Stat.of(os.stat(made, dir_fd=work, follow_symlinks=False))
        with pinned(work, made) as path, contextlib.suppress(PermissionError):
            # An owner that an ordinary user can't keep is given up, not the copy.
            upper.dress(path, host, shown.uid, shown.gid, shown.perm, shown)


def _copy_data(source: LowerFile, fd: int, shown: Stat) -> int:
    size = shown.size
    if size == 0:
        return 0
    whole = shown.blocks * _BLOCK >= size
    copied = end = 0
    for offset, length in [(0, size)] if whole else source.extents():
        _copy_extent(source, fd, offset, length)
        copied += length
        end = offset + length
    if end < size:
        os.ftruncate(fd, size)
    return copied


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
