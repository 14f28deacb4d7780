"""containerd's content store, read where it lies, where Docker keeps its images in that.

It is a folder of blobs named by their digests (containerd, ``docs/content-flow.md``), as those of
an OCI image layout; the ID of an image is the digest of its manifest or index.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.platform import NoSuchPlatform, Platform
from layerscope.sources.image import Image, NotAnImage
from layerscope.sources.oci_layout import FolderFiles, blob_path, open_one

_STORE = "io.containerd.content.v1.content"
_OF_THE_MACHINE = Path("/var/lib/containerd")


def open_in_content_store(
    origin: str, names: Sequence[str], root: Path, image_id: Digest, platform: Platform
) -> Image | None:
    """The image of an ID for the platform that the daemon tells, its layers as they lie.

    ``root`` is Docker's folder: a containerd that Docker starts keeps its own in it. None where
    the content isn't on this machine, not whole, or this user may not read it. Raises
    InvalidDocument, InvalidDigest.
    """
    for folder in (root / "containerd" / "daemon", _OF_THE_MACHINE):
        files = FolderFiles(origin, folder / _STORE)
        try:
            size = files.need(blob_path(image_id)).size
            wanted = Descriptor(media.OCI_MANIFEST, image_id, size)
            found = open_one(files, [wanted], platform)
        except (OSError, NotAnImage, NoSuchPlatform):
            continue
        return found._replace(names=tuple(names), told_id=image_id)
    return None
