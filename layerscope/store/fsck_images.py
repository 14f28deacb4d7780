"""Every image followed: names, manifests, configs, layers, and the tables that speak of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.oci.chain import chain_ids
from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest
from layerscope.oci.reference import InvalidReference, Reference
from layerscope.store.finding import Finding
from layerscope.store.layout import mark_index_stale
from layerscope.store.schema import IMAGE_USERS
from layerscope.store.users import users

if TYPE_CHECKING:
    from layerscope.store.store import Store

_REMOVED = "image removed"


@dataclass(frozen=True, slots=True)
class _Row:
    """One form of an image, as the tables have it."""

    image: Digest
    manifest: Digest
    size: int
    names: str


def check_images(store: Store, damaged: set[Digest]) -> Iterator[Finding]:
    """What is wrong with the images, ``damaged`` blobs known. Mending takes away broken ones."""
    rows = store.database.rows(
        "SELECT m.image, m.digest, m.size, coalesce(group_concat(n.name, ', '), '')"
        " FROM manifests m LEFT JOIN names n ON n.manifest = m.digest GROUP BY m.digest"
    )
    for image, manifest, size, names in rows:
        row = _Row(Digest.parse(image), Digest.parse(manifest), size, names)
        for why in _wrong(store, row, damaged):
            if _still_there(store, row):
                mend = None if users(store.database, row.image) else partial(_drop, store, row)
                yield Finding(f"image {row.names or row.image.short}", why, mend, _REMOVED)
    yield from _images_without_manifest(store)
    yield from _wrong_names(store)
    yield from _users_without_image(store)


def _wrong(store: Store, row: _Row, damaged: set[Digest]) -> Iterator[str]:
    try:
        manifest = Manifest.parse(store.blobs.read(row.manifest), "manifest")
        config = ImageConfig.parse(store.blobs.read(manifest.config.digest), "config")
    except LayerscopeError as error:
        yield str(error)
        return
    if manifest.config.digest != row.image or store.blobs.size(row.manifest) != row.size:
        yield "its manifest is of another image"
        return
    yield from _wrong_layers(store, manifest, config, damaged)
    yield from _wrong_rows(store, row, manifest, config)


def _wrong_layers(
    store: Store, manifest: Manifest, config: ImageConfig, damaged: set[Digest]
) -> Iterator[str]:
    if len(manifest.layers) != len(config.diff_ids):
        yield f"it has {len(manifest.layers)} layers, and {len(config.diff_ids)} diffIDs"
        return
    for number, (layer, diff_id) in enumerate(zip(manifest.layers, config.diff_ids, strict=True)):
        name = f"the blob {layer.digest.short} of layer {number}"
        if layer.digest in damaged:
            yield f"{name} is damaged"
        elif not store.blobs.has(layer.digest):
            yield f"{name} is missing"
        elif (size := store.blobs.size(layer.digest)) != layer.size:
            yield f"{name} is {size} bytes, not {layer.size}"
        elif store.layer_of(layer.digest) != diff_id:
            yield f"{name} was not seen to hold the layer {diff_id.short}"


def _wrong_rows(store: Store, row: _Row, manifest: Manifest, config: ImageConfig) -> Iterator[str]:
    layers = store.database.rows(
        "SELECT diff_id, chain_id FROM image_layers WHERE image = ? ORDER BY position",
        str(row.image),
    )
    chains = zip(config.diff_ids, chain_ids(config.diff_ids), strict=True)
    if layers != [(str(diff_id), str(chain)) for diff_id, chain in chains]:
        yield "the database has other layers for it than its config"
    blobs = store.database.rows(
        "SELECT digest, size FROM manifest_blobs WHERE manifest = ? ORDER BY position",
        str(row.manifest),
    )
    parts = (manifest.config, *manifest.layers)
    if blobs != [(str(part.digest), part.size) for part in parts]:
        yield "the database has other blobs for it than its manifest"


def _still_there(store: Store, row: _Row) -> bool:
    """Whether nobody has removed it since the examination began."""
    sql = "SELECT 1 FROM manifests WHERE digest = ?"
    return store.database.row(sql, str(row.manifest)) is not None


def _drop(store: Store, row: _Row) -> None:
    with store.database.write() as tx:
        tx.execute("DELETE FROM manifests WHERE digest = ?", (str(row.manifest),))
        _drop_images_without_manifest(store)


def _images_without_manifest(store: Store) -> Iterator[Finding]:
    sql = "SELECT id FROM images WHERE id NOT IN (SELECT image FROM manifests)"
    for (image,) in store.database.rows(sql):
        mend = partial(_drop_images_without_manifest, store)
        name = f"image {Digest.parse(image).short}"
        yield Finding(name, "it has no manifest", mend, _REMOVED)


def _drop_images_without_manifest(store: Store) -> None:
    with store.database.write() as tx:
        tx.execute("DELETE FROM images WHERE id NOT IN (SELECT image FROM manifests)")
        mark_index_stale(store.database)


def _wrong_names(store: Store) -> Iterator[Finding]:
    for (name,) in store.database.rows("SELECT name FROM names"):
        try:
            right = Reference.parse(name).familiar == name
        except InvalidReference:
            right = False
        if not right:
            mend = partial(_untag, store, name)
            yield Finding(f"name {name!r}", "it is no image's name", mend, "name removed")


def _untag(store: Store, name: str) -> None:
    with store.database.write() as tx:
        tx.execute("DELETE FROM names WHERE name = ?", (name,))
        mark_index_stale(store.database)


def _users_without_image(store: Store) -> Iterator[Finding]:
    there = {image for (image,) in store.database.rows("SELECT id FROM images")}
    for query in IMAGE_USERS:
        for image, name in store.database.rows(query):
            if image not in there:
                yield Finding(str(name), f"its image {image} is missing")
