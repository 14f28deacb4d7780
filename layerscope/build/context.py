"""The context of a build: a folder of the host, without what its ignore file leaves out.

The walk never leaves the folder: symlinks are symlinks, and where COPY names one it is followed
as if the context were the root of all files, as Docker does.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.paths import follow
from layerscope.archive.tar_format import InvalidTar
from layerscope.build.ignore import Ignore
from layerscope.build.tree import Source
from layerscope.errors import LayerscopeError

_CHUNK = 1 << 20
_SECOND = 1_000_000_000
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIR,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFIFO: Kind.FIFO,
}
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UnreadableContext(LayerscopeError):
    """The context, or something in it, cannot be read."""


class Context:
    """The files of a folder; looked at once, when the first is asked for."""

    def __init__(self, root: Path, ignore: Ignore) -> None:
        self._root = root
        self._ignore = ignore
        self._found: dict[bytes, Entry] | None = None
        self._inodes: dict[bytes, tuple[int, int]] = {}
        self._keys: list[bytes] = []

    def paths(self) -> Iterator[bytes]:
        """Every path, in tree order. Raises UnreadableContext."""
        entries = self._entries()
        return (key.replace(b"\0", b"/") for key in self._keys if entries)

    def below(self, path: bytes) -> Iterator[Source]:
        """What stands there, and all below. Raises FileNotFoundError, UnreadableContext."""
        entries = self._entries()
        top = self._followed(path)
        yield self._source(top, b"")
        if top and entries[top].kind is not Kind.DIR:
            return
        prefix = top.replace(b"/", b"\0") + b"\0" if top else b""
        for key in self._keys[bisect_left(self._keys, prefix) :]:
            if not key.startswith(prefix):
                return
            place = key.replace(b"\0", b"/")
            yield self._source(place, place[len(prefix) :])

    def _source(self, place: bytes, path: bytes) -> Source:
        from dataclasses import replace

        entry = self._entries()[place] if place else Entry(b"", Kind.DIR, 0o755)
        content = partial(self._content, place)
        return Source(place, replace(entry, path=path), content, self._inodes.get(place))

    def _followed(self, path: bytes) -> bytes:
        """Where ``path`` is once every symlink on the way is followed, never out of the root."""
        entries = self._entries()

        def target(here: bytes) -> bytes | None:
            if here not in entries:
                raise FileNotFoundError(2, "no such file", os.fsdecode(path))
            return entries[here].link if entries[here].kind is Kind.SYMLINK else None

        try:
            return follow(path, target)
        except InvalidTar:
            raise FileNotFoundError(2, "too many symlinks", os.fsdecode(path)) from None

    def _entries(self) -> dict[bytes, Entry]:
        if self._found is None:
            found: dict[bytes, Entry] = {}
            with _told(self._root, b""):
                self._walk(b"", found)
            self._found = found
            self._keys = sorted(path.replace(b"/", b"\0") for path in found)
        return self._found

    def _walk(self, start: bytes, found: dict[bytes, Entry]) -> None:
        todo = [start]
        while todo:
            folder = todo.pop()
            with _told(self._root, folder), os.scandir(self._host(folder)) as entries:
                for one in entries:
                    path = folder + b"/" + one.name if folder else one.name
                    if self._look(path, one, found):
                        todo.append(path)

    def _look(self, path: bytes, one: os.DirEntry[bytes], found: dict[bytes, Entry]) -> bool:
        """Keep what is to be kept; whether to look below."""
        about = one.stat(follow_symlinks=False)
        kind = _KINDS.get(stat.S_IFMT(about.st_mode))
        if kind is None:
            return False
        if self._ignore and self._ignore.leaves_out(path):
            return kind is Kind.DIR and self._ignore.may_keep_below(path)
        parent = path.rpartition(b"/")[0]
        while parent and parent not in found:
            found[parent] = Entry(parent, Kind.DIR, 0o755)
            parent = parent.rpartition(b"/")[0]
        if about.st_nlink > 1 and kind is not Kind.DIR:
            self._inodes[path] = (about.st_dev, about.st_ino)
        link = os.readlink(one.path) if kind is Kind.SYMLINK else b""
        found[path] = Entry(
            path,
            kind,
            mode=stat.S_IMODE(about.st_mode),
            size=about.st_size if kind is Kind.FILE else 0,
            mtime=about.st_mtime_ns // _SECOND,
            mtime_ns=about.st_mtime_ns % _SECOND,
            link=link,
        )
        return kind is Kind.DIR

    def _host(self, path: bytes) -> bytes:
        return os.path.join(os.fsencode(self._root), path)

    def _content(self, path: bytes) -> Iterator[bytes]:
        with _told(self._root, path):
            fd = os.open(self._host(path), _FLAGS)
            try:
                while data := os.read(fd, _CHUNK):
                    yield data
            finally:
                os.close(fd)


class _told:  # noqa: N801 - reads like a function where it is used
    """An OSError of the context says which file it was."""

    def __init__(self, root: Path, path: bytes) -> None:
        self._what = str(root / os.fsdecode(path))

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise UnreadableContext(self._what, error.strerror or str(error)) from error


def ignore_of(root: Path, dockerfile: Path | None) -> Ignore:
    """The ignore file of a context: ``DOCKERFILE.dockerignore`` if there is one, else its own.

    Raises BadPattern, UnreadableContext.
    """
    places = [root / ".dockerignore"]
    if dockerfile is not None:
        places.insert(0, dockerfile.with_name(f"{dockerfile.name}.dockerignore"))
    for place in places:
        try:
            text = place.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UnreadableContext(str(place), error.strerror or str(error)) from error
        return Ignore(text, str(place))
    return Ignore()
