"""rename(2), renameat2(2): what moves, what is hidden, and which directories can't move at all."""

from __future__ import annotations

import enum
import errno
import os
import stat
from typing import NamedTuple

from layerscope.cow.copy_up import copy_up
from layerscope.cow.core import Core, Last, fail
from layerscope.cow.descriptors import read_directory
from layerscope.cow.events import Did
from layerscope.cow.names import freed
from layerscope.cow.node import Missing, Node
from layerscope.cow.syscalls import RENAME_EXCHANGE, renameat2
from layerscope.cow.upper import pinned, remove_tree


class Mode(enum.Enum):
    """What happens to a target that exists."""

    REPLACE = "it is replaced"
    NOREPLACE = "it is kept: EEXIST"
    EXCHANGE = "the two change places"


class _Move(NamedTuple):
    old: Node
    new: Node | Missing
    source: Node
    target: Node
    name: bytes


def rename(core: Core, old: bytes, new: bytes, mode: Mode) -> None:
    """Errors as renameat2(2); EXDEV for a directory that a lower layer has a part of."""
    move = _checked(core, core.last(old), core.last(new), mode)
    if move is None or _rename_links(core, move, mode):
        return
    if mode is Mode.EXCHANGE:
        _exchange(core, move)
    else:
        _replace(core, move)


def _checked(core: Core, old: Last, new: Last, mode: Mode) -> _Move | None:
    if not old.normal:
        raise fail(errno.EBUSY)
    if not new.normal:
        raise fail(errno.EEXIST if mode is Mode.NOREPLACE else errno.EBUSY)
    source = core.child(old.parent, old.name)
    if isinstance(source, Missing):
        raise fail(errno.ENOENT, old.name)
    target = core.child(new.parent, new.name)
    exchange = mode is Mode.EXCHANGE
    if isinstance(target, Missing):
        if exchange:
            raise fail(errno.ENOENT, new.name)
    elif mode is Mode.NOREPLACE:
        raise fail(errno.EEXIST, new.name)
    _check_slashes(source, target, old, new, exchange)
    if _inside(new.parent, source):
        raise fail(errno.EINVAL, new.name)
    if isinstance(target, Node) and _inside(old.parent, target):
        raise fail(errno.EINVAL if exchange else errno.ENOTEMPTY, new.name)
    if isinstance(target, Node):
        if source is target:
            return None
        if not exchange:
            _check_kinds(source, target)
    return _Move(source, target, old.parent, new.parent, new.name)


def _check_slashes(
    source: Node, target: Node | Missing, old: Last, new: Last, exchange: bool
) -> None:
    if exchange and isinstance(target, Node) and not target.is_dir and new.slash:
        raise fail(errno.ENOTDIR, new.name)
    if not source.is_dir and (old.slash or (new.slash and not exchange)):
        raise fail(errno.ENOTDIR, old.name)


def _check_kinds(source: Node, target: Node) -> None:
    if source.is_dir and not target.is_dir:
        raise fail(errno.ENOTDIR, target.name)
    if target.is_dir and not source.is_dir:
        raise fail(errno.EISDIR, target.name)


def _inside(directory: Node, ancestor: Node) -> bool:
    node: Node | None = directory
    while node is not None:
        if node is ancestor:
            return True
        node = node.parent
    return False


def _rename_links(core: Core, move: _Move, mode: Mode) -> bool:
    """Deal with two names of one inode; whether they are.

    Nothing happens to two names of one file. But where the directory is itself an overlay, one
    number stands for two files that only came from one, and they are renamed: the host decides.
    """
    old, new, source, target, name = move
    if not isinstance(new, Node) or not _same_file(core, old, new):
        return False
    if mode is Mode.EXCHANGE:
        return True
    fd, was = core.fd(source), old.name
    os.rename(was, name, src_dir_fd=fd, dst_dir_fd=core.fd(target))
    try:
        os.stat(was, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        core.forget(new, Missing.NOTHING)
        source.children[was] = Missing.NOTHING
        _set_place(old, target, name)
    return True


def _same_file(core: Core, one: Node, other: Node) -> bool:
    """Two names of one file of the writable layer. Lower ones count as two: copying breaks them."""
    if one.is_dir or other.is_dir or not (one.upper and other.upper):
        return False
    assert one.parent is not None
    assert other.parent is not None
    first = os.stat(one.name, dir_fd=core.fd(one.parent), follow_symlinks=False)
    second = os.stat(other.name, dir_fd=core.fd(other.parent), follow_symlinks=False)
    return first.st_ino == second.st_ino


def _can_move(node: Node) -> bool:
    return not node.is_dir or (node.upper and node.lower is None)


def _replace(core: Core, move: _Move) -> None:
    old, new, source, target, name = move
    if not _can_move(old):
        raise fail(errno.EXDEV, old.name)
    # A directory of the writable layer alone is refused by the host's own rename, below.
    if isinstance(new, Node) and not _can_move(new) and not core.is_empty(new):
        raise fail(errno.ENOTEMPTY, name)
    hidden = not old.upper or core.below(source, old.name) is not None
    copy_up(core, old)
    copy_up(core, target)
    delta = freed(core, new) if isinstance(new, Node) else 0
    if source is not target and _is_copy(core, old):
        core.mark_impure(target)
    if isinstance(new, Node) and new.merged:
        _clear(core, new)
    opaque = _hide_below(core, old, target)
    was, path = old.name, old.path() if core.watched else b""
    if isinstance(new, Node):
        core.hold(new)
    _swap_in(core, move, hidden)
    if isinstance(new, Node):
        core.forget(new, Missing.NOTHING)
    source.children[was] = Missing.WHITEOUT if hidden else Missing.NOTHING
    _set_place(old, target, name)
    if core.watched:
        _tell(core, old, path, delta, hidden, opaque)


def _swap_in(core: Core, move: _Move, hidden: bool) -> None:
    old, new, source, target, name = move
    upper, old_fd, new_fd = core.upper, core.fd(source), core.fd(target)
    over_whiteout = new is Missing.WHITEOUT
    if hidden and not over_whiteout:
        source.marked |= upper.rename_with_whiteout(old_fd, old.name, new_fd, name, source.marked)
    elif hidden:
        # The whiteout is needed where the file came from.
        source.marked |= upper.tell_of_whiteouts(old_fd, source.marked)
        renameat2(old_fd, old.name, new_fd, name, RENAME_EXCHANGE)
    elif old.is_dir and over_whiteout:
        renameat2(old_fd, old.name, new_fd, name, RENAME_EXCHANGE)
        os.unlink(old.name, dir_fd=old_fd)
    else:
        os.rename(old.name, name, src_dir_fd=old_fd, dst_dir_fd=new_fd)


def _exchange(core: Core, move: _Move) -> None:
    old, new, source, target, name = move
    assert isinstance(new, Node)
    if not (_can_move(old) and _can_move(new)):
        raise fail(errno.EXDEV, old.name)
    copy_up(core, old)
    copy_up(core, target)
    copy_up(core, new)
    if source is not target:
        if _is_copy(core, old):
            core.mark_impure(target)
        if _is_copy(core, new):
            core.mark_impure(source)
    _hide_below(core, old, target)
    _hide_below(core, new, source)
    old_fd, new_fd, was = core.fd(source), core.fd(target), old.name
    renameat2(old_fd, was, new_fd, name, RENAME_EXCHANGE)
    paths = (old.path(), new.path()) if core.watched else (b"", b"")
    _set_place(new, source, was)
    _set_place(old, target, name)
    if core.watched:
        core.tell(Did.MOVED, old, other=paths[0])
        core.tell(Did.MOVED, new, other=paths[1])


def _set_place(node: Node, parent: Node, name: bytes) -> None:
    node.parent, node.name = parent, name
    parent.children[name] = node


def _hide_below(core: Core, node: Node, target: Node) -> bool:
    """A directory that moves into a merged one must not merge with what lies below there."""
    if not node.is_dir or node.opaque or not target.merged:
        return False
    assert node.parent is not None
    core.upper.mark_opaque(core.fd(node.parent), node.name)
    node.opaque = True
    return True


def _is_copy(core: Core, node: Node) -> bool:
    assert node.parent is not None
    return core.upper.has_origin(core.fd(node.parent), node.name)


def _clear(core: Core, node: Node) -> None:
    """A directory that shows nothing may still hold whiteouts; put an empty one in its place."""
    upper = core.upper
    inner = core.fd(node)
    if not read_directory(inner):
        return
    assert node.parent is not None
    found = os.stat(b".", dir_fd=inner)
    made = upper.scratch()
    os.mkdir(made, 0o700, dir_fd=upper.work_fd)
    upper.mark_opaque(upper.work_fd, made)
    if upper.real:
        os.chown(made, found.st_uid, found.st_gid, dir_fd=upper.work_fd)
    with pinned(upper.work_fd, made) as path:
        os.chmod(path, stat.S_IMODE(found.st_mode))
    renameat2(upper.work_fd, made, core.fd(node.parent), node.name, RENAME_EXCHANGE)
    core.descriptors.release(node)
    remove_tree(upper.work_fd, made)


def _tell(core: Core, node: Node, before: bytes, delta: int, hidden: bool, opaque: bool) -> None:
    if delta:
        core.tell(Did.REMOVED, node, delta)
    core.tell(Did.MOVED, node, other=before)
    if hidden:
        core.tell(Did.WHITED_OUT, node, path=before)
    if opaque:
        core.tell(Did.MADE_OPAQUE, node)
