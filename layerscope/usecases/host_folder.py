"""Entries put into a folder of the host, where a person's own things may stand already.

As ``docker cp`` does it: a folder merges with a folder, anything else takes the place of a file or
symlink. Nothing else makes room, and no symlink is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.filling import Filling
from layerscope.archive.folders import Folders
from layerscope.archive.nodes import Nodes
from layerscope.errors import LayerscopeError
from layerscope.store.disk import temporary_name

_REPLACED = frozenset((stat.S_IFREG, stat.S_IFLNK))
_FORMATS = {Kind.FIFO: stat.S_IFIFO, Kind.CHAR: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}


class CannotCopy(LayerscopeError):
    """Source and destination don't go together, or the host doesn't take what is copied."""


class HostFolder:
    """The folder ``root``, which is there; ``bytes`` counts the content that was put into it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders = Folders(root)
        self._nodes = Nodes(None)
        self._dressed: list[Entry] = []
        self.bytes = 0

    def __enter__(self) -> HostFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._folders.close()

    def put(self, entry: Entry, content: Iterator[bytes]) -> None:
        """Make ``entry`` at its path, whose parents are there; it appears when it is whole.

        Raises CannotCopy, and what ``content`` raises.
        """
        place = self._root / os.fsdecode(entry.path)
        folder, _, name = entry.path.rpartition(b"/")
        if entry.kind is not Kind.DIR:
            self._put_in(folder, os.fsdecode(name), entry, content, place)
            return
        with told(place):
            if name:
                self._make_folder(folder, name, place)
            self._dressed.append(entry)

    def finish(self) -> None:
        """Give the folders their modes and times, now that nothing more goes into them.

        Raises CannotCopy.
        """
        for entry in reversed(self._dressed):
            with told(self._root / os.fsdecode(entry.path)):
                self._nodes.finish(self._folders.fd(entry.path), entry)

    def _make_folder(self, folder: bytes, name: bytes, place: Path) -> None:
        fd = self._folders.fd(folder)
        try:
            os.mkdir(name, 0o700, dir_fd=fd)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                raise CannotCopy(str(place), "a folder can't take the place of a file") from None

    def _put_in(
        self, folder: bytes, name: str, entry: Entry, content: Iterator[bytes], place: Path
    ) -> None:
        temporary = temporary_name(name)
        with told(place):
            self._check_room(folder, name, entry, place)
        try:
            if entry.kind is Kind.FILE:
                self._fill(folder, temporary, entry, content, place)
            else:
                with told(place):
                    self._make(folder, temporary, entry)
            with told(place):
                fd = self._folders.fd(folder)
                os.rename(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
        finally:
            with suppress(OSError):  # it has its name already, or two names of one file met
                os.unlink(temporary, dir_fd=self._folders.fd(folder))

    def _check_room(self, folder: bytes, name: str, entry: Entry, place: Path) -> None:
        try:
            found = os.stat(name, dir_fd=self._folders.fd(folder), follow_symlinks=False)
        except FileNotFoundError:
            return
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFDIR:
            raise CannotCopy(str(place), "a file can't take the place of a folder")
        if kind not in _REPLACED and kind != _FORMATS.get(entry.kind):
            raise CannotCopy(str(place), "it is neither a file nor a folder, and stays")

    def _fill(
        self, folder: bytes, name: str, entry: Entry, content: Iterator[bytes], place: Path
    ) -> None:
        with told(place):
            fd = self._nodes.create(self._folders.fd(folder), os.fsencode(name), entry)
        file = Filling(fd, entry, self._nodes)
        try:
            for chunk in content:
                with told(place):
                    file.write(memoryview(chunk))
                self.bytes += len(chunk)
            with told(place):
                file.finish()
        finally:
            file.abandon()

    def _make(self, folder: bytes, name: str, entry: Entry) -> None:
        if entry.kind is not Kind.HARDLINK:
            self._nodes.make(self._folders.fd(folder), os.fsencode(name), entry)
            return
        to_folder, _, to_name = entry.link.rpartition(b"/")
        source = os.dup(self._folders.fd(to_folder))  # it must outlive the opening of the other
        try:
            os.link(
                to_name,
                os.fsencode(name),
                src_dir_fd=source,
                dst_dir_fd=self._folders.fd(folder),
                follow_symlinks=False,
            )
        finally:
            os.close(source)


@contextmanager
def told(place: Path) -> Iterator[None]:
    """Turns an OSError within into a CannotCopy about ``place``; a reader who has left is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotCopy(str(place), (error.strerror or str(error)).lower()) from error
