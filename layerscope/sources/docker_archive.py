"""What `docker save` writes: manifest.json, configs and layers in a tar (moby's image-spec v1.2).

The old form has a folder a layer with ``layer.tar`` in it, the new one is an OCI layout as well;
both are led by ``manifest.json``, whose paths say where everything lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layerscope.errors import LayerscopeError
from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest, InvalidDigest
from layerscope.oci.document import Document, InvalidDocument
from layerscope.oci.manifest import ImageIndex, Manifest
from layerscope.oci.reference import familiar_names
from layerscope.sources.image import ChooseImage, Image, Layer, NotAnImage
from layerscope.sources.members import Members
from layerscope.sources.oci_layout import blob_path

MANIFEST = "manifest.json"
_INDEX = "index.json"
_MAX_DOCUMENTS = 100


@dataclass(frozen=True, slots=True)
class _Item:
    """One image of manifest.json."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]


def is_docker_archive(members: Members) -> bool:
    """Whether there is a manifest.json, and it is Docker's."""
    if members.find(MANIFEST) is None:
        return False
    try:
        return bool(_items(members))
    except (InvalidDocument, NotAnImage):
        # A broken one is, unless there is nothing else of an image around.
        return members.find("repositories") is not None or members.find("oci-layout") is not None


def open_docker_archive(members: Members, wanted: str | None) -> Image:
    """The image named ``wanted`` (or ``@2`` for the third), or the only one.

    Raises NotAnImage, ChooseImage, InvalidDocument, InvalidDigest, OSError.
    """
    item = _choose(members.what, _items(members), wanted)
    config_bytes = members.read(item.config)
    _check_config_name(members.what, item.config, config_bytes)
    config = ImageConfig.parse(config_bytes, f"{members.what}: {item.config[-200:]}")
    if len(item.layers) != len(config.diff_ids):
        why = f"it has {len(item.layers)} layers, its config {len(config.diff_ids)} diffIDs"
        raise NotAnImage(members.what, why)
    found = _oci_manifest(members, Digest.of(config_bytes), len(config.diff_ids))
    if found is None:
        pairs = zip(config.diff_ids, map(members.need, item.layers), strict=True)
        layers = tuple(Layer(diff_id, None, place.size, place) for diff_id, place in pairs)
        return Image(members.what, item.names, config, config_bytes, layers)
    manifest, manifest_bytes = found
    layers = tuple(
        Layer(diff_id, descriptor, descriptor.size, members.need(blob_path(descriptor.digest)))
        for diff_id, descriptor in zip(config.diff_ids, manifest.layers, strict=True)
    )
    return Image(members.what, item.names, config, config_bytes, layers, manifest, manifest_bytes)


def _items(members: Members) -> list[_Item]:
    what = f"{members.what}: {MANIFEST}"
    items = [_item(value) for value in Document.parse_list(members.read(MANIFEST), what)]
    if not items:
        raise InvalidDocument(what, "it lists no image")
    return items


def _item(document: Document) -> _Item:
    names = familiar_names(document.texts("RepoTags"))
    return _Item(document.text("Config"), names, document.texts("Layers"))


def _choose(what: str, items: list[_Item], wanted: str | None) -> _Item:
    if wanted is None and len(items) == 1:
        return items[0]
    there = [name for n, item in enumerate(items) for name in item.names or (f"@{n}",)]
    if wanted is not None:
        for number, item in enumerate(items):
            if wanted == f"@{number}" or _is_called(item, wanted):
                return item
    raise ChooseImage("docker-archive", what, wanted, there)


def _is_called(item: _Item, wanted: str) -> bool:
    prefix = wanted.removeprefix("sha256:")
    named = any(name in item.names for name in familiar_names([wanted]))
    return named or (len(prefix) > 3 and _stem(item).startswith(prefix))


def _stem(item: _Item) -> str:
    return item.config.rpartition("/")[2].removesuffix(".json")


def _check_config_name(what: str, path: str, data: bytes) -> None:
    """Configs are named by their digest; one that isn't what its name says is damaged."""
    try:
        digest = Digest("sha256", path.rpartition("/")[2].removesuffix(".json"))
    except InvalidDigest:
        return
    if not digest.matches(data):
        why = f"the config {digest.short} is damaged: its digest is {Digest.of(data)}"
        raise NotAnImage(what, why)


def _oci_manifest(members: Members, config: Digest, layers: int) -> tuple[Manifest, bytes] | None:
    """The image's own manifest, where the archive is an OCI layout too and has all of it."""
    if members.find(_INDEX) is None:
        return None
    try:
        for manifest, data in _manifests(members, members.read(_INDEX), set()):
            if manifest.config.digest != config or len(manifest.layers) != layers:
                continue
            places = [members.find(blob_path(layer.digest)) for layer in manifest.layers]
            sizes = [place.size if place else -1 for place in places]
            if sizes == [layer.size for layer in manifest.layers]:
                return manifest, data
    except LayerscopeError:
        # manifest.json says all that is needed.
        return None
    return None


def _manifests(
    members: Members, index: bytes, seen: set[Digest]
) -> Iterator[tuple[Manifest, bytes]]:
    for descriptor in ImageIndex.parse(index).manifests:
        if descriptor.digest in seen or members.find(blob_path(descriptor.digest)) is None:
            continue
        seen.add(descriptor.digest)
        data = members.read(blob_path(descriptor.digest))
        if not descriptor.digest.matches(data):
            continue
        if b'"manifests"' not in data:
            yield Manifest.parse(data), data
        elif len(seen) <= _MAX_DOCUMENTS:
            yield from _manifests(members, data, seen)
