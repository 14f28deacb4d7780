"""The engine: a writable layer over a read-only stack, doing what the kernel's overlayfs does.

Paths are bytes from the container's root, with or without a leading slash. Whatever fails raises
the OSError that the system call would return; symlinks and ``..`` never lead out of the root.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from layerscope.archive.overlay import Form
from layerscope.cow import attributes, names
from layerscope.cow import rename as renaming
from layerscope.cow.core import Core, fail
from layerscope.cow.events import Listener, Tally
from layerscope.cow.form import detect_form
from layerscope.cow.handle import Handle
from layerscope.cow.lock import LayerLock
from layerscope.cow.lower import Lower, LowerNode
from layerscope.cow.node import Missing
from layerscope.cow.opening import open_file
from layerscope.cow.rename import Mode
from layerscope.cow.stat import Stat
from layerscope.cow.upper import Upper

# The mode of a file and of a directory that is made without saying one.
_FILE = 0o666
_DIRECTORY = 0o777


class Origin(NamedTuple):
    """Where a path's content comes from: ``layer`` is None for the writable one."""

    layer: int | None
    lower: LowerNode | None


class Engine:
    """One container's file system. Threads may share it; :meth:`close` it, or use ``with``."""

    def __init__(self, lower: Lower, upper: Upper, lock: LayerLock) -> None:
        self.core = Core(lower, upper)
        self._lock = lock
        self._closed = False
        self.umask = 0o022

    @property
    def lower(self) -> Lower:
        """The read-only layers."""
        return self.core.lower

    @property
    def upper(self) -> Upper:
        """The writable layer's directory."""
        return self.core.upper

    def subscribe(self, listener: Listener) -> None:
        """``listener`` is called for every event, in the thread that does the operation."""
        with self.core.lock:
            self.core.listeners.append(listener)
            self.core.watched = True

    def unsubscribe(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        with self.core.lock:
            self.core.listeners.remove(listener)
            self._watch()

    def count(self, tally: Tally) -> None:
        """Keep ``tally`` up to date from now on."""
        with self.core.lock:
            self.core.tallies.append(tally)
            self.core.watched = True

    def stop_counting(self, tally: Tally) -> None:
        """Leave ``tally`` as it is."""
        with self.core.lock:
            self.core.tallies.remove(tally)
            self._watch()

    def _watch(self) -> None:
        self.core.watched = bool(self.core.listeners or self.core.tallies)

    def close(self) -> None:
        """Let go of the layers and of the lock; handles must be closed before."""
        if self._closed:
            return
        self._closed = True
        with self.core.lock:
            self.core.descriptors.close()
            self.core.lower.close()
            self.core.upper.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- looking ---------------------------------------------------------------------------

    def stat(self, path: bytes, *, follow: bool = False) -> Stat:
        """stat(2), lstat(2) by default."""
        with self.core:
            return self.core.stat(self.core.find(path, follow))

    def exists(self, path: bytes) -> bool:
        """Whether the path itself (no symlink followed at its end) is there."""
        try:
            with self.core:
                self.core.find(path, False)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return False
            raise
        return True

    def names(self, path: bytes) -> dict[bytes, int]:
        """The children of a directory and their types (``stat.S_IFMT``)."""
        with self.core:
            node = self.core.find(path)
            if node.fmt != stat.S_IFDIR:
                raise fail(errno.ENOTDIR, path)
            return self.core.names(node)

    def readdir(self, path: bytes) -> list[bytes]:
        """The children's names as the kernel lists them: in a directory that isn't merged, stray
        whiteouts too, which no lookup finds."""
        with self.core:
            node = self.core.find(path)
            if node.fmt != stat.S_IFDIR:
                raise fail(errno.ENOTDIR, path)
            return [*self.core.names(node), *self.core.stray(node)]

    def readlink(self, path: bytes) -> bytes:
        """A symlink's target. Raises EINVAL for anything else."""
        with self.core:
            node = self.core.find(path, False)
            if node.fmt != stat.S_IFLNK:
                raise fail(errno.EINVAL, path)
            return self.core.readlink(node)

    def statfs(self) -> os.statvfs_result:
        """statvfs(3) of the file system that the writable layer lies on."""
        with self.core.lock:
            return os.fstatvfs(self.core.upper.fd)

    def origin(self, path: bytes) -> Origin:
        """Which layer shows this path, and what the lower layers have of it."""
        with self.core:
            parent, name, node = self.core.walk(path, False)
            if isinstance(node, Missing):
                raise fail(errno.ENOENT, path)
            if not node.upper:
                assert node.lower is not None
                return Origin(node.lower.layer, node.lower)
            if node.parent is None:
                return Origin(None, node.lower)
            return Origin(None, self.core.below(parent, name))

    # -- opening ---------------------------------------------------------------------------

    def open(self, path: bytes, flags: int = os.O_RDONLY, mode: int = _FILE) -> Handle:
        """open(2) with its flags; a new file gets ``mode`` less the :attr:`umask`."""
        with self.core:
            return open_file(self.core, path, flags, mode & 0o7777 & ~self.umask)

    def read(self, path: bytes) -> bytes:
        """The whole content of a file."""
        with self.open(path) as handle:
            return handle.read()

    def truncate(self, path: bytes, size: int) -> None:
        """truncate(2)."""
        with self.core:
            attributes.truncate(self.core, self.core.find(path), size)

    # -- names -----------------------------------------------------------------------------

    def mkdir(self, path: bytes, mode: int = _DIRECTORY) -> None:
        """mkdir(2)."""
        with self.core:
            names.mkdir(self.core, path, mode & 0o1777 & ~self.umask)

    def mknod(self, path: bytes, mode: int, device: int = 0) -> None:
        """mknod(2): ``mode`` has the type bits."""
        with self.core:
            perm = stat.S_IMODE(mode) & ~self.umask
            names.mknod(self.core, path, stat.S_IFMT(mode) | perm, device)

    def symlink(self, target: bytes, path: bytes) -> None:
        """symlink(2)."""
        with self.core:
            names.symlink(self.core, target, path)

    def link(self, old: bytes, new: bytes, *, follow: bool = False) -> None:
        """link(2)."""
        with self.core:
            names.link(self.core, old, new, follow)

    def unlink(self, path: bytes) -> None:
        """unlink(2)."""
        with self.core:
            names.unlink(self.core, path)

    def rmdir(self, path: bytes) -> None:
        """rmdir(2)."""
        with self.core:
            names.rmdir(self.core, path)

    def rename(self, old: bytes, new: bytes, mode: Mode = Mode.REPLACE) -> None:
        """renameat2(2). A directory with a lower part can't be renamed: EXDEV."""
        with self.core:
            renaming.rename(self.core, old, new, mode)

    # -- metadata --------------------------------------------------------------------------

    def chmod(self, path: bytes, mode: int) -> None:
        """chmod(2)."""
        with self.core:
            attributes.chmod(self.core, self.core.find(path), mode)

    def chown(self, path: bytes, uid: int, gid: int, *, follow: bool = False) -> None:
        """chown(2), lchown(2) by default; -1 leaves one as it is."""
        with self.core:
            attributes.chown(self.core, self.core.find(path, follow), uid, gid)

    def utime(self, path: bytes, atime_ns: int, mtime_ns: int, *, follow: bool = False) -> None:
        """utimensat(2): both times in nanoseconds since 1970."""
        with self.core:
            node = self.core.find(path, follow)
            attributes.utime(self.core, node, atime_ns, mtime_ns)

    def listxattr(self, path: bytes, *, follow: bool = False) -> list[str]:
        """listxattr(2) without the overlay's own."""
        with self.core:
            return attributes.list_xattrs(self.core, self.core.find(path, follow))

    def getxattr(self, path: bytes, name: str, *, follow: bool = False) -> bytes:
        """getxattr(2)."""
        with self.core:
            return attributes.get_xattr(self.core, self.core.find(path, follow), name)

    def setxattr(
        self, path: bytes, name: str, value: bytes, flags: int = 0, *, follow: bool = False
    ) -> None:
        """setxattr(2) with XATTR_CREATE and XATTR_REPLACE."""
        with self.core:
            node = self.core.find(path, follow)
            attributes.set_xattr(self.core, node, name, value, flags)

    def removexattr(self, path: bytes, name: str, *, follow: bool = False) -> None:
        """removexattr(2)."""
        with self.core:
            attributes.remove_xattr(self.core, self.core.find(path, follow), name)


def open_engine(lower: Lower, upper: Path, work: Path, form: Form | None = None) -> Engine:
    """Open a container: ``upper`` is its layer, ``work`` lies on the same file system.

    ``form`` defaults to the best that this process may write. Raises LayerBusy if another process
    has it open, OSError if a directory isn't there.
    """
    lock = LayerLock(work)
    try:
        return Engine(lower, Upper(upper, work, form or detect_form(work)), lock)
    except BaseException:
        lock.release()
        raise
