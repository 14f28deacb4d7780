"""What an archive or layout of images is made of: files by name, their bytes not yet read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from layerscope.archive.codec import decoded, detect
from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.document import canonical
from layerscope.oci.manifest import ImageIndex, Manifest
from layerscope.sources.oci_layout import blob_path
from layerscope.store.blobs import WrongDigest
from layerscope.store.layout import LAYOUT_DOCUMENT, named

if TYPE_CHECKING:
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

_CHUNK = 1 << 20
_HEAD = 512


@dataclass(frozen=True, slots=True)
class Part:
    """A file of ``size`` bytes; reading it raises WrongDigest at its end if it is damaged."""

    size: int
    content: Callable[[], Iterator[bytes]]

    @classmethod
    def of(cls, data: bytes) -> Part:
        """A small one."""
        return cls(len(data), lambda: iter((data,)))


@dataclass(frozen=True, slots=True)
class Parts:
    """``files`` by their path, and ``manifests``, which the layout's index is to list."""

    files: dict[str, Part] = field(default_factory=dict)
    manifests: list[Descriptor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An image to save, and the name to save it under, None to give it none."""

    image: StoredImage
    name: str | None


def oci_parts(store: Store, chosen: Sequence[Chosen]) -> Parts:
    """Every blob as it is in the store. Raises MissingBlob, WrongDigest, InvalidDocument."""
    parts = Parts({"oci-layout": Part.of(LAYOUT_DOCUMENT)})
    for one in chosen:
        digest = one.image.manifest.digest
        manifest_bytes = store.blobs.read(digest)
        manifest = Manifest.parse(manifest_bytes)
        parts.files[blob_path(digest)] = Part.of(manifest_bytes)
        for blob in (manifest.config, *manifest.layers):
            part = Part(store.blobs.size(blob.digest), partial(_stored, store, blob.digest))
            parts.files[blob_path(blob.digest)] = part
        parts.manifests.append(_entry(manifest.media_type, digest, manifest_bytes, one.name))
    return parts


def docker_parts(store: Store, chosen: Sequence[Chosen]) -> Parts:
    """What `docker load` takes, in its new form: an OCI layout with a manifest.json.

    Layers are plain tars, as Docker's own. Raises as oci_parts, and what inflating raises.
    """
    parts = Parts({"oci-layout": Part.of(LAYOUT_DOCUMENT)})
    # One entry an image, whatever its names, as Docker writes it.
    tags: dict[Digest, list[str]] = {}
    paths: dict[Digest, list[str]] = {}
    for one in chosen:
        manifest_bytes, layers = _plain_manifest(store, one.image)
        config = store.blobs.read(one.image.id)
        parts.files[blob_path(one.image.id)] = Part.of(config)
        parts.files[blob_path(Digest.of(manifest_bytes))] = Part.of(manifest_bytes)
        for layer in layers:
            content = partial(_plain, store, layer.digest)
            parts.files[blob_path(layer.digest)] = Part(layer.size, content)
        digest = Digest.of(manifest_bytes)
        parts.manifests.append(_entry(media.OCI_MANIFEST, digest, manifest_bytes, one.name))
        tags.setdefault(one.image.id, []).extend([one.name] if one.name else [])
        paths[one.image.id] = [blob_path(layer.digest) for layer in layers]
    items = [
        {"Config": blob_path(image), "RepoTags": tags[image] or None, "Layers": paths[image]}
        for image in tags
    ]
    parts.files["manifest.json"] = Part.of(canonical(items))
    return parts


def index_part(parts: Parts) -> Part:
    """The ``index.json`` of these parts alone."""
    return Part.of(ImageIndex(tuple(parts.manifests)).to_bytes())


def _plain_manifest(store: Store, image: StoredImage) -> tuple[bytes, tuple[Descriptor, ...]]:
    """A manifest of the image with plain layers: its own, if its layers are."""
    manifest_bytes = store.blobs.read(image.manifest.digest)
    manifest = Manifest.parse(manifest_bytes)
    if [layer.digest for layer in manifest.layers] == [layer.diff_id for layer in image.layers]:
        return manifest_bytes, manifest.layers
    layers = tuple(
        Descriptor(media.OCI_LAYER, layer.diff_id, layer.tar_size) for layer in image.layers
    )
    config = Descriptor(media.OCI_CONFIG, image.id, store.blobs.size(image.id))
    return Manifest(config, layers).to_bytes(), layers


def _entry(media_type: str, digest: Digest, data: bytes, name: str | None) -> Descriptor:
    return named(media_type, str(digest), len(data), name)


def _stored(store: Store, digest: Digest) -> Iterator[bytes]:
    """The bytes of a blob as it is."""
    with store.blobs.open(digest) as raw:
        yield from _verified(raw.read, digest)


def _plain(store: Store, diff_id: Digest) -> Iterator[bytes]:
    """The uncompressed bytes of a layer."""
    blob = store.blob_of(diff_id)
    with store.blobs.open(blob.digest if blob else diff_id) as raw:
        codec = detect(raw.read(_HEAD))
        raw.seek(0)
        yield from _verified(decoded(raw, codec).read, diff_id)


def _verified(read: Callable[[int], bytes], digest: Digest) -> Iterator[bytes]:
    found = hashlib.new(digest.algorithm)
    while data := read(_CHUNK):
        found.update(data)
        yield data
    if found.hexdigest() != digest.hex:
        raise WrongDigest(digest, Digest(digest.algorithm, found.hexdigest()))
