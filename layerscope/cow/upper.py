"""The writable directory: what is written there, in the kernel's overlay form.

Every call takes the descriptor of a directory and one name, never a path, and never follows a
symlink: whatever stands in the directory, nothing outside it is touched.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from layerscope.archive.overlay import Form, Owners, Whiteouts
from layerscope.cow import owners, xattrs
from layerscope.cow.descriptors import open_root, read_directory
from layerscope.cow.stat import WHITEOUT_DEVICE, Stat, is_whiteout_device
from layerscope.cow.syscalls import RENAME_EXCHANGE, RENAME_WHITEOUT, renameat2

_OPAQUE = "opaque"
_ORIGIN = "origin"
_IMPURE = "impure"
_WHITEOUT = "whiteout"


class Upper:
    """``directory`` is the layer, ``work`` an own directory on the same file system."""

    def __init__(self, directory: Path, work: Path, form: Form) -> None:
        self.form = form
        self.directory = directory
        self.fd = open_root(directory)
        try:
            self.work_fd = _open_scratch(work)
        except OSError:
            os.close(self.fd)
            raise
        self.user = (os.geteuid(), os.getegid())
        self._umask = _process_umask()
        self._prefix = form.namespace.value
        self.real = form.owners is Owners.REAL
        self._count = 0
        self._whiteout: bytes | None = None

    def close(self) -> None:
        """Drop what the work directory still holds and close the descriptors."""
        for entry in read_directory(self.work_fd):
            with contextlib.suppress(OSError):
                remove_tree(self.work_fd, entry.name)
        os.close(self.work_fd)
        os.close(self.fd)

    def scratch(self) -> bytes:
        """A fresh name in the work directory."""
        self._count += 1
        return b"#%x" % self._count

    # -- reading ---------------------------------------------------------------------------

    def stat(self, fd: int, name: bytes) -> Stat:
        """The metadata of ``name`` as the container sees them. Raises OSError."""
        found = Stat.of(os.stat(name, dir_fd=fd, follow_symlinks=False))
        if self.real:
            return found
        return owners.shown_as(found, owners.read_override(xattrs.at(fd, name), found), *self.user)

    def stat_open(self, fd: int) -> Stat:
        """The metadata of an open file as the container sees them."""
        found = Stat.of(os.fstat(fd))
        if self.real:
            return found
        return owners.shown_as(found, owners.read_override(fd, found), *self.user)

    def is_whiteout(self, fd: int, name: bytes, found: os.stat_result, marked: bool) -> bool:
        """Whether the entry deletes what is below; ``marked`` is :meth:`opaque` == ``b"x"``."""
        if is_whiteout_device(found):
            return True
        if not marked or found.st_size or not stat.S_ISREG(found.st_mode):
            return False
        return xattrs.get(xattrs.at(fd, name), self._prefix + _WHITEOUT) is not None

    def fmt(self, fd: int, name: bytes, found: os.stat_result) -> int:
        """The type that the container sees: a device may be kept as an empty file."""
        fmt = stat.S_IFMT(found.st_mode)
        if self.real or fmt != stat.S_IFREG or found.st_size:
            return fmt
        return self.stat(fd, name).fmt

    def opaque(self, fd: int, name: bytes) -> bytes | None:
        """The directory's mark: ``b"y"`` hides the layers below, ``b"x"`` tells of whiteouts."""
        return xattrs.get(xattrs.at(fd, name), self._prefix + _OPAQUE)

    def has_origin(self, fd: int, name: bytes) -> bool:
        """Whether it is a copy of a lower file that knows which."""
        return xattrs.get(xattrs.at(fd, name), self._prefix + _ORIGIN) is not None

    # -- marks -----------------------------------------------------------------------------

    def mark_opaque(self, fd: int, name: bytes, mark: bytes = b"y") -> None:
        """Hide the layers below a directory."""
        os.setxattr(xattrs.at(fd, name), self._prefix + _OPAQUE, mark, follow_symlinks=False)

    def mark_impure(self, fd: int) -> None:
        """Tell that the directory holds copies of lower files."""
        self._set_if_allowed(xattrs.at(fd, b"."), _IMPURE, b"y")

    def mark_origin(self, path: bytes | int, value: bytes) -> None:
        """Tell which lower file a copy came from."""
        self._set_if_allowed(path, _ORIGIN, value)

    def _set_if_allowed(self, path: bytes | int, mark: str, value: bytes) -> None:
        # "user." attributes can't stand on symlinks, fifos and devices; the kernel goes without.
        try:
            if isinstance(path, int):
                os.setxattr(path, self._prefix + mark, value)
            else:
                os.setxattr(path, self._prefix + mark, value, follow_symlinks=False)
        except OSError as error:
            if error.errno not in xattrs.ABSENT:
                raise

    # -- making things ---------------------------------------------------------------------

    def is_plain(self, fmt: int, perm: int) -> bool:
        """Whether a new file is finished the moment it exists: nothing has to be set after."""
        if self.real:
            return not perm & (self._umask | 0o7000)
        return not owners.needs_override(fmt, 0, 0, perm) and not perm & (self._umask | 0o7000)

    def create(self, fd: int, name: bytes, flags: int, perm: int) -> int:
        """A new regular file, open with ``flags``; owned by the container's root."""
        host = perm if self.real else owners.host_perm(stat.S_IFREG, perm)
        flags |= os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        made = os.open(name, flags, host, dir_fd=fd)
        if host & (self._umask | 0o7000):
            os.fchmod(made, host)
        if not self.real and owners.needs_override(stat.S_IFREG, 0, 0, perm):
            self._override(made, owners.Override(0, 0, perm))
        return made

    def mkdir(self, fd: int, name: bytes, perm: int) -> None:
        """A new directory."""
        host = perm if self.real else owners.host_perm(stat.S_IFDIR, perm)
        os.mkdir(name, host & 0o1777, dir_fd=fd)
        if host & (self._umask | 0o6000):
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            with pinned(fd, name) as path:
                os.chmod(path, host | (found.st_mode & stat.S_ISGID))
        if not self.real and owners.needs_override(stat.S_IFDIR, 0, 0, perm):
            with pinned(fd, name) as path:
                self._override(path, owners.Override(0, 0, perm))

    def mknod(self, fd: int, name: bytes, mode: int, device: int) -> None:
        """A fifo, a socket or a device."""
        fmt, perm = stat.S_IFMT(mode), stat.S_IMODE(mode)
        if not self.real and fmt in (stat.S_IFCHR, stat.S_IFBLK):
            self.stand_in(fd, name, owners.Override(0, 0, perm, fmt, device))
            return
        os.mknod(name, mode, device, dir_fd=fd)
        if perm & (self._umask | 0o7000):
            with pinned(fd, name) as path:
                os.chmod(path, perm)

    def stand_in(self, fd: int, name: bytes, override: owners.Override) -> None:
        """An empty file that an xattr says to be something else."""
        made = self.create(fd, name, os.O_WRONLY, 0o600)
        try:
            self._override(made, override)
        finally:
            os.close(made)

    def whiteout(self, fd: int, name: bytes, parent_marked: bool) -> bool:
        """Put a whiteout at ``name``, over what may stand there (but no directory).

        Returns whether ``fd`` now needs the mark that tells of whiteouts by xattr; it is set.
        """
        if self.form.whiteouts is Whiteouts.XATTR:
            made = self._scratch_whiteout()
            os.rename(made, name, src_dir_fd=self.work_fd, dst_dir_fd=fd)
            return self.tell_of_whiteouts(fd, parent_marked)
        shared = self._shared_whiteout()
        try:
            os.link(shared, name, src_dir_fd=self.work_fd, dst_dir_fd=fd, follow_symlinks=False)
        except FileExistsError:
            copy = self.scratch()
            os.link(shared, copy, src_dir_fd=self.work_fd, dst_dir_fd=self.work_fd)
            os.rename(copy, name, src_dir_fd=self.work_fd, dst_dir_fd=fd)
        except OSError as error:
            if error.errno not in (errno.EMLINK, errno.EPERM):
                raise
            os.unlink(shared, dir_fd=self.work_fd)
            self._whiteout = None
            made = self._scratch_whiteout()
            os.rename(made, name, src_dir_fd=self.work_fd, dst_dir_fd=fd)
        return False

    def _shared_whiteout(self) -> bytes:
        # One inode for all of them, as the kernel does.
        if self._whiteout is None:
            self._whiteout = self._scratch_whiteout()
        return self._whiteout

    def _scratch_whiteout(self) -> bytes:
        name = self.scratch()
        if self.form.whiteouts is Whiteouts.DEVICE:
            os.mknod(name, stat.S_IFCHR, WHITEOUT_DEVICE, dir_fd=self.work_fd)
        else:
            os.close(
                os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=self.work_fd)
            )
            os.setxattr(xattrs.at(self.work_fd, name), self._prefix + _WHITEOUT, b"y")
        return name

    # -- owners and modes ------------------------------------------------------------------

    def chmod(self, fd: int, name: bytes, perm: int) -> None:
        """Set the mode bits of what is no symlink."""
        with pinned(fd, name) as path:
            if self.real:
                os.chmod(path, perm)
            else:
                now = self.stat(fd, name)
                self.dress(path, Stat.of(os.stat(path)), now.uid, now.gid, perm, now)

    def chown(self, fd: int, name: bytes, uid: int, gid: int) -> None:
        """Set the owner (-1 leaves one); takes the set-id bits away as chown(2) does."""
        if self.real:
            os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)
            return
        now = self.stat(fd, name)
        perm = without_set_id(now.fmt, now.perm)
        uid, gid = (now.uid if uid < 0 else uid), (now.gid if gid < 0 else gid)
        found = Stat.of(os.stat(name, dir_fd=fd, follow_symlinks=False))
        with pinned(fd, name) as path:
            self.dress(path, found, uid, gid, perm, now)

    def dress(
        self, path: bytes | int, host: Stat, uid: int, gid: int, perm: int, shown: Stat
    ) -> None:
        """Make the inode ``host`` look like ``uid``, ``gid``, ``perm`` to the container.

        ``shown`` gives type and device. A symlink, fifo or socket of another owner can't be kept
        by an ordinary user (no attribute may stand on it): EPERM, as from chown(2).
        """
        if host.fmt not in (stat.S_IFREG, stat.S_IFDIR):
            if (uid, gid) != (0, 0):
                raise OSError(errno.EPERM, "an ordinary user can't keep this owner")
            if host.fmt != stat.S_IFLNK:
                os.chmod(path, perm)
            return
        os.chmod(path, owners.host_perm(host.fmt, perm))
        if shown.fmt != host.fmt:
            self._override(path, owners.Override(uid, gid, perm, shown.fmt, shown.rdev))
        elif owners.needs_override(host.fmt, uid, gid, perm):
            self._override(path, owners.Override(uid, gid, perm))
        else:
            with contextlib.suppress(OSError):
                os.removexattr(path, xattrs.OVERRIDE_STAT)

    def _override(self, path: bytes | int, override: owners.Override) -> None:
        os.setxattr(path, xattrs.OVERRIDE_STAT, override.value())

    # -- moving and clearing ---------------------------------------------------------------

    def rename_with_whiteout(
        self, old_fd: int, old: bytes, new_fd: int, new: bytes, marked: bool
    ) -> bool:
        """Rename and leave a whiteout behind, in one step where the file system can.

        ``marked`` and the answer are as in :meth:`whiteout`, of the old directory.
        """
        if self.form.whiteouts is Whiteouts.DEVICE:
            try:
                renameat2(old_fd, old, new_fd, new, RENAME_WHITEOUT)
                return False
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
                    raise
        os.rename(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        return self.whiteout(old_fd, old, marked)

    def tell_of_whiteouts(self, fd: int, marked: bool) -> bool:
        """Mark a directory that gets a whiteout, in the form that needs it; whether it does."""
        if self.form.whiteouts is Whiteouts.DEVICE:
            return False
        if not marked:
            self.mark_opaque(fd, b".", b"x")
        return True

    def set_aside(self, fd: int, name: bytes, whiteout: bool) -> bool:
        """Take a directory out of the layer, leaving a whiteout if asked; its rests are dropped.

        Returns what :meth:`whiteout` returns.
        """
        aside = self.scratch()
        marked = False
        if whiteout:
            self.whiteout(self.work_fd, aside, parent_marked=True)
            marked = self.tell_of_whiteouts(fd, marked=False)
            renameat2(self.work_fd, aside, fd, name, RENAME_EXCHANGE)
        else:
            os.rename(name, aside, src_dir_fd=fd, dst_dir_fd=self.work_fd)
        remove_tree(self.work_fd, aside)
        return marked


@contextlib.contextmanager
def pinned(fd: int, name: bytes) -> Iterator[bytes]:
    """A host path that stays with the file ``name`` now is, whatever takes its place.

    Calls that have no form relative to a directory, and follow symlinks, are safe on it.
    """
    held = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    try:
        yield b"/proc/self/fd/%d" % held
    finally:
        os.close(held)


def without_set_id(fmt: int, perm: int) -> int:
    """The mode that chown(2) leaves a file with."""
    if fmt == stat.S_IFDIR:
        return perm
    if perm & stat.S_IXGRP:
        perm &= ~stat.S_ISGID
    return perm & ~stat.S_ISUID


def remove_tree(fd: int, name: bytes) -> None:
    """Remove ``name`` in the directory ``fd`` and all below it, following no symlink."""
    try:
        os.unlink(name, dir_fd=fd)
        return
    except (IsADirectoryError, PermissionError):
        pass
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    inner = os.open(name, flags, dir_fd=fd)
    try:
        for entry in read_directory(inner):
            remove_tree(inner, entry.name)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=fd)


def _open_scratch(work: Path) -> int:
    # The kernel keeps its own temporary files in the same place and clears it when it mounts.
    scratch = work / "work"
    scratch.mkdir(mode=0o700, exist_ok=True)
    if not os.access(scratch, os.R_OK | os.W_OK | os.X_OK):
        scratch.chmod(0o700)
    fd = open_root(scratch)
    for entry in read_directory(fd):
        remove_tree(fd, entry.name)
    return fd


def _process_umask() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o777
