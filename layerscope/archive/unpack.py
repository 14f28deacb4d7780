"""Unpacks a layer into a directory that the kernel's overlayfs can take as a layer."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerscope.archive.blob import Readable
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.folders import Folders, host_path
from layerscope.archive.nodes import Nodes
from layerscope.archive.overlay import Form, Whiteouts
from layerscope.archive.placing import Below, Placer, is_whiteout
from layerscope.archive.read_tar import read_tar
from layerscope.archive.scan import ScanLimits


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What became of a layer.

    ``opaque_root``: it hides all layers below, which the kernel does not see from the directory.
    ``lost_xattrs``: how many attributes the host did not take.
    """

    entries: int
    opaque_root: bool
    lost_xattrs: int


def unpack_layer(
    stream: Readable,
    dest: Path,
    form: Form,
    below: Below | None = None,
    limits: ScanLimits | None = None,
) -> Unpacked:
    """Unpack the tar ``stream`` into ``dest``, an empty directory, in ``form``.

    ``below`` is the merged tree of the layers below: parents without an entry look as they do
    there, hard links into it become copies, its symlinks are followed, and a whiteout of what it
    lacks is left out. Without it, such parents are plain and such links an error. Raises
    InvalidTar, UnpackFailed and what ``stream`` raises; then ``dest`` holds rubbish.
    """
    nodes = Nodes(form)
    with Folders(dest) as folders:
        hidden = _Hidden(below)
        placer = Placer(folders, nodes, hidden)
        placer.marks = _OverlayMarks(placer, hidden, form)
        placer.make_root()
        try:
            entries = read_tar(stream, placer, limits)
            placer.finish()
        finally:
            placer.abandon()
    return Unpacked(entries, b"" in hidden.folders, nodes.lost_xattrs)


class _Hidden:
    """The layers below as far as this layer has not hidden them yet."""

    def __init__(self, below: Below | None) -> None:
        self._below = below
        self.names: set[bytes] = set()
        """Paths that are deleted or replaced."""
        self.folders: set[bytes] = set()
        """Directories whose content below is hidden."""

    def entry(self, path: bytes) -> Entry | None:
        """What stands at ``path`` below and shows."""
        if self._below is None or self.covers(path):
            return None
        return self._below.entry(path)

    def content(self, path: bytes) -> Iterator[bytes | memoryview]:
        """The content of a file that stands at ``path`` below."""
        return self._below.content(path) if self._below else iter(())

    def may_have(self, path: bytes) -> bool:
        """Whether something shows at ``path``, or might if nobody knows what is below."""
        if self._below is None:
            return not self.covers(path)
        return self.entry(path) is not None

    def may_have_folder(self, path: bytes) -> bool:
        """As may_have, for a directory."""
        if self._below is None:
            return not self.covers(path)
        found = self.entry(path)
        return found is not None and found.kind is Kind.DIR

    def covers(self, path: bytes) -> bool:
        """Whether nothing of the layers below shows at ``path``."""
        return path in self.names or self.covers_above(path)

    def covers_above(self, path: bytes) -> bool:
        """Whether a directory above ``path`` shows nothing of the layers below."""
        if not self.names and not self.folders:
            return False
        while path:
            path = path.rpartition(b"/")[0]
            if path in self.names or path in self.folders:
                return True
        return False


class _OverlayMarks:
    """Whiteouts and opaque markers as overlayfs has them: nodes and attributes in the layer."""

    def __init__(self, placer: Placer, hidden: _Hidden, form: Form) -> None:
        self._placer = placer
        self._hidden = hidden
        self._form = form
        self._opaque = form.namespace.value + "opaque"
        self._whiteout = form.namespace.value + "whiteout"
        self._made: list[bytes] = []

    def whiteout(self, path: bytes) -> None:
        """What the layer itself has at ``path`` stays; everything below it is hidden."""
        found = self._placer.lstat(path)
        if found is not None and path not in self._placer.placed:
            # Made only to hold whiteouts, or a whiteout: nothing of the layer's own.
            self._placer.remove(path)
            found = None
        folder, _, name = path.rpartition(b"/")
        if found is None and self._has_room(folder) and self._hidden.may_have(path):
            self._placer.make_folder(folder)
            self._make(folder, name)
            self._made.append(path)
        self._hidden.names.add(path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            self._hide_below(path)

    def opaque(self, path: bytes) -> None:
        """Only what the layer itself has in ``path`` shows."""
        found = self._placer.lstat(path)
        if found is None and self._has_room(path) and self._hidden.may_have_folder(path):
            self._placer.make_folder(path)
        elif found is None or not stat.S_ISDIR(found.st_mode):
            return
        self._hide_below(path)

    def replaced(self, path: bytes) -> None:
        """Something of the layer's own stood at ``path``, and hid what is below."""
        self._hidden.names.add(path)

    def made(self, path: bytes) -> None:
        """A directory where a whiteout or a file was does not merge with the layers below."""
        if path in self._hidden.names:
            self._hide_below(path)

    def finish(self) -> None:
        """Take out whiteouts that hide nothing: the kernel would show them."""
        for path in self._made:
            if self._hidden.covers_above(path) and self._is_whiteout(path):
                self._placer.remove(path)

    def _has_room(self, folder: bytes) -> bool:
        """False below what the layer itself made no directory: a marker there hides nothing."""
        while folder not in self._placer.placed:
            folder = folder.rpartition(b"/")[0]
        found = self._placer.lstat(folder)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def _hide_below(self, path: bytes) -> None:
        os.setxattr(self._placer.folders.fd(path), self._opaque, b"y")
        self._hidden.folders.add(path)

    def _make(self, folder: bytes, name: bytes) -> None:
        fd = self._placer.folders.fd(folder)
        if self._form.whiteouts is Whiteouts.DEVICE:
            os.mknod(name, stat.S_IFCHR, 0, dir_fd=fd)
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(name, flags, 0o600, dir_fd=fd)
        try:
            os.setxattr(file, self._whiteout, b"")
        finally:
            os.close(file)
        if folder not in self._hidden.folders:
            # Tells the kernel to look for such files here.
            os.setxattr(fd, self._opaque, b"x")

    def _is_whiteout(self, path: bytes) -> bool:
        found = self._placer.lstat(path)
        if found is None or self._form.whiteouts is Whiteouts.DEVICE:
            return found is not None and is_whiteout(found)
        folder, _, name = path.rpartition(b"/")
        place = host_path(self._placer.folders.fd(folder), name)
        return self._whiteout in os.listxattr(place, follow_symlinks=False)
