"""TARGETs: where an image comes from, in the containers tools' words (containers-transports(5))."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.blob import BrokenBlob
from layerscope.errors import LayerscopeError, UsageError
from layerscope.oci.platform import Platform
from layerscope.sources.image import Image, NotAnImage

if TYPE_CHECKING:
    from layerscope.sources.members import Members
    from layerscope.store.store import Store

_Open = Callable[[str, "Store", Platform], Image]


def open_target(text: str, store: Store, platform: Platform | None = None) -> Image:
    """The image that ``text`` names; only its documents are read.

    ``platform`` chooses from an image for several; this machine's if None. Raises LayerscopeError.
    """
    wanted = platform or Platform.host()
    transport, colon, rest = text.partition(":")
    open_as = _TRANSPORTS.get(transport) if colon else None
    try:
        if open_as is not None:
            return open_as(rest, store, wanted)
        if colon and transport in _ELSEWHERE:
            known = ", ".join(_TRANSPORTS)
            raise UsageError(text, f"{transport}: images are not read from; known are {known}")
        if Path(text).exists():
            return _recognised(Path(text), store, wanted)
        if _looks_like_path(text):
            raise LayerscopeError(text, "no such file or directory")
        return _stored(text, store, wanted)
    except OSError as error:
        raise LayerscopeError(text, error.strerror or str(error)) from error


def _docker_archive(rest: str, store: Store, platform: Platform) -> Image:
    from layerscope.sources.docker_archive import open_docker_archive

    path, name = _split(rest)
    return open_docker_archive(_members(path, store), name)


def _oci_archive(rest: str, store: Store, platform: Platform) -> Image:
    from layerscope.sources.oci_layout import open_layout

    path, name = _split(rest)
    return open_layout(_members(path, store), name, platform)


def _oci(rest: str, store: Store, platform: Platform) -> Image:
    from layerscope.sources.oci_layout import FolderFiles, open_layout

    path, name = _split(rest)
    return open_layout(FolderFiles(str(path), path), name, platform)


def _rootfs(rest: str, store: Store, platform: Platform) -> Image:
    from layerscope.sources.rootfs import open_rootfs

    return open_rootfs(rest, Path(rest))


def _stored(text: str, store: Store, platform: Platform) -> Image:
    from layerscope.sources.stored import open_stored

    return open_stored(store, store.resolve(text))


_TRANSPORTS: dict[str, _Open] = {
    "docker-archive": _docker_archive,
    "oci-archive": _oci_archive,
    "oci": _oci,
    "rootfs": _rootfs,
}


# Transports of the containers tools whose images have to be saved to a file first.
_ELSEWHERE = frozenset(("containers-storage", "docker", "docker-daemon"))


def _recognised(path: Path, store: Store, platform: Platform) -> Image:
    """A file or folder by what is in it."""
    from layerscope.sources.docker_archive import MANIFEST, open_docker_archive
    from layerscope.sources.oci_layout import INDEX, FolderFiles, open_layout
    from layerscope.sources.rootfs import open_rootfs

    what = str(path)
    if path.is_dir():
        if (path / INDEX).is_file() and (path / "oci-layout").is_file():
            return open_layout(FolderFiles(what, path), None, platform)
        return open_rootfs(what, path)
    if not path.is_file():
        raise NotAnImage(what, "it is neither a file nor a folder")
    members = _members(path, store)
    if members.find(MANIFEST):
        return open_docker_archive(members, None)
    if members.find(INDEX):
        return open_layout(members, None, platform)
    return open_rootfs(what, path)


def _members(path: Path, store: Store) -> Members:
    from layerscope.sources.members import Members
    from layerscope.sources.spool import inflated

    if path.is_dir():
        raise NotAnImage(str(path), "it is a folder, not an archive")
    try:
        return Members(str(path), inflated(path, store))
    except BrokenBlob as error:
        raise NotAnImage(str(path), error.why) from None


def _split(rest: str) -> tuple[Path, str | None]:
    """The path and the name behind it; a colon may belong to either."""
    if Path(rest).exists() or ":" not in rest:
        return Path(rest), None
    parts = rest.split(":")
    for count in range(1, len(parts)):
        path = Path(":".join(parts[:count]))
        if path.exists():
            return path, ":".join(parts[count:])
    return Path(rest), None


def _looks_like_path(text: str) -> bool:
    return text.startswith((".", "/", "~")) or text.endswith((".tar", ".gz", ".tgz", ".zst"))
