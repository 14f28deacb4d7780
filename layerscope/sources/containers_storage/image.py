"""``containers-storage:[STORAGE]REF``: an image of Podman or Buildah (containers-transports(5)).

``[DRIVER@ROOT+RUNROOT]`` in front, in square brackets, names another storage than the usual one.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

from layerscope.errors import UsageError
from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest, is_index
from layerscope.oci.reference import InvalidReference, Reference, familiar_names
from layerscope.sources.containers_storage.settings import find_place, parse_place
from layerscope.sources.containers_storage.storage import (
    ImageRecord,
    LayerRecord,
    Storage,
    chain,
    denied,
    open_storages,
)
from layerscope.sources.image import ChooseImage, Image, Layer, NotAnImage
from layerscope.sources.tar_split import SplitTar

_MANIFEST = "manifest"
_HINT = "podman images"


def open_containers_storage(wanted: str) -> Image:
    """The image of a name or ID; of its layers nothing is read.

    A name may leave out what stands before its last parts, as with podman. Raises NoStorage,
    NotAnImage, ChooseImage, UsageError, BadSettings, InvalidDocument, InvalidDigest.
    """
    place, name = find_place, wanted
    if wanted.startswith("["):
        inside, bracket, name = wanted[1:].partition("]")
        if not bracket:
            raise UsageError(f"containers-storage:{wanted[:200]}", "its [ is never closed")
        place = functools.partial(parse_place, inside)
    if not name:
        hint = "containers-storage:NAME[:TAG], as podman images lists them"
        raise UsageError("containers-storage:", "it names no image", hint)
    for storage in open_storages(place()):
        found = find_image(storage.images(), name)
        if found is not None:
            return open_record(storage, found, name)
    raise NotAnImage(f"containers-storage:{wanted[:200]}", "the storage has no such image", _HINT)


def find_image(images: Sequence[ImageRecord], wanted: str) -> ImageRecord | None:
    """The image that is called so: by its whole name, by the end of one, by its ID's beginning."""
    name, _, image_id = wanted.rpartition("@") if "@sha256:" not in wanted else ("", "", wanted)
    if name:
        return next((one for one in images if one.id == image_id.removeprefix("sha256:")), None)
    for end in _written_out(wanted):
        found = [one for one in images if any(f"/{name}".endswith(end) for name in one.names)]
        if found:
            return _only(found, wanted)
    prefix = wanted.removeprefix("sha256:")
    return _only([one for one in images if one.id.startswith(prefix)], wanted)


def open_record(storage: Storage, record: ImageRecord, origin: str) -> Image:
    """An image of a storage. Raises as :func:`open_containers_storage`."""
    try:
        data = storage.document(record.id, _MANIFEST)
        if is_index(data, f"{origin}: manifest"):
            raise NotAnImage(origin, "it is a list of images for several platforms", _HINT)
        wanted = Manifest.parse(data, f"{origin}: manifest").config.digest
        config_bytes = storage.document(record.id, str(wanted))
    except FileNotFoundError:
        raise NotAnImage(origin, "the storage has no documents of it") from None
    except OSError as error:
        raise denied(storage.root, error) from None
    if not wanted.matches(config_bytes):
        raise NotAnImage(origin, f"its config {wanted.short} is damaged")
    config = ImageConfig.parse(config_bytes, f"{origin}: config")
    records = chain(storage.layers(), record.layer)
    if len(records) != len(config.diff_ids):
        why = f"it has {len(records)} layers, its config {len(config.diff_ids)} diffIDs"
        raise NotAnImage(origin, why)
    pairs = zip(records, config.diff_ids, strict=True)
    layers = tuple(_layer(storage, one, diff_id) for one, diff_id in pairs)
    return Image(origin, familiar_names(record.names), config, config_bytes, layers)


def _written_out(wanted: str) -> list[str]:
    """What may be meant: the name with its registry, and the end of one."""
    try:
        reference = Reference.parse(wanted)
    except InvalidReference:
        return []
    tag = f":{reference.tag}" if reference.tag else f"@{reference.digest}"
    given = wanted.partition("@")[0]
    bare = given if ":" not in given.rpartition("/")[2] else given.rpartition(":")[0]
    return [f"/{reference}", f"/localhost/{bare}{tag}", f"/{bare}{tag}"]


def _only(found: list[ImageRecord], wanted: str) -> ImageRecord | None:
    if len(found) > 1:
        there = [name for one in found for name in one.names or (one.id[:12],)]
        raise ChooseImage("containers-storage", "", wanted, there)
    return found[0] if found else None


def _layer(storage: Storage, record: LayerRecord, diff_id: Digest) -> Layer:
    split, files = storage.tar_split(record.id), storage.files(record.id)
    if not split.exists():
        why = f"the storage has no tar-split of its layer {record.id[:12]}"
        raise NotAnImage(f"storage {storage.root}", why, "podman save IMAGE -o FILE.tar")
    for path in (split, files):
        if not os.access(path, os.R_OK):
            raise denied(path, PermissionError(13, os.strerror(13)))
    size = record.tar_size if record.tar_size >= 0 else None
    return Layer(diff_id, None, size, functools.partial(SplitTar, split, files))
