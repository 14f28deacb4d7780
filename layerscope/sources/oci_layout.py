"""An OCI image layout, a folder or a tar of one (OCI image-spec, image-layout.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from layerscope.archive.blob import FileRange
from layerscope.oci import media
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import CONTAINERD_NAME, REF_NAME, Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.document import MAX_BYTES
from layerscope.oci.manifest import ImageIndex, Manifest, is_index
from layerscope.oci.platform import Platform, choose
from layerscope.oci.reference import InvalidReference, Reference
from layerscope.sources.image import ChooseImage, Image, Layer, NotAnImage

INDEX = "index.json"
_MAX_NESTED = 8


class Files(Protocol):
    """The files of a layout, wherever they are."""

    what: str

    def read(self, name: str) -> bytes:
        """The bytes of a document. Raises NotAnImage, OSError."""

    def need(self, name: str) -> FileRange:
        """Where a file lies. Raises NotAnImage, OSError."""


class FolderFiles:
    """A layout that is a folder; no name leads out of it."""

    def __init__(self, what: str, root: Path) -> None:
        self.what = what
        self._root = root

    def need(self, name: str) -> FileRange:
        """Where a file lies. Raises NotAnImage, OSError."""
        try:
            return FileRange.whole(self._root / name)
        except FileNotFoundError:
            raise NotAnImage(self.what, f"{name!r} is missing") from None

    def read(self, name: str) -> bytes:
        """The bytes of a document. Raises NotAnImage, OSError."""
        found = self.need(name)
        if found.size > MAX_BYTES:
            raise NotAnImage(self.what, f"{name!r} is larger than {MAX_BYTES} bytes")
        return found.path.read_bytes()


def open_layout(files: Files, wanted: str | None, platform: Platform) -> Image:
    """The image named ``wanted``, or the only one, for ``platform``.

    Raises NotAnImage, ChooseImage, NoSuchPlatform, InvalidDocument, OSError.
    """
    index = ImageIndex.parse(files.read(INDEX), f"{files.what}: {INDEX}")
    chosen = _choose(files.what, index, wanted)
    names = tuple(name for one in chosen[:1] if (name := _name(one)))
    manifest_bytes = _for_platform(files, tuple(chosen), platform)
    manifest = Manifest.parse(manifest_bytes, f"{files.what}: manifest")
    config_bytes = _read_blob(files, manifest.config.digest)
    config = ImageConfig.parse(config_bytes, f"{files.what}: config")
    if len(manifest.layers) != len(config.diff_ids):
        why = f"it has {len(manifest.layers)} layers, its config {len(config.diff_ids)} diffIDs"
        raise NotAnImage(files.what, why)
    pairs = zip(manifest.layers, config.diff_ids, strict=True)
    layers = tuple(_layer(files, descriptor, diff_id) for descriptor, diff_id in pairs)
    return Image(files.what, names, config, config_bytes, layers, manifest, manifest_bytes)


def _choose(what: str, index: ImageIndex, wanted: str | None) -> list[Descriptor]:
    """The descriptors of one image: one, or one a platform."""
    images = [one for one in index.manifests if not one.is_attestation]
    if not images:
        raise NotAnImage(what, "it lists no image")
    if wanted is not None:
        named = [one for one in images if _is_called(one, wanted)]
        if not named:
            raise ChooseImage(what, wanted, _names(images))
        return named
    if len({_name(one) or str(one.digest) for one in images}) == 1 or all(
        one.platform for one in images
    ):
        return images
    if len({one.digest for one in images}) == 1:
        return images[:1]
    raise ChooseImage(what, None, _names(images))


def _for_platform(files: Files, offered: tuple[Descriptor, ...], platform: Platform) -> bytes:
    """The manifest's bytes, through indexes of platforms."""
    for _ in range(_MAX_NESTED):
        if len(offered) == 1 and offered[0].platform is None:
            number = 0
        else:
            number = choose(platform, [one.platform for one in offered], files.what)
        chosen = offered[number]
        data = _read_blob(files, chosen.digest)
        if not media.is_index(chosen.media_type) and not is_index(data, files.what):
            return data
        index = ImageIndex.parse(data, f"{files.what}: index {chosen.digest.short}")
        offered = tuple(one for one in index.manifests if not one.is_attestation)
        if not offered:
            raise NotAnImage(files.what, "it lists no image")
    raise NotAnImage(files.what, f"its indexes are nested more than {_MAX_NESTED} deep")


def _layer(files: Files, descriptor: Descriptor, diff_id: Digest) -> Layer:
    place = files.need(_path(descriptor.digest))
    if place.size != descriptor.size:
        why = f"blob {descriptor.digest.short} is {place.size} bytes, not {descriptor.size}"
        raise NotAnImage(files.what, why)
    return Layer(diff_id, descriptor, place.size, place)


def _read_blob(files: Files, digest: Digest) -> bytes:
    data = files.read(_path(digest))
    if digest.algorithm == "sha256" and Digest.of(data) != digest:
        raise NotAnImage(files.what, f"blob {digest} has other content than its digest says")
    return data


def _path(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _name(descriptor: Descriptor) -> str:
    """The image's name as Docker shows it, "" if it has none that is one."""
    for key in (CONTAINERD_NAME, REF_NAME):
        text = descriptor.annotations.get(key, "")
        try:
            if text:
                return Reference.parse(text).familiar
        except InvalidReference:
            continue
    return ""


def _names(descriptors: list[Descriptor]) -> list[str]:
    named = (one.annotations.get(REF_NAME) or str(one.digest) for one in descriptors)
    return sorted(set(named))


def _is_called(descriptor: Descriptor, wanted: str) -> bool:
    if wanted in (descriptor.annotations.get(REF_NAME), str(descriptor.digest)):
        return True
    try:
        return Reference.parse(wanted).familiar == _name(descriptor)
    except InvalidReference:
        return False
