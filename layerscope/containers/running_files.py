"""The files of a running container, as its processes see them: through the root that they have.

Every call takes the descriptor of a folder that was looked up in that root and one name, and never
follows a symlink: whatever the processes do meanwhile, nothing outside is touched.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO

from layerscope.containers.record import Container
from layerscope.containers.runtime.inside import opened
from layerscope.containers.runtime.namespaces import hold
from layerscope.cow.stat import Stat
from layerscope.cow.upper import pinned


@contextmanager
def running_files(container: Container) -> Iterator[RunningFiles]:
    """Those of a container with processes. Raises CannotRun where none have files of their own,
    OSError if they are gone or another user's."""
    assert container.life is not None
    for namespace in hold(container.life.pid).values():
        os.close(namespace)
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    root = os.open(f"/proc/{container.life.pid}/root", flags)
    try:
        yield RunningFiles(root)
    finally:
        os.close(root)


class RunningFiles:
    """What an engine does, by the same names, as far as files are copied in. Raises OSError."""

    def __init__(self, root: int) -> None:
        self._root = root

    @contextmanager
    def _place(self, path: bytes) -> Iterator[tuple[int, bytes]]:
        folder, _, name = path.rstrip(b"/").rpartition(b"/")
        with opened(self._root, folder) as fd:
            yield fd, name or b"."

    def stat(self, path: bytes, *, follow: bool = False) -> Stat:
        """stat(2), lstat(2) by default."""
        if follow:
            with opened(self._root, path) as fd:
                return Stat.of(os.fstat(fd))
        with self._place(path) as (folder, name):
            return Stat.of(os.stat(name, dir_fd=folder, follow_symlinks=False))

    def readlink(self, path: bytes) -> bytes:
        """A symlink's target."""
        with self._place(path) as (folder, name):
            return os.readlink(name, dir_fd=folder)

    def open(self, path: bytes, flags: int, mode: int) -> FileIO:
        """open(2), to write."""
        with self._place(path) as (folder, name):
            flags |= os.O_NOFOLLOW | os.O_CLOEXEC
            return open(os.open(name, flags, mode, dir_fd=folder), "wb", buffering=0)

    def mkdir(self, path: bytes, mode: int) -> None:
        """mkdir(2)."""
        with self._place(path) as (folder, name):
            os.mkdir(name, mode, dir_fd=folder)

    def mknod(self, path: bytes, mode: int, device: int) -> None:
        """mknod(2)."""
        with self._place(path) as (folder, name):
            os.mknod(name, mode, device, dir_fd=folder)

    def symlink(self, target: bytes, path: bytes) -> None:
        """symlink(2)."""
        with self._place(path) as (folder, name):
            os.symlink(target, name, dir_fd=folder)

    def link(self, old: bytes, new: bytes) -> None:
        """link(2)."""
        with self._place(old) as (source, name), self._place(new) as (folder, new_name):
            os.link(name, new_name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)

    def unlink(self, path: bytes) -> None:
        """unlink(2). From outside, the kernel would let a mount point go with its name."""
        with self._place(path) as (folder, name):
            held = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                if _mount_of(held) != _mount_of(folder):
                    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            finally:
                os.close(held)
            os.unlink(name, dir_fd=folder)

    def chown(self, path: bytes, uid: int, gid: int) -> None:
        """lchown(2); in a container of an ordinary user everything is that one's."""
        if os.geteuid() == 0:
            with self._place(path) as (folder, name):
                os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)

    def chmod(self, path: bytes, mode: int) -> None:
        """chmod(2) of what is no symlink."""
        with self._place(path) as (folder, name), pinned(folder, name) as held:
            os.chmod(held, mode)

    def utime(self, path: bytes, atime_ns: int, mtime_ns: int) -> None:
        """utimensat(2), of a symlink itself."""
        with self._place(path) as (folder, name):
            os.utime(name, ns=(atime_ns, mtime_ns), dir_fd=folder, follow_symlinks=False)


def _mount_of(fd: int) -> bytes:
    """What tells the mount that an open file is in (proc(5), fdinfo)."""
    with open(f"/proc/self/fdinfo/{fd}", "rb") as about:
        return next(line for line in about if line.startswith(b"mnt_id:"))
