"""Linux's own file events of a directory and all below it (inotify(7)).

Read straight from the kernel they cost a twentieth of a notifier's thread, wake nobody while
nothing happens, may have any name, and tell when some were lost.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import time
from collections.abc import Iterator
from functools import cache

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_Q_OVERFLOW, _IGNORED, _IS_DIR = 0x4000, 0x8000, 0x40000000
_ONLY_DIR, _EXCL_UNLINK = 0x01000000, 0x04000000
_MASK = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_MASK |= _ONLY_DIR | _EXCL_UNLINK
_HEAD = struct.Struct("iIII")  # watch descriptor, mask, cookie, length of the name
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BUFFER = 1 << 16
_READS = 16  # of a buffer at once; the kernel keeps the rest
_SLICE = 0.005  # seconds of taking directories under watch at a stretch
_AGAIN = 1.0  # seconds after events were lost until all directories are gone through


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


class Inotify:
    """What changes below ``top``. Watches are set bit by bit, each before its directory is listed,
    so that a walk that begins when ``take`` has told of it misses nothing."""

    def __init__(self, top: str) -> None:
        """Raises OSError, ENOSPC where the kernel's limit is used up."""
        self._top = top
        self._fd = _checked(_libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._paths: dict[int, str] = {}
        self._left: dict[int, str] = {}
        self._pending = [""]
        self._relook = float("inf")
        try:
            self._go_on()
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """What can be read when there is something to take."""
        return self._fd

    @property
    def busy(self) -> bool:
        """Whether there are directories to be taken under watch."""
        return bool(self._pending) or time.monotonic() >= self._relook

    def take(self) -> set[str]:
        """Paths below the top where something changed; an empty one if it is not known where.
        Raises OSError if watches run out."""
        found: set[str] = set()
        changed: dict[int, set[bytes]] = {}
        for wd, mask, cookie, name in self._events():
            if mask & (_IS_DIR | _IGNORED | _Q_OVERFLOW):
                self._structure(wd, mask, cookie, name, found)
            if name:
                changed.setdefault(wd, set()).add(name)
        self._forget_left()
        for wd, names in changed.items():
            folder = self._paths.get(wd)
            if folder is not None:
                found.update(_joined(folder, name) for name in names)
        if time.monotonic() >= self._relook:
            self._relook = float("inf")
            self._pending.append("")
        if self._pending:
            self._go_on()
            if not self._pending:
                found.add("")
        return found

    def close(self) -> None:
        """Watch no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _events(self) -> Iterator[tuple[int, int, int, bytes]]:
        for _ in range(_READS):
            try:
                data = os.read(self._fd, _BUFFER)
            except BlockingIOError:
                return
            at, end = 0, len(data)
            while at < end:
                wd, mask, cookie, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size + length
                yield wd, mask, cookie, data[at - length : at].rstrip(b"\0")

    def _structure(self, wd: int, mask: int, cookie: int, name: bytes, found: set[str]) -> None:
        """Directories came or went, or events were lost."""
        if mask & _Q_OVERFLOW:
            found.add("")
            self._relook = min(self._relook, time.monotonic() + _AGAIN)
        elif mask & _IGNORED:
            self._paths.pop(wd, None)
        elif wd in self._paths and mask & (_CREATE | _MOVED_TO | _MOVED_FROM):
            path = _joined(self._paths[wd], name)
            if mask & _MOVED_FROM:
                self._left[cookie] = path
                return
            self._left.pop(cookie, None)  # its watches move with it, and get their new paths
            self._pending.append(path)
            self._go_on()

    def _forget_left(self) -> None:
        """Directories that were moved out of sight."""
        for path in self._left.values():
            below = path + "/"
            gone = [wd for wd, it in self._paths.items() if it == path or it.startswith(below)]
            for wd in gone:
                _libc().inotify_rm_watch(self._fd, wd)
                del self._paths[wd]
        self._left.clear()

    def _go_on(self) -> None:
        """Take directories under watch for some milliseconds."""
        until = time.perf_counter() + _SLICE
        while self._pending:
            self._watch(self._pending.pop())
            if time.perf_counter() > until:
                return

    def _watch(self, path: str) -> None:
        try:
            fd = os.open(os.path.join(self._top, path), _DIRECTORY)
        except OSError:  # gone, or not to be read: then nothing in it is ever looked at
            if path:
                return
            raise
        try:
            self._paths[self._add(fd)] = path
            with os.scandir(fd) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        self._pending.append(f"{path}/{entry.name}" if path else entry.name)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
        finally:
            os.close(fd)

    def _add(self, fd: int) -> int:
        place = b"/proc/self/fd/%d" % fd
        return _checked(_libc().inotify_add_watch(self._fd, place, ctypes.c_uint32(_MASK)))


def _joined(folder: str, name: bytes) -> str:
    text = os.fsdecode(name)
    return f"{folder}/{text}" if folder else text
