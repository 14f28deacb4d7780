"""Entries put into a folder of a container, where others may stand already.

As ``docker cp`` does it: a folder merges with a folder, anything else takes the place of what is no
folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.paths import ancestors, join
from layerscope.cow.stat import Stat
from layerscope.usecases.host_folder import CannotCopy, told

_FORMATS = {Kind.FIFO: stat.S_IFIFO, Kind.CHAR: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Out(Protocol):
    """A file open for writing."""

    def write(self, data: bytes, /) -> int | None:
        """Write; how many bytes that were."""


class Files(Protocol):
    """A container's files: an engine's, or those of one that runs. Paths are absolute; symlinks on
    the way are the container's; every call raises OSError as the system call of its name."""

    def stat(self, path: bytes, *, follow: bool = False) -> Stat: ...
    def readlink(self, path: bytes) -> bytes: ...
    def open(self, path: bytes, flags: int, mode: int) -> AbstractContextManager[Out]: ...
    def mkdir(self, path: bytes, mode: int) -> None: ...
    def mknod(self, path: bytes, mode: int, device: int) -> None: ...
    def symlink(self, target: bytes, path: bytes) -> None: ...
    def link(self, old: bytes, new: bytes) -> None: ...
    def unlink(self, path: bytes) -> None: ...
    def chown(self, path: bytes, uid: int, gid: int) -> None: ...
    def chmod(self, path: bytes, mode: int) -> None: ...
    def utime(self, path: bytes, atime_ns: int, mtime_ns: int) -> None: ...


class ContainerFolder:
    """What is put below ``root``, which is there; all belongs to root, unless ``owners`` are kept.
    The containers of an ordinary user know no other owner.

    ``bytes`` counts the content that was put into it.
    """

    def __init__(self, files: Files, root: bytes, *, owners: bool) -> None:
        self._files = files
        self._root = root.strip(b"/")
        self._owners = owners and os.geteuid() == 0
        self._folders: list[tuple[bytes, Entry]] = []
        self._there: set[bytes] = set()
        self.bytes = 0

    def put(self, entry: Entry, content: Iterable[bytes]) -> None:
        """Make ``entry`` at its path, whose parents are there. Raises CannotCopy, and what
        ``content`` raises."""
        path = self._at(entry.path)
        with told(Path(os.fsdecode(path))):
            if entry.kind is Kind.DIR:
                self._make_folder(path)
                self._folders.append((path, entry))
            elif entry.kind is not Kind.SOCKET:  # one is nothing without who listens at it
                self._make_room(path)
                self._make(path, entry, content)

    def need_above(self, path: bytes) -> None:
        """Make the parents of a path that are missing. Raises CannotCopy."""
        for above in reversed([*ancestors(path)]):
            place = self._at(above)
            if above not in self._there:
                with told(Path(os.fsdecode(place))):
                    self._make_folder(place, 0o755)
                self._there.add(above)

    def finish(self) -> None:
        """Give folders their modes and times, now that nothing more goes into them. Raises
        CannotCopy."""
        for path, entry in reversed(self._folders):
            with told(Path(os.fsdecode(path))):
                self._dress(path, entry)

    def _at(self, path: bytes) -> bytes:
        return b"/" + join(self._root, path)

    def _make(self, path: bytes, entry: Entry, content: Iterable[bytes]) -> None:
        if entry.kind is Kind.HARDLINK:
            self._files.link(self._at(entry.link), path)
            return
        if entry.kind is Kind.SYMLINK:
            self._files.symlink(entry.link, path)
        elif entry.kind is Kind.FILE:
            self._fill(path, content)
        else:
            self._files.mknod(path, _FORMATS[entry.kind] | 0o600, os.makedev(*entry.device))
        self._dress(path, entry)

    def _fill(self, path: bytes, content: Iterable[bytes]) -> None:
        with self._files.open(path, _NEW, 0o600) as out:
            for chunk in content:
                done = 0
                while done < len(chunk):
                    done += out.write(chunk[done:]) or 0
                self.bytes += done

    def _make_folder(self, path: bytes, mode: int = 0o700) -> None:
        found = self._format(path)
        if found is None:
            self._files.mkdir(path, mode)
        elif found != stat.S_IFDIR:
            raise CannotCopy(os.fsdecode(path), "a folder can't take the place of a file")

    def _make_room(self, path: bytes) -> None:
        found = self._format(path)
        if found == stat.S_IFDIR:
            raise CannotCopy(os.fsdecode(path), "a file can't take the place of a folder")
        if found is not None:
            self._files.unlink(path)

    def _format(self, path: bytes) -> int | None:
        """The type bits of what stands at ``path``, a symlink not followed; None: nothing."""
        try:
            return self._files.stat(path).fmt
        except FileNotFoundError:
            return None

    def _dress(self, path: bytes, entry: Entry) -> None:
        owner = (entry.uid, entry.gid) if self._owners else (0, 0)
        self._files.chown(path, *owner)
        if entry.kind is not Kind.SYMLINK:
            self._files.chmod(path, entry.mode)
        when = entry.mtime * 10**9 + entry.mtime_ns
        self._files.utime(path, when, when)
