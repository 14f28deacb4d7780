"""What `docker save` writes: manifest.json, configs and layers in a tar (moby's image-spec v1.2).

The old form has a folder a layer with ``layer.tar`` in it, the new one is an OCI layout as well;
both are led by ``manifest.json``, whose paths say where everything lies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.document import Document, InvalidDocument
from layerscope.oci.reference import InvalidReference, Reference
from layerscope.sources.image import ChooseImage, Image, Layer, NotAnImage
from layerscope.sources.members import Members

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class _Item:
    """One image of manifest.json."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]


def open_docker_archive(members: Members, wanted: str | None) -> Image:
    """The image named ``wanted``, or the only one. Raises NotAnImage, ChooseImage, OSError."""
    items = _items(members)
    item = _choose(members.what, items, wanted)
    config_bytes = members.read(item.config)
    config = ImageConfig.parse(config_bytes, f"{members.what}: {item.config}")
    _check_config_name(members.what, item.config, config_bytes)
    if len(item.layers) != len(config.diff_ids):
        why = f"it has {len(item.layers)} layers, its config {len(config.diff_ids)} diffIDs"
        raise NotAnImage(members.what, why)
    ranges = [members.need(path) for path in item.layers]
    layers = tuple(
        Layer(diff_id, None, place.size, place)
        for diff_id, place in zip(config.diff_ids, ranges, strict=True)
    )
    return Image(members.what, item.names, config, config_bytes, layers)


def _items(members: Members) -> list[_Item]:
    what = f"{members.what}: {MANIFEST}"
    try:
        values = json.loads(members.read(MANIFEST))
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(what, f"it is no JSON ({error})"[:200]) from None
    if not isinstance(values, list) or not values:
        raise InvalidDocument(what, "it lists no image")
    return [_item(value, what) for value in values]


def _item(value: Any, what: str) -> _Item:
    if not isinstance(value, dict):
        raise InvalidDocument(what, "it lists something that is no image")
    document = Document(value, what)
    names = tuple(n for text in document.texts("RepoTags") if (n := _familiar(text)))
    return _Item(document.text("Config"), names, document.texts("Layers"))


def _choose(what: str, items: list[_Item], wanted: str | None) -> _Item:
    if wanted is None:
        if len(items) == 1:
            return items[0]
        raise ChooseImage(what, None, [name for item in items for name in item.names])
    name = _familiar(wanted)
    prefix = wanted.removeprefix("sha256:")
    for item in items:
        digest = item.config.rpartition("/")[2].removesuffix(".json")
        if (name and name in item.names) or (len(prefix) > 3 and digest.startswith(prefix)):
            return item
    raise ChooseImage(what, wanted, [name for item in items for name in item.names])


def _check_config_name(what: str, path: str, data: bytes) -> None:
    """Configs are named by their digest; one that isn't what its name says is damaged."""
    stem = path.rpartition("/")[2].removesuffix(".json")
    if len(stem) == 64 and set(stem) <= set("0123456789abcdef") and Digest.of(data).hex != stem:
        raise NotAnImage(what, f"the config {path!r} isn't what its name says")


def _familiar(text: str) -> str | None:
    try:
        return Reference.parse(text).familiar
    except InvalidReference:
        return None
