"""Puts a layer's entries into a directory of the host, whatever their names and links say.

The rules are those of the OCI image-spec (layer.md) as umoci applies them: in the order of the tar,
the last of a name wins, entries below symlinks go where the symlinks point inside the root, missing
parents are made, a directory keeps its own times when things are added to it. Beyond umoci: an
entry below what was a file in a lower layer takes its place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.filling import Filling
from layerscope.archive.folders import Folders
from layerscope.archive.nodes import Nodes
from layerscope.archive.paths import clean, follow, join
from layerscope.archive.read_tar import entry_at
from layerscope.archive.removal import remove
from layerscope.archive.scan import ScannedEntries
from layerscope.archive.tar_format import InvalidTar, told
from layerscope.errors import LayerscopeError
from layerscope.oci import whiteout

_DOTS = frozenset((b"", b".", b".."))
_AUFS = b".wh..wh."


class UnpackFailed(LayerscopeError):
    """The host did not take an entry: a full disk, a name too long, missing rights."""


class Below(Protocol):
    """The merged tree of the layers below, where it isn't in the directory itself."""

    def entry(self, path: bytes) -> Entry | None:
        """What stands at ``path`` (symlinks not followed; hard links as files), None: nothing."""

    def content(self, path: bytes) -> Iterator[bytes | memoryview]:
        """The content of the file at ``path``, holes as zeros."""


class Marks(Protocol):
    """What a layer's whiteouts and opaque markers do."""

    def whiteout(self, path: bytes) -> None:
        """``path``, its parents resolved, is deleted from the layers below."""

    def opaque(self, path: bytes) -> None:
        """The directory ``path`` hides what lower layers have in it."""

    def replaced(self, path: bytes) -> None:
        """What stood at ``path`` makes room for something else."""

    def made(self, path: bytes) -> None:
        """A directory was made at ``path``, where none was."""

    def finish(self) -> None:
        """The layer is at its end."""


class Placer:
    """Takes the entries of one layer (see read_tar) and makes them, below ``folders``' root."""

    def __init__(self, folders: Folders, nodes: Nodes, below: Below) -> None:
        self.folders = folders
        self.below = below
        self.marks: Marks
        self.placed: set[bytes] = {b""}
        """Paths that this layer has put there, with their parents."""
        self._at = b""
        self._nodes = nodes
        self._known: set[bytes] = {b""}
        self._pending: dict[bytes, Entry] = {}
        self._times: dict[bytes, int] = {}
        # Folders as written in the tar, and where they are: saves cleaning and following again.
        self._seen: dict[bytes, bytes] = {}
        self._file: Filling | None = None

    def take(self, found: ScannedEntries, row: int, content: memoryview, left: int) -> None:
        """Make the next entry. Raises InvalidTar and UnpackFailed."""
        self._at = found.names[row]
        try:
            if left or not self._make_quickly(found, row, content):
                self._take(entry_at(found, row), content, left)
        except OSError as error:
            raise self._failed(error) from error

    def more(self, content: memoryview, left: int) -> None:
        """Go on with the last entry's content. Raises UnpackFailed."""
        if self._file is None:
            return
        try:
            self._file.write(content)
            if not left:
                self._file.finish()
                self._file = None
        except OSError as error:
            raise self._failed(error) from error

    def _take(self, entry: Entry, content: memoryview, left: int) -> None:
        folder, _, name = clean(entry.path).rpartition(b"/")
        if name.startswith(whiteout.PREFIX):
            self._mark(folder, name)
        elif entry.kind is Kind.DIR:
            self._place_folder(folder, name, entry)
        elif name:
            self._seen[entry.path.rpartition(b"/")[0]] = self._place(
                folder, name, entry, content, left
            )
        else:
            raise InvalidTar("layer", "its root is not a directory")

    def _make_quickly(self, found: ScannedEntries, row: int, content: memoryview) -> bool:
        """Make a file of the common kind in a folder seen before; False: take the long way."""
        if found.kind[row] != Kind.FILE or row in found.xattrs or row in found.sparse:
            return False
        folder, _, name = found.names[row].rpartition(b"/")
        path = self._seen.get(folder)
        if path is None or name in _DOTS or name.startswith(whiteout.PREFIX):
            return False
        if not self._nodes.make_file(
            self.folders.fd(path),
            name,
            found.mode[row],
            (found.uid[row], found.gid[row]),
            found.mtime[row] * 1_000_000_000 + found.mtime_ns[row],
            content,
        ):
            return False
        self._placed(join(path, name))
        return True

    def _failed(self, error: OSError) -> UnpackFailed:
        why = error.strerror or str(error)
        return UnpackFailed("layer", f"{told(self._at)} cannot be made ({why})")

    def finish(self) -> None:
        """Give directories their modes, owners and times, now that nothing more goes into them.

        Raises UnpackFailed.
        """
        try:
            self.marks.finish()
            for path in sorted(self._pending.keys() | self._times.keys(), reverse=True):
                self._at = path
                self._finish_folder(path)
        except OSError as error:
            raise self._failed(error) from error

    def _finish_folder(self, path: bytes) -> None:
        fd = self.folders.fd(path)
        entry = self._pending.get(path)
        if entry is not None:
            self._nodes.finish(fd, entry)
        else:
            os.utime(fd, ns=(self._times[path], self._times[path]))

    def abandon(self) -> None:
        """Close what is open."""
        if self._file:
            self._file.abandon()

    # -- where things are --------------------------------------------------------------------

    def lstat(self, path: bytes) -> os.stat_result | None:
        """What the directory itself holds at ``path``."""
        folder, _, name = path.rpartition(b"/")
        try:
            return os.stat(name or b".", dir_fd=self.folders.fd(folder), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def resolve(self, folder: bytes) -> bytes:
        """``folder`` with symlinks followed, of this layer and of those below."""
        return folder if folder in self._known else follow(folder, self._target)

    def _target(self, path: bytes) -> bytes | None:
        if path in self._known:
            return None
        found = self.lstat(path)
        if found is None:
            below = self.below.entry(path)
            return below.link if below and below.kind is Kind.SYMLINK else None
        if not stat.S_ISLNK(found.st_mode):
            return None
        folder, _, name = path.rpartition(b"/")
        return os.readlink(name, dir_fd=self.folders.fd(folder))

    # -- directories ---------------------------------------------------------------------------

    def make_root(self) -> None:
        """The root is new: as the layers below have it, until the layer says otherwise."""
        self._pending[b""] = self.below.entry(b"") or Entry(b"", Kind.DIR, 0o755)

    def keep_times(self, folder: bytes) -> bool:
        """Whether a directory stands at ``folder``; if so its time outlives what is done in it."""
        if folder in self._pending or folder in self._times:
            return True
        found = self.lstat(folder)
        if found is None or not stat.S_ISDIR(found.st_mode):
            return False
        self._known.add(folder)
        self._times[folder] = found.st_mtime_ns
        return True

    def make_folder(self, path: bytes) -> None:
        """Make sure that ``path``, its parents resolved, is a directory here."""
        missing = []
        while path not in self._known:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        for folder in reversed(missing):
            self._make_implied(folder)

    def _make_implied(self, path: bytes) -> None:
        if self.keep_times(path):
            return
        if path in self.placed:
            raise InvalidTar("layer", f"{told(path)} is a file and has entries below it")
        below = self.below.entry(path)
        implied = below if below and below.kind is Kind.DIR else Entry(path, Kind.DIR, 0o755)
        self._make_folder(path, implied)

    def _make_folder(self, path: bytes, entry: Entry) -> None:
        folder, _, name = path.rpartition(b"/")
        try:
            os.mkdir(name, 0o700, dir_fd=self.folders.fd(folder))
        except FileExistsError:
            self.clobber(path)
            os.mkdir(name, 0o700, dir_fd=self.folders.fd(folder))
        self._known.add(path)
        self._pending[path] = entry
        self.marks.made(path)

    def _place_folder(self, folder: bytes, name: bytes, entry: Entry) -> None:
        folder = self.resolve(folder)
        self.make_folder(folder)
        path = join(folder, name)
        if not self.keep_times(path):
            self._make_folder(path, entry)
        elif path in self._times:
            self._nodes.clear_xattrs(self.folders.fd(path), entry)
        self._pending[path] = entry
        self._placed(path)

    # -- everything else -----------------------------------------------------------------------

    def _place(
        self, folder: bytes, name: bytes, entry: Entry, content: memoryview, left: int
    ) -> bytes:
        """Make what is no directory; the folder that it is in, symlinks followed."""
        folder = self.resolve(folder)
        self.make_folder(folder)
        path = join(folder, name)
        try:
            self._make(folder, name, entry, content, left)
        except FileExistsError:
            self.clobber(path)
            self._make(folder, name, entry, content, left)
        self._placed(path)
        return folder

    def _make(
        self, folder: bytes, name: bytes, entry: Entry, content: memoryview, left: int
    ) -> None:
        fd = self.folders.fd(folder)
        if entry.kind is Kind.HARDLINK:
            self._link(folder, name, entry)
        elif entry.kind is Kind.FILE:
            file = Filling(self._nodes.create(fd, name, entry), entry, self._nodes)
            self._file = file
            file.write(content)
            if not left:
                file.finish()
                self._file = None
        else:
            self._nodes.make(fd, name, entry)

    def _link(self, folder: bytes, name: bytes, entry: Entry) -> None:
        to_folder, _, to_name = clean(entry.link).rpartition(b"/")
        target = join(self.resolve(to_folder), to_name)
        found = self.lstat(target)
        if target == join(folder, name):
            raise _no_target(entry)
        if found is None:
            self._copy_from_below(folder, name, entry, target)
        elif is_whiteout(found) or stat.S_ISDIR(found.st_mode):
            raise _no_target(entry)
        else:
            self._link_here(target, folder, name)

    def _link_here(self, target: bytes, folder: bytes, name: bytes) -> None:
        to_folder, _, to_name = target.rpartition(b"/")
        # The first descriptor must outlive the opening of the second.
        source = os.dup(self.folders.fd(to_folder))
        try:
            os.link(
                to_name,
                name,
                src_dir_fd=source,
                dst_dir_fd=self.folders.fd(folder),
                follow_symlinks=False,
            )
        finally:
            os.close(source)

    def _copy_from_below(self, folder: bytes, name: bytes, entry: Entry, target: bytes) -> None:
        below = self.below.entry(target)
        if below is None or below.kind is Kind.DIR:
            raise _no_target(entry)
        fd = self.folders.fd(folder)
        if below.kind is not Kind.FILE:
            self._nodes.make(fd, name, below)
            return
        # Its content comes whole, holes and all.
        below = replace(below, sparse=None)
        file = Filling(self._nodes.create(fd, name, below), below, self._nodes)
        self._file = file
        for chunk in self.below.content(target):
            file.write(memoryview(chunk))
        file.finish()
        self._file = None

    def _placed(self, path: bytes) -> None:
        while path not in self.placed:
            self.placed.add(path)
            path = path.rpartition(b"/")[0]

    def clobber(self, path: bytes) -> None:
        """Remove what stands at ``path`` for something else to take its place."""
        self.remove(path)
        self.marks.replaced(path)

    def remove(self, path: bytes) -> None:
        """Remove what stands at ``path`` and all below it."""
        self._seen.clear()
        folder, _, name = path.rpartition(b"/")
        self.folders.forget(path)
        remove(self.folders.fd(folder), name, path, self._forget)

    def _forget(self, path: bytes) -> None:
        self.placed.discard(path)
        if path in self._known:
            self._known.discard(path)
            self._pending.pop(path, None)
            self._times.pop(path, None)

    def _mark(self, folder: bytes, name: bytes) -> None:
        hidden = name[len(whiteout.PREFIX) :]
        if name == whiteout.OPAQUE:
            self.marks.opaque(self.resolve(folder))
        elif name.startswith(_AUFS):
            return
        elif hidden in _DOTS:
            raise InvalidTar("layer", f"{told(join(folder, name))} is a whiteout of nothing")
        else:
            self.marks.whiteout(join(self.resolve(folder), hidden))


def is_whiteout(found: os.stat_result) -> bool:
    """Whether this is the kernel's whiteout, a character device 0:0."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _no_target(entry: Entry) -> InvalidTar:
    why = f"{told(entry.path)} is a hard link to {told(entry.link)}, which is not there"
    return InvalidTar("layer", why)
