"""TARGETs: where an image comes from, in the containers tools' words (containers-transports(5)).

A bare word that is the name of an image in the store means that image, and ``./WORD`` the file; any
other path that exists is recognised by what is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.blob import BrokenBlob
from layerscope.errors import LayerscopeError, UsageError
from layerscope.oci.platform import Platform, choose
from layerscope.progress import Progress, Silent
from layerscope.sources.image import Image, NotAnImage
from layerscope.store.images import NoSuchImage

if TYPE_CHECKING:
    from layerscope.sources.members import Members
    from layerscope.store.store import Store

# A root file system can have millions of members, an image's documents come among few.
_LOOK_AT_MOST = 20_000


def open_target(
    text: str,
    store: Store,
    platform: Platform | None = None,
    progress: Progress | None = None,
) -> Image:
    """The image that ``text`` names; only its documents are read.

    ``platform`` chooses from an image for several, this machine's if None. ``progress`` hears of an
    archive that has to be inflated first. Raises LayerscopeError.
    """
    wanted = _Wanted(text, store, platform, progress or Silent())
    transport, colon, rest = text.partition(":")
    if transport == "docker" and not rest.startswith("//"):
        colon = ""  # an image of that name
    open_as = _TRANSPORTS.get(transport) if colon else None
    if colon and not rest and transport in _OF_FILES:
        raise UsageError(repr(text), "nothing stands behind the colon")
    try:
        if open_as is not None:
            image = open_as(replace(wanted, text=rest))
        elif colon and (transport in _ELSEWHERE or rest.startswith("//")):
            known = ", ".join(_TRANSPORTS)
            raise UsageError(text, f"images are not read from {transport}:, only from {known}")
        else:
            image = _bare(wanted)
    except OSError as error:
        raise LayerscopeError(text, (error.strerror or str(error)).lower()) from error
    except BrokenBlob as error:
        raise NotAnImage(text, f"it is damaged: {error.why}") from None
    if platform is not None:
        choose(platform, [image.config.platform], image.origin)
    return image


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What stands behind a transport, and how it is to be looked at."""

    text: str
    store: Store
    platform: Platform | None
    progress: Progress

    def split(self) -> tuple[Path, str | None]:
        """The path and the name behind it; a colon may belong to either."""
        parts = self.text.split(":")
        for count in range(len(parts), 0, -1):
            path = Path(":".join(parts[:count]))
            if path.exists():
                return path, ":".join(parts[count:]) or None
        return Path(parts[0]), ":".join(parts[1:]) or None

    def members(self, path: Path) -> Members:
        """The members of an archive, which may be compressed as a whole."""
        from layerscope.sources.members import Members
        from layerscope.sources.spool import inflated

        _check_file(path)
        return Members(str(path), inflated(path, self.store, self.progress))


def _docker_archive(wanted: _Wanted) -> Image:
    from layerscope.sources.docker_archive import open_docker_archive

    path, name = wanted.split()
    return open_docker_archive(wanted.members(path), name)


def _oci_archive(wanted: _Wanted) -> Image:
    from layerscope.sources.oci_layout import open_layout

    path, name = wanted.split()
    return open_layout(wanted.members(path), name, wanted.platform, "oci-archive")


def _oci(wanted: _Wanted) -> Image:
    from layerscope.sources.oci_layout import FolderFiles, open_layout

    path, name = wanted.split()
    return open_layout(FolderFiles(str(path), path), name, wanted.platform, "oci")


def _rootfs(wanted: _Wanted) -> Image:
    from layerscope.sources.rootfs import open_rootfs

    path = Path(wanted.text)
    if not path.is_dir():
        _check_file(path)
    return open_rootfs(wanted.text, path, wanted.store, wanted.platform)


def _docker_daemon(wanted: _Wanted) -> Image:
    from layerscope.sources.docker_daemon.image import open_docker_daemon

    return open_docker_daemon(wanted.text, wanted.store, wanted.progress)


def _containers_storage(wanted: _Wanted) -> Image:
    from layerscope.sources.containers_storage.image import open_containers_storage

    return open_containers_storage(wanted.text)


def _registry(wanted: _Wanted) -> Image:
    from layerscope.oci.reference import Reference
    from layerscope.sources.registry.image import open_registry

    reference = Reference.parse(wanted.text.removeprefix("//"))
    return open_registry(reference, wanted.store, wanted.progress, wanted.platform)


_OF_FILES = frozenset(("docker-archive", "oci-archive", "oci", "rootfs"))
_TRANSPORTS: dict[str, Callable[[_Wanted], Image]] = {
    "docker-archive": _docker_archive,
    "oci-archive": _oci_archive,
    "oci": _oci,
    "docker-daemon": _docker_daemon,
    "containers-storage": _containers_storage,
    "docker": _registry,
    "rootfs": _rootfs,
}
# Transports of the containers tools whose images have to be saved to a file first.
_ELSEWHERE = frozenset(("dir", "ostree", "sif"))


def _bare(wanted: _Wanted) -> Image:
    from layerscope.sources.stored import open_stored

    path = Path(wanted.text)
    exists = wanted.text and path.exists()
    if exists and ("/" in wanted.text or not wanted.store.has_name(wanted.text)):
        return _recognised(wanted, path)
    try:
        return open_stored(wanted.store, wanted.store.resolve(wanted.text))
    except NoSuchImage:
        if wanted.text.startswith((".", "/", "~")) or path.suffix in (".tar", ".gz", ".zst"):
            raise FileNotFoundError(2, "no such file or directory") from None
        raise


def _recognised(wanted: _Wanted, path: Path) -> Image:
    """A file or folder by what is in it."""
    from layerscope.sources.oci_layout import INDEX, LAYOUT
    from layerscope.sources.rootfs import open_rootfs

    if path.is_dir():
        if (path / INDEX).is_file() and (path / LAYOUT).is_file():
            return _oci(wanted)
        return open_rootfs(str(path), path, wanted.store, wanted.platform)
    _check_file(path)
    return _recognised_file(wanted, path)


def _recognised_file(wanted: _Wanted, path: Path) -> Image:
    from layerscope.sources.docker_archive import is_docker_archive, open_docker_archive
    from layerscope.sources.members import Members, TooManyMembers
    from layerscope.sources.oci_layout import INDEX, LAYOUT, open_layout
    from layerscope.sources.rootfs import open_rootfs
    from layerscope.sources.spool import inflated

    try:
        plain = inflated(path, wanted.store, wanted.progress)
        members = Members(str(path), plain, _LOOK_AT_MOST)
    except TooManyMembers:
        return open_rootfs(str(path), path, wanted.store, wanted.platform)
    layout = members.find(INDEX) is not None and members.find(LAYOUT) is not None
    # Docker's list knows one platform only.
    if is_docker_archive(members) and not (layout and wanted.platform):
        return open_docker_archive(members, None)
    if layout:
        return open_layout(members, None, wanted.platform, "oci-archive")
    return open_rootfs(str(path), path, wanted.store, wanted.platform)


def _check_file(path: Path) -> None:
    """Reading from a pipe or a device could wait forever. Raises NotAnImage, OSError."""
    size = path.stat().st_size
    if path.is_dir():
        raise NotAnImage(str(path), "it is a folder, not an archive")
    if not path.is_file():
        raise NotAnImage(str(path), "it is no regular file")
    if not size:
        raise NotAnImage(str(path), "it is empty")
