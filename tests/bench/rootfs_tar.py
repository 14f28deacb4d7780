"""A root file system in a tar, and layers cut out of it as a build's steps would leave them."""

from __future__ import annotations

import copy
import re
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Self

Change = Callable[[tarfile.TarInfo], None]


class RootfsTar:
    """The members of a tar by path, without `./`, and their bytes; no device nodes."""

    def __init__(self, file: Path) -> None:
        self._tar = tarfile.open(file)  # noqa: SIM115 - closed with this object
        self.members: dict[str, tarfile.TarInfo] = {}
        for info in self._tar:
            path = _plain(info.name)
            if path and not info.isdev():
                self.members[path] = info

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def matching(self, pattern: str) -> list[str]:
        """The paths whose start matches the regular expression ``pattern``."""
        match = re.compile(pattern).match
        return [path for path in self.members if match(path)]

    def differing(self, other: RootfsTar) -> list[str]:
        """The paths that ``other`` lacks, or has with another type, owner, mode, size or time."""
        known = other.members
        return [
            path
            for path, info in self.members.items()
            if path not in known or _facts(known[path]) != _facts(info)
        ]

    def content(self, path: str) -> IO[bytes] | None:
        """A file's bytes, of a hard link those of its target; None for what has none."""
        return self._tar.extractfile(self._inode(path))

    def member(self, path: str, links: set[str]) -> tarfile.TarInfo:
        """A copy of a member; a hard link to what is not in ``links`` becomes a file."""
        info = self.members[path]
        if info.islnk() and _plain(info.linkname) not in links:
            info = self._inode(path)
        info = copy.copy(info)
        info.name = path
        info.linkname = _plain(info.linkname) if info.islnk() else info.linkname
        info.pax_headers = {}
        return info

    def _inode(self, path: str) -> tarfile.TarInfo:
        info = self.members[path]
        return self.members[_plain(info.linkname)] if info.islnk() else info


def cut(
    rootfs: RootfsTar,
    paths: Iterable[str],
    out: Path,
    change: Change | None = None,
    moved: tuple[str, str] = ("", ""),
) -> None:
    """Write the entries at ``paths`` and their parents as a layer's tar.

    ``change`` alters each entry, not the parents; ``moved`` is a prefix of the paths and what
    stands in its place.
    """
    chosen = set(paths)
    parents = {str(parent) for path in chosen for parent in Path(path).parents} - {"."}
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(chosen | parents):
            info = rootfs.member(path, chosen)
            if path in chosen and change is not None:
                change(info)
            stream = rootfs.content(path) if info.isreg() else None
            info.name = _moved(info.name, moved)
            info.linkname = _moved(info.linkname, moved) if info.islnk() else info.linkname
            tar.addfile(info, stream)


def whiteouts(rootfs: RootfsTar, paths: Iterable[str], out: Path) -> None:
    """Write a layer that deletes ``paths``; only parents that ``rootfs`` has are written too."""
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        written: set[str] = set()
        for path in sorted(paths):
            parent, _, name = path.rpartition("/")
            if parent in rootfs.members and parent not in written:
                written.add(parent)
                tar.addfile(rootfs.member(parent, set()))
            tar.addfile(tarfile.TarInfo(f"{parent}/.wh.{name}"))


def _moved(path: str, moved: tuple[str, str]) -> str:
    before, after = moved
    return after + path.removeprefix(before) if before and path.startswith(before) else path


def _plain(name: str) -> str:
    return "" if name == "." else name.removeprefix("./").rstrip("/")


def _facts(info: tarfile.TarInfo) -> tuple[object, ...]:
    entry = (info.type, info.mode, info.uid, info.gid, info.linkname)
    return entry if info.isdir() else (*entry, info.size, info.mtime)
