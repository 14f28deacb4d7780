"""Indexes of images for several platforms, followed to the manifest of one (OCI image-spec)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import ImageIndex, is_index
from layerscope.oci.platform import Platform, choose
from layerscope.sources.image import NotAnImage

_MAX_NESTED = 8


def manifest_for(
    offered: Sequence[Descriptor],
    read: Callable[[Digest], bytes],
    wanted: Platform | None,
    what: str,
) -> bytes:
    """The bytes of a manifest out of ``offered`` for ``wanted``, this machine's platform if None.

    ``read`` gives a document, verified. Raises NotAnImage, NoSuchPlatform, InvalidDocument, and
    what ``read`` raises.
    """
    for _ in range(_MAX_NESTED):
        number = 0
        if len({one.digest for one in offered}) > 1 or (wanted and offered[0].platform):
            platforms = [one.platform for one in offered]
            number = choose(wanted or Platform.host(), platforms, what)
        chosen = offered[number]
        data = read(chosen.digest)
        if not media.is_index(chosen.media_type) and not is_index(data, f"{what}: manifest"):
            return data
        index = ImageIndex.parse(data, f"{what}: index {chosen.digest.short}")
        offered = images_of(index, what)
    raise NotAnImage(what, f"its indexes are nested more than {_MAX_NESTED} deep")


def images_of(index: ImageIndex, what: str) -> list[Descriptor]:
    """What it lists, but for attestations. Raises NotAnImage if that is nothing."""
    images = [one for one in index.manifests if not one.is_attestation]
    if not images:
        raise NotAnImage(what, "it lists no image")
    return images
