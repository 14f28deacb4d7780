"""Makes files, directories and the rest in open directories, with all that an entry says."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.folders import host_path
from layerscope.archive.overlay import Form, Owners
from layerscope.archive.stored import (
    OVERRIDE_STAT,
    host_mode,
    needs_override,
    override_value,
    stored_xattr,
)

# What belongs to the host rather than to the layer; umoci leaves them alone, too.
_HOST_XATTRS = frozenset((b"security.selinux", b"system.nfs4_acl"))
# In a plain tree it means nothing, but would once that tree is mounted; umoci leaves it out.
_OVERLAY = b"trusted.overlay."
_REFUSED = frozenset((errno.ENOTSUP, errno.EPERM, errno.EACCES))
_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DEVICES = {Kind.CHAR: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}


class Nodes:
    """Makes nodes in a plain tree (``form`` None) or in an overlay's.

    All calls raise OSError. ``lost_xattrs`` counts attributes that the file system or the
    process's rights did not allow.
    """

    def __init__(self, form: Form | None) -> None:
        self._namespace = form.namespace if form else None
        self._override = form is not None and form.owners is Owners.OVERRIDE
        # As tar does: what an ordinary user unpacks for himself is his.
        self._gives = os.geteuid() == 0 if form is None else form.owners is Owners.REAL
        # Only root makes devices; where somebody else's tree has one, an empty file stands for it.
        self._stands_in = form is not None and form.owners is Owners.OWN
        self.lost_xattrs = 0

    def create(self, folder: int, name: bytes, entry: Entry) -> int:
        """A new empty file, open for writing; FileExistsError if the name is taken."""
        return os.open(name, _FILE_FLAGS, entry.mode & 0o777, dir_fd=folder)

    def make_file(
        self,
        folder: int,
        name: bytes,
        mode: int,
        owner: tuple[int, int],
        time: int,
        content: memoryview,
    ) -> bool:
        """A whole small file with no xattrs, ``time`` in ns; False if this is no case for it."""
        if self._override:
            return False
        try:
            fd = os.open(name, _FILE_FLAGS, mode & 0o777, dir_fd=folder)
        except FileExistsError:
            return False
        try:
            while content:
                content = content[os.write(fd, content) :]
            self._set_owner(fd, owner, mode)
            os.utime(fd, ns=(time, time))
        finally:
            os.close(fd)
        return True

    def finish(self, fd: int, entry: Entry) -> None:
        """Give an open file or directory what ``entry`` says besides content."""
        if self._override:
            os.fchmod(fd, host_mode(entry))
            if needs_override(entry):
                os.setxattr(fd, OVERRIDE_STAT, override_value(entry))
        else:
            self._set_owner(fd, (entry.uid, entry.gid), entry.mode)
        if entry.xattrs:
            self._set_xattrs(fd, entry)
        time = entry.mtime * 1_000_000_000 + entry.mtime_ns
        os.utime(fd, ns=(time, time))

    def _set_owner(self, fd: int, owner: tuple[int, int], mode: int) -> None:
        found = os.fstat(fd)
        given = self._gives and (found.st_uid, found.st_gid) != owner
        if not self._gives:
            # They would lend the rights of somebody else than the layer means.
            mode &= 0o1777
        if given:
            os.fchown(fd, *owner)
        # Giving a file away takes its set-id bits.
        if given or stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(fd, mode)

    def make(self, folder: int, name: bytes, entry: Entry) -> None:
        """A symlink, fifo or device; FileExistsError if the name is taken."""
        if entry.kind is not Kind.SYMLINK and self._override and needs_override(entry):
            self._make_stand_in(folder, name, entry)
            return
        if self._stands_in and entry.kind in _DEVICES:
            self._make_stand_in(folder, name, entry)
            return
        if entry.kind is Kind.SYMLINK:
            os.symlink(entry.link, name, dir_fd=folder)
        elif entry.kind is Kind.FIFO:
            os.mkfifo(name, entry.mode, dir_fd=folder)
        else:
            device = os.makedev(*entry.device)
            os.mknod(name, _DEVICES[entry.kind] | entry.mode, device, dir_fd=folder)
        if self._gives:
            os.chown(name, entry.uid, entry.gid, dir_fd=folder, follow_symlinks=False)
        path = host_path(folder, name)
        if entry.kind is not Kind.SYMLINK:
            os.chmod(path, entry.mode)
        if entry.xattrs:
            self._set_xattrs(path, entry)
        time = entry.mtime * 1_000_000_000 + entry.mtime_ns
        os.utime(name, ns=(time, time), dir_fd=folder, follow_symlinks=False)

    def clear_xattrs(self, fd: int, keep: Entry) -> None:
        """Remove attributes that a directory has from before and ``keep`` knows nothing of."""
        for name in os.listxattr(fd):
            key = os.fsencode(name)
            if key not in keep.xattrs and key not in _HOST_XATTRS:
                os.removexattr(fd, name)

    def _make_stand_in(self, folder: int, name: bytes, entry: Entry) -> None:
        """An empty file that says in its xattr what it stands for: devices need root."""
        fd = self.create(folder, name, entry)
        try:
            self.finish(fd, entry)
        finally:
            os.close(fd)

    def _set_xattrs(self, target: int | bytes, entry: Entry) -> None:
        for name, value in self._stored(entry):
            try:
                if isinstance(target, int):
                    os.setxattr(target, name, value)
                else:
                    os.setxattr(target, name, value, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _REFUSED:
                    raise
                self.lost_xattrs += 1

    def _stored(self, entry: Entry) -> Iterator[tuple[str, bytes]]:
        for key, value in entry.xattrs.items():
            if key in _HOST_XATTRS:
                continue
            name = os.fsdecode(key)
            if self._namespace:
                yield stored_xattr(name, self._namespace), value
            elif not key.startswith(_OVERLAY):
                yield name, value
