"""Making and removing names: mkdir, mknod, symlink, link, unlink, rmdir."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from layerscope.cow.copy_up import copy_up
from layerscope.cow.core import Core, Last, fail
from layerscope.cow.events import Did
from layerscope.cow.node import Missing, Node
from layerscope.cow.stat import WHITEOUT_DEVICE
from layerscope.cow.syscalls import RENAME_EXCHANGE, renameat2
from layerscope.cow.upper import pinned, remove_tree

Make = Callable[[int, bytes], None]


def mkdir(core: Core, path: bytes, perm: int) -> None:
    """mkdir(2). One that replaces a deleted directory is opaque: the old children stay away."""
    last = core.last(path)
    missing = _free(core, last, path)
    node = Node(last.parent, last.name, stat.S_IFDIR, True, None)
    make = _grouped(core, last.parent, lambda fd, name: core.upper.mkdir(fd, name, perm))
    _place(core, node, missing, make, core.upper.is_plain(stat.S_IFDIR, perm))
    if core.watched:
        core.tell(Did.CREATED, node)
        if node.opaque:
            core.tell(Did.MADE_OPAQUE, node)


def mknod(core: Core, path: bytes, mode: int, device: int) -> None:
    """mknod(2) of a file, fifo, socket or device. 0:0 is the overlay's own mark: EPERM."""
    last = core.last(path)
    missing = _free(core, last, path, directory=False)
    fmt = stat.S_IFMT(mode) or stat.S_IFREG
    if fmt == stat.S_IFDIR:
        raise fail(errno.EPERM, path)
    if fmt == stat.S_IFCHR and device == WHITEOUT_DEVICE:
        raise fail(errno.EPERM, path)
    if fmt == stat.S_IFLNK:
        raise fail(errno.EINVAL, path)
    node = Node(last.parent, last.name, fmt, True, None)

    def make(fd: int, name: bytes) -> None:
        if fmt == stat.S_IFREG:
            os.close(core.upper.create(fd, name, os.O_WRONLY, stat.S_IMODE(mode)))
        else:
            core.upper.mknod(fd, name, fmt | stat.S_IMODE(mode), device)

    plain = core.upper.is_plain(fmt, stat.S_IMODE(mode))
    _place(core, node, missing, _grouped(core, last.parent, make), plain)
    if core.watched:
        core.tell(Did.CREATED, node)


def symlink(core: Core, target: bytes, path: bytes) -> None:
    """symlink(2)."""
    if not target:
        raise fail(errno.ENOENT, path)
    last = core.last(path)
    missing = _free(core, last, path, directory=False)
    node = Node(last.parent, last.name, stat.S_IFLNK, True, None)
    node.weight = len(target)
    make = _grouped(core, last.parent, lambda fd, name: os.symlink(target, name, dir_fd=fd))
    _place(core, node, missing, make)
    if core.watched:
        core.tell(Did.CREATED, node, len(target))


def link(core: Core, old: bytes, new: bytes, follow: bool) -> None:
    """link(2): the file is copied up, then gets its second name in the writable layer."""
    source = core.find(old, follow)
    last = core.last(new)
    missing = _free(core, last, new, directory=False)
    if source.fmt == stat.S_IFDIR:
        raise fail(errno.EPERM, old)
    copy_up(core, source)
    copy_up(core, last.parent)
    assert source.parent is not None
    if core.upper.has_origin(core.fd(source.parent), source.name):
        core.mark_impure(last.parent)
    here, name = core.fd(source.parent), source.name

    def make(fd: int, made: bytes) -> None:
        os.link(name, made, src_dir_fd=here, dst_dir_fd=fd, follow_symlinks=False)

    node = Node(last.parent, last.name, source.fmt, True, None)
    _place(core, node, missing, make)
    node.weight = source.weight = -1
    if source in core.fifos:
        core.fifos[node] = core.fifos[source]
    if core.watched:
        core.tell(Did.LINKED, node, other=source.path())


def unlink(core: Core, path: bytes) -> None:
    """unlink(2): a name that a lower layer has is hidden by a whiteout."""
    last = core.last(path)
    if not last.normal:
        raise fail(errno.EISDIR, path)
    node = core.child(last.parent, last.name)
    if isinstance(node, Missing):
        raise fail(errno.ENOENT, path)
    if node.fmt == stat.S_IFDIR:
        raise fail(errno.EISDIR, path)
    if last.slash:
        raise fail(errno.ENOTDIR, path)
    _remove(core, last.parent, node)


def rmdir(core: Core, path: bytes) -> None:
    """rmdir(2) of a directory that the union shows as empty."""
    last = core.last(path)
    if not last.normal:
        raise fail({b".": errno.EINVAL, b"..": errno.ENOTEMPTY}.get(last.name, errno.EBUSY), path)
    node = core.child(last.parent, last.name)
    if isinstance(node, Missing):
        raise fail(errno.ENOENT, path)
    if node.fmt != stat.S_IFDIR:
        raise fail(errno.ENOTDIR, path)
    if not core.is_empty(node):
        raise fail(errno.ENOTEMPTY, path)
    _remove(core, last.parent, node)


def _remove(core: Core, parent: Node, node: Node) -> None:
    copy_up(core, parent)
    fd, name = core.fd(parent), node.name
    delta = freed(core, node)
    core.hold(node)
    # What a lower layer has of this name, were it not for the writable layer's.
    hidden = not node.upper or core.below(parent, name) is not None
    whole = node.upper and node.fmt == stat.S_IFDIR
    marked = parent.marked
    if whole and hidden:
        marked = core.upper.set_aside(fd, name, whiteout=True)
    elif whole:
        _rmdir(core, fd, node)
    elif hidden:
        marked = core.upper.whiteout(fd, name, parent.marked)
    else:
        os.unlink(name, dir_fd=fd)
    parent.marked = marked or parent.marked
    core.forget(node, Missing.WHITEOUT if hidden else Missing.NOTHING)
    if core.watched:
        core.tell(Did.REMOVED, node, delta)
        if hidden:
            core.tell(Did.WHITED_OUT, node)


def _rmdir(core: Core, fd: int, node: Node) -> None:
    try:
        os.rmdir(node.name, dir_fd=fd)
    except OSError as error:
        # Only whiteouts are left in it: they hid something once.
        if error.errno != errno.ENOTEMPTY or core.stray(node):
            raise
        core.upper.set_aside(fd, node.name, whiteout=False)


def freed(core: Core, node: Node) -> int:
    """By how much the layer's size changes when this name goes: minus its bytes, if it is the
    last name of a file of the writable layer. 0 when nobody asks."""
    if not core.watched or not node.upper or node.fmt not in (stat.S_IFREG, stat.S_IFLNK):
        return 0
    if node.weight >= 0:
        return -node.weight
    assert node.parent is not None
    found = os.stat(node.name, dir_fd=core.fd(node.parent), follow_symlinks=False)
    return -found.st_size if found.st_nlink == 1 else 0


def _free(core: Core, last: Last, path: bytes, directory: bool = True) -> Missing:
    """Why the name shows nothing. Raises EEXIST; ENOENT for ``new/`` that is no directory."""
    if not last.normal:
        raise fail(errno.EEXIST, path)
    found = core.child(last.parent, last.name)
    if not isinstance(found, Missing):
        raise fail(errno.EEXIST, path)
    if last.slash and not directory:
        raise fail(errno.ENOENT, path)
    return found


def _place(core: Core, node: Node, missing: Missing, make: Make, plain: bool = True) -> None:
    """Make the new node in its directory. Over a whiteout, and where it takes more than one step
    (it isn't ``plain``), it is finished in the work directory first: nobody sees half of it."""
    parent, upper = node.parent, core.upper
    assert parent is not None
    copy_up(core, parent)
    fd = core.fd(parent)
    if missing is Missing.NOTHING and plain:
        make(fd, node.name)
    else:
        made = upper.scratch()
        make(upper.work_fd, made)
        if not (node.fmt == stat.S_IFDIR and missing is Missing.WHITEOUT):
            os.rename(made, node.name, src_dir_fd=upper.work_fd, dst_dir_fd=fd)
        else:
            upper.mark_opaque(upper.work_fd, made)
            node.opaque = True
            renameat2(upper.work_fd, made, fd, node.name, RENAME_EXCHANGE)
            remove_tree(upper.work_fd, made)
    parent.children[node.name] = node


def _grouped(core: Core, parent: Node, make: Make) -> Make:
    """``make``, with what the host itself gives only in the directory where the name will be."""

    def finish(fd: int, name: bytes) -> None:
        make(fd, name)
        if fd == core.upper.work_fd:
            inherit_group(core, parent, fd, name)

    return finish


def inherit_group(core: Core, parent: Node, fd: int, made: bytes) -> None:
    """What is made in a set-group-id directory has its group; a directory the bit, too."""
    above = core.stat(parent)
    if not above.mode & stat.S_ISGID:
        return
    found = core.upper.stat(fd, made)
    core.upper.chown(fd, made, -1, above.gid)
    if found.fmt != stat.S_IFLNK:
        bit = stat.S_ISGID if found.fmt == stat.S_IFDIR else 0
        if core.upper.real:
            with pinned(fd, made) as path:
                os.chmod(path, found.perm | bit)
        else:
            core.upper.chmod(fd, made, found.perm | bit)
