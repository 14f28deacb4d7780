"""A bare root file system, a folder or a tar, as an image of one layer without a history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.blob import FileRange
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.made_tar import tar_of
from layerscope.archive.walk import Opener, walk_tree
from layerscope.oci.config import ImageConfig
from layerscope.oci.platform import Platform
from layerscope.oci.whiteout import PREFIX, ReservedName
from layerscope.sources.fingerprint import fingerprint
from layerscope.sources.image import Image, Layer

if TYPE_CHECKING:
    from layerscope.store.store import Store


def open_rootfs(what: str, path: Path, store: Store, platform: Platform | None) -> Image:
    """The folder or tar at ``path`` as an image for ``platform``, this machine's if None.

    A tar that ``store`` remembers has its diffID at once. Raises OSError; reading a folder raises
    UnreadableTree, and ReservedName for a file whose own name would mean deletion.
    """
    config = ImageConfig(diff_ids=(), platform=platform or Platform.host())
    if path.is_dir():
        layer = Layer(None, None, None, lambda: tar_of(_layer_of(path)))
    else:
        about = path.stat()
        place = FileRange(path, 0, about.st_size)
        key = fingerprint(about)
        layer = Layer(store.remembered_file(key), None, place.size, place, key)
    return Image(what, (), config, config.to_bytes(), (layer,))


def _layer_of(folder: Path) -> Iterator[tuple[Entry, Opener]]:
    """What a layer can hold of a folder: sockets are left out, as in a commit."""
    for entry, content in walk_tree(folder):
        if entry.path.rpartition(b"/")[2].startswith(PREFIX):
            raise ReservedName(entry.path)
        if entry.kind is not Kind.SOCKET:
            yield entry, content
