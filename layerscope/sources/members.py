"""An archive of an image as a set of named stretches of one file; nothing is unpacked."""

from __future__ import annotations

import posixpath
import tarfile
from pathlib import Path

from layerscope.archive.blob import FileRange
from layerscope.oci.document import MAX_BYTES
from layerscope.sources.image import NotAnImage

_MAX_MEMBERS = 200_000
_MAX_LINKS = 40


class Members:
    """Where the members of a tar lie, by clean name; links among them are followed."""

    def __init__(self, what: str, path: Path) -> None:
        self.what = what
        self._ranges: dict[str, FileRange] = {}
        self._links: dict[str, str] = {}
        try:
            with tarfile.open(path, "r:") as archive:
                self._walk(path, archive)
        except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
            raise NotAnImage(what, f"its tar is damaged ({error})"[:200]) from None

    def _walk(self, path: Path, archive: tarfile.TarFile) -> None:
        size = path.stat().st_size
        for number, member in enumerate(archive):
            if number > _MAX_MEMBERS:
                raise NotAnImage(self.what, f"it has more than {_MAX_MEMBERS} members")
            name = _clean(member.name)
            if member.issym() or member.islnk():
                folder = posixpath.dirname(name) if member.issym() else ""
                self._links[name] = _clean(posixpath.join(folder, member.linkname))
            elif member.isreg() and not member.issparse():
                if member.size < 0 or member.offset_data + member.size > size:
                    raise NotAnImage(self.what, f"it is cut off in {name!r}")
                self._ranges[name] = FileRange(path, member.offset_data, member.size)
            archive.members.clear()  # type: ignore[attr-defined]

    def find(self, name: str) -> FileRange | None:
        """Where a member lies, None if there is none. Raises NotAnImage for a cycle of links."""
        name = _clean(name)
        for _ in range(_MAX_LINKS):
            if name in self._ranges:
                return self._ranges[name]
            if name not in self._links:
                return None
            name = self._links[name]
        raise NotAnImage(self.what, f"{name!r} is a link in a circle")

    def need(self, name: str) -> FileRange:
        """Where a member lies. Raises NotAnImage if there is none."""
        found = self.find(name)
        if found is None:
            raise NotAnImage(self.what, f"{name!r} is missing")
        return found

    def read(self, name: str) -> bytes:
        """The bytes of a document. Raises NotAnImage if it is missing or too large, OSError."""
        found = self.need(name)
        if found.size > MAX_BYTES:
            raise NotAnImage(self.what, f"{name!r} is larger than {MAX_BYTES} bytes")
        with found.open() as reader:
            return reader.read()


def _clean(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")
