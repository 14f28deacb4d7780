"""An open file of the union. It lives on through copy-up, unlink and rename."""

from __future__ import annotations

import errno
import os
import stat
from types import TracebackType
from typing import Self

from layerscope.cow import attributes
from layerscope.cow.copy_up import copy_up
from layerscope.cow.core import Core, fail
from layerscope.cow.events import Did
from layerscope.cow.lower import LowerFile
from layerscope.cow.node import Node
from layerscope.cow.stat import Stat

Data = bytes | bytearray | memoryview

# What is kept when the file behind a handle is opened: the rest was dealt with before.
_KEPT = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_SYNC | os.O_DSYNC | os.O_NOATIME
# What a fifo holds at most, unless somebody made it bigger.
_PIPE = 65536
_PLACES = {os.SEEK_DATA, os.SEEK_HOLE}


class Handle:
    """Made by the engine's ``open``; a context manager. Errors are OSErrors as the kernel's.

    As in the kernel, one that was opened for reading before the copy-up shows the copy after it.
    """

    def __init__(self, core: Core, node: Node, flags: int) -> None:
        self._core = core
        self._node = node
        self._flags = flags
        self._fd = -1
        self._file: LowerFile | None = None
        self._size: list[int] | None = None
        self._inode = 0
        self._position = 0
        self._closed = False
        access = flags & os.O_ACCMODE
        bare = bool(flags & os.O_PATH)
        self.readable = access != os.O_WRONLY and not bare
        self.writable = access != os.O_RDONLY and not bare
        # Stands in for a name that is gone, where there is no descriptor of the file itself.
        self._pin = -1
        node.opens += 1
        if bare or node.fmt != stat.S_IFREG:
            node.handles.append(self)

    # -- made by the engine ----------------------------------------------------------------

    def attach(self, fd: int) -> None:
        """Take the descriptor of a file of the writable layer."""
        self._fd = fd
        if self.writable and self._node.fmt == stat.S_IFREG:
            found = os.fstat(fd)
            self._inode = found.st_ino
            record = self._core.sizes.setdefault(self._inode, [found.st_size, 0])
            record[1] += 1
            self._size = record

    def attach_lower(self, file: LowerFile) -> None:
        """Read a lower file for as long as there is no copy of it."""
        self._file = file
        self._node.handles.append(self)

    def switch(self) -> None:
        """The file was copied up: go on with the copy."""
        if self._file is None:
            return
        assert self._node.parent is not None
        flags = self._flags & _KEPT & ~os.O_ACCMODE
        into = self._core.fd(self._node.parent)
        fd = os.open(self._node.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=into)
        self._drop_lower()
        self.attach(fd)

    def hold(self, directory: int, name: bytes) -> None:
        """The name is about to go from the writable layer: keep what it names."""
        if self._pin < 0:
            flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
            self._pin = os.open(name, flags, dir_fd=directory)

    def _drop_lower(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._node.handles.remove(self)

    # -- reading ---------------------------------------------------------------------------

    def pread(self, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; empty at the end."""
        self._want_seekable()
        self._want(self.readable)
        if self._node.fmt == stat.S_IFDIR:
            raise fail(errno.EISDIR)
        if offset < 0 or size < 0:
            raise fail(errno.EINVAL)
        with self._core.lock:
            if self._file is not None:
                return self._file.pread(size, offset)
            return os.pread(self._fd, size, offset)

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, or all that is left."""
        if self._node.fmt not in (stat.S_IFREG, stat.S_IFDIR):
            self._want(self.readable)
            return os.read(self._fd, _PIPE if size < 0 else size)
        if size < 0:
            size = max(0, self.stat().size - self._position)
        parts: list[bytes] = []
        while size > 0:
            data = self.pread(min(size, 1 << 24), self._position)
            if not data:
                break
            parts.append(data)
            self._position += len(data)
            size -= len(data)
        if not parts:
            self._want(self.readable)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position as lseek(2) does, SEEK_DATA and SEEK_HOLE too; returns it."""
        self._want(not self._flags & os.O_PATH)
        if whence in _PLACES and self._host() >= 0:
            self._position = os.lseek(self._host(), offset, whence)
            return self._position
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        if whence == os.SEEK_END:
            base = self.stat().size
        if base is None or base + offset < 0:
            raise fail(errno.EINVAL)
        self._position = base + offset
        return self._position

    def stat(self) -> Stat:
        """The metadata of the file, whatever happened to its name."""
        self._want(True)
        with self._core.lock:
            if self._through_descriptor():
                return self._core.upper.stat_open(self._host_of_upper())
            return self._core.stat(self._node)

    def names(self) -> dict[bytes, int]:
        """The children of a directory and their types."""
        self._want(True)
        if self._node.fmt != stat.S_IFDIR:
            raise fail(errno.ENOTDIR)
        with self._core:
            return {} if self._node.gone else self._core.names(self._node)

    # -- writing ---------------------------------------------------------------------------

    def pwrite(self, data: Data, offset: int) -> int:
        """Write at ``offset`` (at the end if it was opened to append); bytes written."""
        self._want_seekable()
        if offset < 0:
            raise fail(errno.EINVAL)
        with self._core.lock:
            return self._put(data, offset)

    def write(self, data: Data) -> int:
        """Write at the position and move it; bytes written."""
        with self._core.lock:
            done = self._put(data, self._position)
            if done and self._flags & os.O_APPEND and self._size is not None:
                self._position = self._size[0]
            else:
                self._position += done
            return done

    def _put(self, data: Data, offset: int) -> int:
        self._want(self.writable)
        size = self._size
        if size is None:
            return os.write(self._fd, data)
        done = os.pwrite(self._fd, data, offset)
        end = (size[0] if self._flags & os.O_APPEND else offset) + done
        if end > size[0] and done:
            self._resized(end)
        return done

    def truncate(self, size: int) -> None:
        """ftruncate(2)."""
        with self._core.lock:
            self._want_file()
            os.ftruncate(self._fd, size)
            self._resized(size)

    def fallocate(self, mode: int, offset: int, size: int) -> None:
        """fallocate(2) with its flags."""
        from layerscope.cow.syscalls import fallocate

        with self._core.lock:
            self._want(self.writable)
            fallocate(self._fd, mode, offset, size)
            self._resized(os.fstat(self._fd).st_size)

    def _resized(self, size: int) -> None:
        record = self._size
        if record is None or size == record[0]:
            return
        delta, record[0] = size - record[0], size
        core = self._core
        if self._node.weight >= 0:
            self._node.weight = size
        # What has no name any more is in no size.
        if core.watched and not (self._node.gone and os.fstat(self._fd).st_nlink == 0):
            core.tell(Did.RESIZED, self._node, delta)

    def fsync(self) -> None:
        """Everything written is on the disk when this returns."""
        self._want(not self._flags & os.O_PATH)
        if self._fd >= 0:
            os.fsync(self._fd)
        elif self._node.upper and self._node.fmt == stat.S_IFDIR and not self._node.gone:
            with self._core.lock:
                fd = os.open(".", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._core.fd(self._node))
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    # -- metadata --------------------------------------------------------------------------

    def chmod(self, perm: int) -> None:
        """fchmod(2): copies up."""
        with self._core:
            if self._changing():
                attributes.chmod_open(self._core, self._node, self._host_of_upper(), perm)
            else:
                attributes.chmod(self._core, self._node, perm)

    def chown(self, uid: int, gid: int) -> None:
        """fchown(2): copies up; -1 leaves one as it is."""
        with self._core:
            if self._changing():
                attributes.chown_open(self._core, self._node, self._host_of_upper(), uid, gid)
            else:
                attributes.chown(self._core, self._node, uid, gid)

    def utime(self, atime_ns: int, mtime_ns: int) -> None:
        """futimens(2): copies up."""
        with self._core:
            if self._changing():
                path = b"/proc/self/fd/%d" % self._host_of_upper()
                os.utime(path, ns=(atime_ns, mtime_ns))
            else:
                attributes.utime(self._core, self._node, atime_ns, mtime_ns)

    def _changing(self) -> bool:
        """Copy up before a change; whether it then goes through the descriptor."""
        self._want(not self._flags & os.O_PATH)
        copy_up(self._core, self._node)
        return self._through_descriptor()

    def _through_descriptor(self) -> bool:
        return self._pin >= 0 or (self._fd >= 0 and self._node.fmt == stat.S_IFREG)

    def _host_of_upper(self) -> int:
        return self._pin if self._pin >= 0 else self._fd

    # -- the end ---------------------------------------------------------------------------

    def fileno(self) -> int:
        """A descriptor to read from, -1 if the file lies in a blob."""
        self._want(True)
        return self._host()

    def close(self) -> None:
        """Let go of the file. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        with self._core.lock:
            self._drop_lower()
            if self in self._node.handles:
                self._node.handles.remove(self)
            self._node.opens -= 1
            if self._size is not None:
                self._size[1] -= 1
                if not self._size[1]:
                    self._core.sizes.pop(self._inode, None)
            for fd in (self._fd, self._pin):
                if fd >= 0:
                    os.close(fd)
            self._fd = self._pin = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _host(self) -> int:
        if self._file is not None:
            number = self._file.fileno()
            return -1 if number is None else number
        return self._fd

    def _want(self, allowed: bool) -> None:
        if self._closed or not allowed:
            raise fail(errno.EBADF)

    def _want_seekable(self) -> None:
        self._want(not self._flags & os.O_PATH)
        if self._node.fmt == stat.S_IFIFO:
            raise fail(errno.ESPIPE)

    def _want_file(self) -> None:
        self._want(not self._flags & os.O_PATH)
        if not self.writable or self._node.fmt != stat.S_IFREG:
            raise fail(errno.EINVAL)
