"""An OCI image layout, a folder or a tar of one (OCI image-spec, image-layout.md)."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from layerscope.archive.blob import FileRange
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import CONTAINERD_NAME, REF_NAME, Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.document import MAX_BYTES
from layerscope.oci.manifest import ImageIndex, Manifest
from layerscope.oci.platform import Platform
from layerscope.oci.reference import InvalidReference, Reference
from layerscope.sources.image import (
    ChooseImage,
    Image,
    Layer,
    NotAnImage,
    check_layer_digests,
)
from layerscope.sources.platforms import images_of, manifest_for

INDEX = "index.json"
LAYOUT = "oci-layout"


class Files(Protocol):
    """The files of a layout, wherever they are."""

    what: str

    def read(self, name: str) -> bytes:
        """The bytes of a document. Raises NotAnImage, OSError."""

    def need(self, name: str) -> FileRange:
        """Where a file lies. Raises NotAnImage, OSError."""


class FolderFiles:
    """A layout that is a folder; the names asked for never lead out of it."""

    def __init__(self, what: str, root: Path) -> None:
        self.what = what
        self._root = root

    def need(self, name: str) -> FileRange:
        """Where a file lies. Raises NotAnImage, OSError."""
        path = self._root / name
        try:
            found = path.stat()
        except FileNotFoundError:
            raise NotAnImage(self.what, f"{name!r} is missing") from None
        if not stat.S_ISREG(found.st_mode):
            raise NotAnImage(self.what, f"{name!r} is no regular file")
        return FileRange(path, 0, found.st_size)

    def read(self, name: str) -> bytes:
        """The bytes of a document. Raises NotAnImage, OSError."""
        found = self.need(name)
        if found.size > MAX_BYTES:
            raise NotAnImage(self.what, f"{name!r} is larger than {MAX_BYTES} bytes")
        with found.open() as reader:
            return reader.read()


def open_layout(
    files: Files, wanted: str | None, platform: Platform | None, transport: str
) -> Image:
    """The image named ``wanted``, or the only one, for ``platform``, this machine's if None.

    ``transport`` is for the hint of what to type. Raises NotAnImage, ChooseImage, NoSuchPlatform,
    InvalidDocument, InvalidDigest, OSError.
    """
    index = ImageIndex.parse(files.read(INDEX), f"{files.what}: {INDEX}")
    return open_one(files, _choose(transport, files.what, index, wanted), platform)


def open_one(files: Files, offered: Sequence[Descriptor], platform: Platform | None) -> Image:
    """The image for ``platform`` among those that are ``offered``, which share their names.

    Raises NotAnImage, NoSuchPlatform, InvalidDocument, InvalidDigest, OSError.
    """
    manifest_bytes = manifest_for(offered, partial(_read_blob, files), platform, files.what)
    manifest = Manifest.parse(manifest_bytes, f"{files.what}: manifest")
    config_bytes = _read_blob(files, manifest.config.digest)
    config = ImageConfig.parse(config_bytes, f"{files.what}: config")
    if len(manifest.layers) != len(config.diff_ids):
        why = f"it has {len(manifest.layers)} layers, its config {len(config.diff_ids)} diffIDs"
        raise NotAnImage(files.what, why)
    pairs = zip(manifest.layers, config.diff_ids, strict=True)
    layers = tuple(_layer(files, descriptor, diff_id) for descriptor, diff_id in pairs)
    names = tuple(sorted({name for one in offered if (name := _name(one))}))
    return Image(files.what, names, config, config_bytes, layers, manifest, manifest_bytes)


def _choose(transport: str, what: str, index: ImageIndex, wanted: str | None) -> list[Descriptor]:
    """The descriptors of one image: one, or one a platform, or one a name."""
    images = images_of(index, what)
    there = sorted({_name(one) or one.ref_name or str(one.digest) for one in images})
    if wanted is not None:
        images = [one for one in images if _is_called(one, wanted)]
        if not images:
            raise ChooseImage(transport, what, wanted, there)
    one_name = len({_name(one) for one in images}) == 1 and all(one.platform for one in images)
    if one_name or len({one.digest for one in images}) == 1:
        return images
    raise ChooseImage(transport, what, wanted, there)


def _layer(files: Files, descriptor: Descriptor, diff_id: Digest) -> Layer:
    check_layer_digests(files.what, descriptor.digest, diff_id)
    try:
        place = files.need(blob_path(descriptor.digest))
    except NotAnImage:
        if not descriptor.urls:
            raise
        why = f"the layer {descriptor.digest.short} lies elsewhere ({descriptor.urls[0][:200]!r})"
        raise NotAnImage(files.what, why) from None
    if place.size != descriptor.size:
        why = f"blob {descriptor.digest.short} is {place.size} bytes, not {descriptor.size}"
        raise NotAnImage(files.what, why)
    return Layer(diff_id, descriptor, place.size, place)


def _read_blob(files: Files, digest: Digest) -> bytes:
    data = files.read(blob_path(digest))
    if not digest.matches(data):
        why = f"blob {digest.short} is damaged: its digest is {Digest.of(data)}"
        raise NotAnImage(files.what, why)
    return data


def blob_path(digest: Digest) -> str:
    """Where a layout has a blob."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _name(descriptor: Descriptor) -> str:
    """The image's name as Docker shows it, "" if it has none that is one.

    containerd and Docker write the full name into an annotation of their own, and only the tag
    into the spec's.
    """
    for key in (CONTAINERD_NAME, REF_NAME):
        text = descriptor.annotations.get(key, "")
        try:
            if text and text != "latest":
                return Reference.parse(text).familiar
        except InvalidReference:
            continue
    return ""


def _is_called(descriptor: Descriptor, wanted: str) -> bool:
    if wanted == descriptor.ref_name:
        return True
    prefix = wanted.removeprefix("sha256:")
    if len(prefix) > 3 and descriptor.digest.hex.startswith(prefix):
        return True
    try:
        return Reference.parse(wanted).familiar == _name(descriptor)
    except InvalidReference:
        return False
