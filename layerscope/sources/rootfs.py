"""A bare root file system, a folder or a tar, as an image of one layer without a history."""

from __future__ import annotations

from pathlib import Path

from layerscope.archive.blob import FileRange
from layerscope.archive.made_tar import tar_of
from layerscope.archive.walk import walk_tree
from layerscope.oci.config import ImageConfig
from layerscope.oci.platform import Platform
from layerscope.sources.image import Image, Layer


def open_rootfs(what: str, path: Path, platform: Platform | None) -> Image:
    """The folder or tar at ``path`` as an image for ``platform``, this machine's if None.

    Raises OSError.
    """
    config = ImageConfig(diff_ids=(), platform=platform or Platform.host())
    if path.is_dir():
        layer = Layer(None, None, None, lambda: tar_of(walk_tree(path)))
    else:
        place = FileRange.whole(path)
        layer = Layer(None, None, place.size, place)
    return Image(what, (), config, config.to_bytes(), (layer,))
