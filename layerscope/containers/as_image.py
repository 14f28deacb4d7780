"""A container seen as an image: its image's layers, and its writable layer as one more."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from layerscope.archive.made_tar import MadeTar
from layerscope.archive.paths import ancestors, join
from layerscope.archive.writer import TarWriter
from layerscope.containers.files import look_mounted, read_files
from layerscope.containers.record import Container
from layerscope.containers.with_mounts import WithMounts
from layerscope.cow.commit import check_names, commit_layer, layer_entries, write_entries
from layerscope.cow.engine import Engine
from layerscope.cow.stat import Stat
from layerscope.cow.written import Written, written
from layerscope.sources.image import Image, Layer
from layerscope.sources.made_layer import MadeLayer
from layerscope.sources.stored import open_stored

if TYPE_CHECKING:
    from layerscope.store.store import Store


def as_image(store: Store, container: Container) -> Image:
    """The container's files as they are when its topmost layer is read; what is mounted is not
    among them. Raises LayerscopeError; reading raises ReservedName and LayerBusy, too."""
    image = open_stored(store, store.resolve(str(container.image)))

    def write(out: BinaryIO) -> None:
        with read_files(store, container) as engine:
            commit_layer(engine, out)

    top = Layer(None, None, None, lambda: MadeTar(write))
    return image._replace(origin=f"container {container.name}", layers=(*image.layers, top))


class Seen(NamedTuple):
    """An image, a path in it, and whether its last layer is what is mounted in the container."""

    image: Image
    path: bytes
    mounts: bool


def as_seen(
    store: Store, container: Container, path: bytes, *, follow: bool, content: bool
) -> Seen:
    """The same as its processes see it, but of its own files no more than those at and below
    ``path``: where something is mounted there, that is a layer more.

    The path comes without the symlinks among its folders, with ``follow`` or a slash at its end
    without any. With ``content`` both layers stay as they were first read. Raises as
    :func:`as_image`, and OSError.
    """
    image = open_stored(store, store.resolve(str(container.image)))
    if container.mounts:
        with read_files(store, container):
            pass  # one that never ran has its mount points made, and its volumes filled
    end = next((end for end in (b"/.", b"/") if path.endswith(end)), b"")
    with look_mounted(store, container) as files:
        place = files.canonical(path, follow=follow or bool(end))
        points = _points(files, place)

    def write_own(out: BinaryIO) -> None:
        with read_files(store, container) as engine:
            near = (one for one in written(engine) if _is_near(one.path, place))
            _write(engine, [near], out)

    def write_mounted(out: BinaryIO) -> None:
        with look_mounted(store, container) as files:
            _write(files, [_mounted(files, point, place) for point in points], out)

    writes = [write_own, *([write_mounted] if points else [])]
    layers = [_layer(store, write, content) for write in writes]
    shown = image._replace(origin=f"container {container.name}", layers=(*image.layers, *layers))
    return Seen(shown, b"/" + place + end, bool(points))


def _layer(store: Store, write: Callable[[BinaryIO], None], content: bool) -> Layer:
    if content:
        return Layer(None, None, None, MadeLayer(write, store.root / "tmp"))
    return Layer(None, None, None, lambda: MadeTar(write))


def _write(engine: Engine, groups: Iterable[Iterable[Written]], out: BinaryIO) -> None:
    """A tar of entries; hard links are to others of their group."""
    tar = TarWriter(out)
    for group in groups:
        entries = list(group)
        check_names(entries)
        write_entries(engine, layer_entries(engine, entries), tar)
    tar.close()


def _is_near(path: bytes, place: bytes) -> bool:
    """Whether a path is at, above or below a place."""
    outer, inner = sorted((path, place), key=len)
    return not outer or outer == inner or inner.startswith(outer + b"/")


def _points(files: WithMounts, path: bytes) -> Sequence[bytes]:
    """The mount point that a path is in, and those below it; outer ones first."""
    own, below = files.mount_of(path), path + b"/" if path else b""
    points = (point for point in sorted(files.points) if point)
    return [point for point in points if point == own or point.startswith(below)]


def _mounted(files: WithMounts, point: bytes, path: bytes) -> Iterator[Written]:
    """What is mounted at a point, as far as it is at or below ``path``, and the folders above."""
    start = path if path.startswith(point + b"/") else point
    for above in reversed([*ancestors(start)]):
        if files.mount_of(above) == point and (found := _stat(files, above)):
            yield Written(above, found, None, above == point)
    yield from _inside(files, start, opaque=start == point)


def _inside(files: WithMounts, path: bytes, *, opaque: bool = False) -> Iterator[Written]:
    """A path and all below it but for other mounts; what vanishes meanwhile is left out."""
    found = _stat(files, path)
    if found is None:
        return
    yield Written(path, found, None, opaque and found.fmt == stat.S_IFDIR)
    for name in _names(files, path) if found.fmt == stat.S_IFDIR else ():
        child = join(path, name)
        if child not in files.points:
            yield from _inside(files, child)


def _stat(files: WithMounts, path: bytes) -> Stat | None:
    try:
        return files.stat(b"/" + path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _names(files: WithMounts, path: bytes) -> list[bytes]:
    try:
        return sorted(files.names(b"/" + path))
    except (FileNotFoundError, NotADirectoryError):
        return []
