"""An archive of an image as a set of named stretches of one file; nothing is unpacked."""

from __future__ import annotations

import posixpath
from pathlib import Path

from layerscope.archive.blob import FileRange
from layerscope.oci.document import MAX_BYTES
from layerscope.sources.image import NotAnImage
from layerscope.sources.outer_tar import Member, MemberKind, walk_members

MAX_MEMBERS = 200_000
_MAX_LINKS = 40


class TooManyMembers(NotAnImage):
    """An archive has more members than an image's ever has."""


class Members:
    """Where the members of a tar lie, by clean name; links among them are followed.

    Raises BadArchive, TooManyMembers past ``limit``, OSError. Of members with one name the last
    counts. No name leads anywhere but to a member.
    """

    def __init__(self, what: str, path: Path, limit: int = MAX_MEMBERS) -> None:
        self.what = what
        self._path = path
        self._files: dict[str, FileRange] = {}
        self._links: dict[str, str] = {}
        for number, member in enumerate(walk_members(path)):
            if number >= limit:
                raise TooManyMembers(what, f"it has more than {limit} members")
            self._add(member)

    def _add(self, member: Member) -> None:
        name = _clean(member.name)
        self._files.pop(name, None)
        self._links.pop(name, None)
        if member.kind is MemberKind.FILE:
            self._files[name] = FileRange(self._path, member.offset, member.size)
        elif member.kind is MemberKind.SYMLINK:
            self._links[name] = _clean(posixpath.join(posixpath.dirname(name), member.link))
        elif member.kind is MemberKind.HARDLINK:
            self._links[name] = _clean(member.link)

    def find(self, name: str) -> FileRange | None:
        """Where a member lies, None if there is none. Raises NotAnImage for a circle of links."""
        name = _clean(name)
        for _ in range(_MAX_LINKS):
            if name in self._files:
                return self._files[name]
            if name not in self._links:
                return None
            name = self._links[name]
        raise NotAnImage(self.what, f"{name[-200:]!r} is a link in a circle")

    def need(self, name: str) -> FileRange:
        """Where a member lies. Raises NotAnImage if there is none."""
        found = self.find(name)
        if found is None:
            raise NotAnImage(self.what, f"{name[-200:]!r} is missing")
        return found

    def read(self, name: str) -> bytes:
        """The bytes of a document. Raises NotAnImage if it is missing or too large, OSError."""
        found = self.need(name)
        if found.size > MAX_BYTES:
            raise NotAnImage(self.what, f"{name[-200:]!r} is larger than {MAX_BYTES} bytes")
        with found.open() as reader:
            return reader.read()


def _clean(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")
