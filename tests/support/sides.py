"""The two sides of the differential test: one vocabulary, done by the kernel and by the engine."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Protocol

from layerscope.cow.engine import Engine
from layerscope.cow.handle import Handle
from layerscope.cow.rename import Mode
from layerscope.cow.stat import Stat
from layerscope.cow.syscalls import fallocate, renameat2
from tests.support.random_ops import Op
from tests.support.random_stacks import OLD

Result = object
_PINNED_UNTIL = (OLD + 10_000) * 10**9


def seen(found: Stat) -> tuple[object, ...]:
    """What of a stat both sides must agree on; a time of today is only 'now'."""
    when = found.mtime_ns if found.mtime_ns < _PINNED_UNTIL else "now"
    if found.fmt == stat.S_IFDIR:
        return found.mode, found.uid, found.gid, when
    if found.fmt == stat.S_IFIFO:
        when = "whenever it was used"
    return found.mode, found.uid, found.gid, found.rdev, found.size, found.nlink, when


def linkat(old: bytes, new: bytes, follow: bool) -> None:
    """linkat(2): Python's own never follows a symlink."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.linkat(-100, old, -100, new, 0x400 if follow else 0) != 0:
        raise OSError(ctypes.get_errno(), "linkat")


class Side(Protocol):
    """Does operations; each method is one, named as in the tuples."""

    def finish(self) -> None:
        """Close what is open."""


def run(side: Side, ops: Sequence[Op]) -> list[Result]:
    """The result of each operation: what it returned, or an errno's name."""
    results: list[Result] = []
    for kind, *arguments in ops:
        do: Callable[..., Result] = getattr(side, str(kind))
        try:
            results.append(do(*arguments))
        except OSError as error:
            results.append(errno.errorcode.get(error.errno or 0, str(error)))
    side.finish()
    return results


class KernelSide:
    """Works through system calls on the current root directory."""

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}

    def finish(self) -> None:
        for fd in self.slots.values():
            os.close(fd)
        self.slots.clear()

    def _fd(self, slot: int) -> int:
        if slot not in self.slots:
            raise OSError(errno.EBADF, "closed")
        return self.slots[slot]

    def open_write(self, path: bytes, flags: int, mode: int, data: bytes) -> Result:
        fd = os.open(path, flags, mode)
        try:
            return os.write(fd, data), seen(Stat.of(os.fstat(fd)))
        finally:
            os.close(fd)

    def open_read(self, path: bytes, flags: int, mode: int, size: int) -> Result:
        fd = os.open(path, flags, mode)
        try:
            return os.read(fd, size)
        finally:
            os.close(fd)

    def write_at(self, path: bytes, offset: int, data: bytes) -> Result:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            return os.pwrite(fd, data, offset)
        finally:
            os.close(fd)

    def fd_open(self, slot: int, path: bytes, flags: int, mode: int) -> Result:
        self.fd_close(slot)
        self.slots[slot] = os.open(path, flags, mode)
        return "ok"

    def fd_pread(self, slot: int, size: int, offset: int) -> Result:
        return os.pread(self._fd(slot), size, offset)

    def fd_pwrite(self, slot: int, data: bytes, offset: int) -> Result:
        return os.pwrite(self._fd(slot), data, offset)

    def fd_write(self, slot: int, data: bytes) -> Result:
        return os.write(self._fd(slot), data)

    def fd_read(self, slot: int, size: int) -> Result:
        return os.read(self._fd(slot), size)

    def fd_truncate(self, slot: int, size: int) -> None:
        os.ftruncate(self._fd(slot), size)

    def fd_stat(self, slot: int) -> Result:
        return seen(Stat.of(os.fstat(self._fd(slot))))

    def fd_chmod(self, slot: int, mode: int) -> None:
        # The kernel brings an unlinked lower fifo or directory back to life here.
        if stat.S_ISREG(os.fstat(self._fd(slot)).st_mode):
            os.fchmod(self._fd(slot), mode)

    def fd_close(self, slot: int) -> Result:
        if slot in self.slots:
            os.close(self.slots.pop(slot))
        return "ok"

    def fallocate(self, path: bytes, mode: int, offset: int, size: int) -> None:
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        try:
            fallocate(fd, mode, offset, size)
        finally:
            os.close(fd)

    def truncate(self, path: bytes, size: int) -> None:
        os.truncate(path, size)

    def unlink(self, path: bytes) -> None:
        os.unlink(path)

    def rmdir(self, path: bytes) -> None:
        os.rmdir(path)

    def rmtree(self, path: bytes) -> None:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
        for name in sorted(os.listdir(path)):
            self.rmtree(path + b"/" + name)
        os.rmdir(path)

    def mkdir(self, path: bytes, mode: int) -> None:
        os.mkdir(path, mode)

    def rename(self, old: bytes, new: bytes, flags: int) -> None:
        renameat2(-100, old, -100, new, flags)

    def link(self, old: bytes, new: bytes, follow: bool) -> None:
        linkat(old, new, follow)

    def symlink(self, target: bytes, path: bytes) -> None:
        os.symlink(target, path)

    def mknod(self, path: bytes, mode: int, device: int) -> None:
        os.mknod(path, mode, device)

    def chmod(self, path: bytes, mode: int) -> None:
        os.chmod(path, mode)

    def chown(self, path: bytes, uid: int, gid: int, follow: bool) -> None:
        os.chown(path, uid, gid, follow_symlinks=follow)

    def utime(self, path: bytes, when: int) -> None:
        os.utime(path, ns=(when, when), follow_symlinks=False)

    def setxattr(self, path: bytes, name: str, value: bytes, flags: int) -> None:
        os.setxattr(path, name, value, flags, follow_symlinks=False)

    def removexattr(self, path: bytes, name: str) -> None:
        os.removexattr(path, name, follow_symlinks=False)

    def getxattr(self, path: bytes, name: str) -> Result:
        return os.getxattr(path, name, follow_symlinks=False)

    def listxattr(self, path: bytes) -> Result:
        return sorted(os.listxattr(path, follow_symlinks=False))

    def stat(self, path: bytes, follow: bool) -> Result:
        return seen(Stat.of(os.stat(path, follow_symlinks=follow)))

    def readlink(self, path: bytes) -> Result:
        return os.readlink(path)

    def readdir(self, path: bytes) -> Result:
        return sorted(os.listdir(path))


class EngineSide:
    """Works through the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.slots: dict[int, Handle] = {}
        self.mkdir = engine.mkdir
        self.unlink = engine.unlink
        self.rmdir = engine.rmdir
        self.truncate = engine.truncate
        self.symlink = engine.symlink
        self.mknod = engine.mknod
        self.chmod = engine.chmod
        self.setxattr = engine.setxattr
        self.removexattr = engine.removexattr
        self.getxattr = engine.getxattr
        self.readlink = engine.readlink

    def finish(self) -> None:
        for handle in self.slots.values():
            handle.close()
        self.slots.clear()

    def _fd(self, slot: int) -> Handle:
        if slot not in self.slots:
            raise OSError(errno.EBADF, "closed")
        return self.slots[slot]

    def open_write(self, path: bytes, flags: int, mode: int, data: bytes) -> Result:
        with self.engine.open(path, flags, mode) as handle:
            return handle.write(data), seen(handle.stat())

    def open_read(self, path: bytes, flags: int, mode: int, size: int) -> Result:
        with self.engine.open(path, flags, mode) as handle:
            return handle.read(size)

    def write_at(self, path: bytes, offset: int, data: bytes) -> Result:
        with self.engine.open(path, os.O_WRONLY) as handle:
            return handle.pwrite(data, offset)

    def fd_open(self, slot: int, path: bytes, flags: int, mode: int) -> Result:
        self.fd_close(slot)
        self.slots[slot] = self.engine.open(path, flags, mode)
        return "ok"

    def fd_pread(self, slot: int, size: int, offset: int) -> Result:
        return self._fd(slot).pread(size, offset)

    def fd_pwrite(self, slot: int, data: bytes, offset: int) -> Result:
        return self._fd(slot).pwrite(data, offset)

    def fd_write(self, slot: int, data: bytes) -> Result:
        return self._fd(slot).write(data)

    def fd_read(self, slot: int, size: int) -> Result:
        return self._fd(slot).read(size)

    def fd_truncate(self, slot: int, size: int) -> None:
        self._fd(slot).truncate(size)

    def fd_stat(self, slot: int) -> Result:
        return seen(self._fd(slot).stat())

    def fd_chmod(self, slot: int, mode: int) -> None:
        if self._fd(slot).stat().fmt == stat.S_IFREG:
            self._fd(slot).chmod(mode)

    def fd_close(self, slot: int) -> Result:
        if slot in self.slots:
            self.slots.pop(slot).close()
        return "ok"

    def fallocate(self, path: bytes, mode: int, offset: int, size: int) -> None:
        with self.engine.open(path, os.O_RDWR) as handle:
            handle.fallocate(mode, offset, size)

    def rmtree(self, path: bytes) -> None:
        if self.engine.stat(path).fmt != stat.S_IFDIR:
            self.unlink(path)
            return
        for name in sorted(self.engine.readdir(path)):
            self.rmtree(path + b"/" + name)
        self.rmdir(path)

    def rename(self, old: bytes, new: bytes, flags: int) -> None:
        modes = {0: Mode.REPLACE, 1: Mode.NOREPLACE, 2: Mode.EXCHANGE}
        self.engine.rename(old, new, modes[flags])

    def link(self, old: bytes, new: bytes, follow: bool) -> None:
        self.engine.link(old, new, follow=follow)

    def chown(self, path: bytes, uid: int, gid: int, follow: bool) -> None:
        self.engine.chown(path, uid, gid, follow=follow)

    def utime(self, path: bytes, when: int) -> None:
        self.engine.utime(path, when, when)

    def listxattr(self, path: bytes) -> Result:
        return sorted(self.engine.listxattr(path))

    def stat(self, path: bytes, follow: bool) -> Result:
        return seen(self.engine.stat(path, follow=follow))

    def readdir(self, path: bytes) -> Result:
        return sorted(self.engine.readdir(path))
