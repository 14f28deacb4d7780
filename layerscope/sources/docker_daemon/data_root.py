"""Docker's own folder, read where it lies (moby, ``layer/filestore.go``, ``image/fs.go``).

``image/DRIVER/imagedb/content/sha256/ID`` is an image's config. A layer is known by its chain ID:
``image/DRIVER/layerdb/sha256/CHAIN`` has ``cache-id``, the name of its folder below the driver's,
and ``tar-split.json.gz``.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from pathlib import Path

from layerscope.oci.chain import chain_ids
from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.document import MAX_BYTES
from layerscope.sources.image import Image, Layer
from layerscope.sources.tar_split import SplitTar

# Where a driver keeps the files of a layer, by the layer's cache-id.
_FOLDERS = {
    "overlay2": "overlay2/{}/diff",
    "fuse-overlayfs": "fuse-overlayfs/{}/diff",
    "vfs": "vfs/dir/{}",
}
_CACHE_ID = re.compile(r"[0-9a-f]{8,64}")


def open_in_place(
    origin: str, names: Sequence[str], root: Path, driver: str, image_id: Digest
) -> Image | None:
    """The image of an ID, its layers as they lie unpacked.

    None where ``root`` isn't on this machine, this user may not read it, or its driver keeps layers
    in another way. Raises InvalidDocument, InvalidDigest.
    """
    if driver not in _FOLDERS:
        return None
    try:
        found = root / "image" / driver / "imagedb" / "content" / "sha256" / image_id.hex
        with found.open("rb") as file:
            config_bytes = file.read(MAX_BYTES + 1)
        if not image_id.matches(config_bytes):
            return None
        config = ImageConfig.parse(config_bytes, f"{origin}: config")
        layers = tuple(_layers(root, driver, config.diff_ids))
    except OSError:
        return None
    return Image(origin, tuple(names), config, config_bytes, layers)


def _layers(root: Path, driver: str, diff_ids: Sequence[Digest]) -> list[Layer]:
    found = []
    for diff_id, chain in zip(diff_ids, chain_ids(diff_ids), strict=True):
        about = root / "image" / driver / "layerdb" / "sha256" / chain.hex
        cache_id = (about / "cache-id").read_text()
        files = root / _FOLDERS[driver].format(cache_id)
        split = about / "tar-split.json.gz"
        if not _CACHE_ID.fullmatch(cache_id) or not _readable(split, files):
            raise PermissionError
        found.append(Layer(diff_id, None, None, functools.partial(SplitTar, split, files)))
    return found


def _readable(split: Path, files: Path) -> bool:
    return os.access(split, os.R_OK) and os.access(files, os.R_OK | os.X_OK)
