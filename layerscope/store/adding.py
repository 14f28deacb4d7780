"""Images put into the tables, and their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from layerscope.errors import LayerscopeError
from layerscope.oci.chain import chain_ids
from layerscope.oci.config import ImageConfig
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest
from layerscope.oci.reference import InvalidReference, Reference
from layerscope.store.layout import mark_index_stale

if TYPE_CHECKING:
    from sqlite3 import Connection

    from layerscope.index.facts import LayerFacts
    from layerscope.store.blobs import BlobStore
    from layerscope.store.database import Database


class IncompleteImage(LayerscopeError):
    """An image's parts are missing or contradict each other."""


class NewImage(NamedTuple):
    """An image whose blobs are in the store: ``manifest_bytes`` refers to all of them."""

    manifest_bytes: bytes
    names: tuple[str, ...]
    parent: Digest | None


def record_layer(database: Database, facts: LayerFacts) -> None:
    """Keep what one pass over a blob found: which layer it holds, and the layer's sizes."""
    diff_id, digest = str(facts.diff_id), str(facts.digest)
    # It lasts with the image that is added then.
    with database.write(lasting=False) as tx:
        tx.execute(
            "INSERT OR IGNORE INTO layers VALUES (?, ?, ?, ?, ?)",
            (diff_id, facts.size, facts.tar_size, facts.files, facts.entries),
        )
        tx.execute(
            "INSERT OR IGNORE INTO layer_blobs VALUES (?, ?, ?, ?)",
            (digest, diff_id, facts.codec, facts.blob_size),
        )


def add_image(
    database: Database, blobs: BlobStore, image: NewImage, now: str, *, lasting: bool = True
) -> Digest:
    """Put an image and its names into the tables; its ID. An image that is there stays as it is.

    One that isn't ``lasting`` yet is so with the next transaction that is.
    Raises IncompleteImage, MissingBlob, InvalidDocument, InvalidReference, StoreFailure.
    """
    manifest = Manifest.parse(image.manifest_bytes)
    config = ImageConfig.parse(blobs.read(manifest.config.digest))
    names = [familiar(name) for name in image.names]
    with database.write(lasting=lasting) as tx:
        # Inside the transaction, where nothing can be collected.
        _check_layers(tx, blobs, manifest, config)
        identity = manifest.config.digest
        parent = str(image.parent) if image.parent else None
        tx.execute(
            "INSERT INTO images VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET parent = coalesce(parent, excluded.parent)",
            (str(identity), config.created, now, parent),
        )
        rows = zip(config.diff_ids, chain_ids(config.diff_ids), strict=True)
        tx.executemany(
            "INSERT OR IGNORE INTO image_layers VALUES (?, ?, ?, ?)",
            [(str(identity), n, str(diff), str(chain)) for n, (diff, chain) in enumerate(rows)],
        )
        digest = _add_manifest(tx, manifest, image.manifest_bytes, now)
        set_names(tx, names, digest)
        mark_index_stale(database)
    return identity


def _check_layers(
    tx: Connection, blobs: BlobStore, manifest: Manifest, config: ImageConfig
) -> None:
    if len(manifest.layers) != len(config.diff_ids):
        why = f"the manifest has {len(manifest.layers)} layers, the config {len(config.diff_ids)}"
        raise IncompleteImage(f"image {manifest.config.digest.short}", why)
    for layer, diff_id in zip(manifest.layers, config.diff_ids, strict=True):
        blobs.size(layer.digest)
        sql = "SELECT diff_id FROM layer_blobs WHERE digest = ?"
        row = tx.execute(sql, (str(layer.digest),)).fetchone()
        if row is None or row[0] != str(diff_id):
            why = f"its blob {layer.digest.short} was not seen to hold it"
            raise IncompleteImage(f"layer {diff_id.short}", why)


def _add_manifest(tx: Connection, manifest: Manifest, data: bytes, now: str) -> Digest:
    digest = Digest.of(data)
    tx.execute(
        "INSERT INTO manifests VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (digest) DO UPDATE SET loaded_at = excluded.loaded_at",
        (str(digest), str(manifest.config.digest), manifest.media_type, len(data), now),
    )
    parts = (manifest.config, *manifest.layers)
    tx.executemany(
        "INSERT OR IGNORE INTO manifest_blobs VALUES (?, ?, ?, ?)",
        [(str(digest), n, str(part.digest), part.size) for n, part in enumerate(parts)],
    )
    return digest


def familiar(name: str) -> str:
    """The short form of a name that an image is to have. Raises InvalidReference."""
    reference = Reference.parse(name)
    if reference.digest is not None:
        raise InvalidReference(repr(name[:200]), "a name with a digest can't be given")
    return reference.familiar


def set_names(tx: Connection, names: Iterable[str], manifest: Digest) -> None:
    """Give names, in their short form, to a manifest; whoever had one before loses it."""
    for name in names:
        before = tx.execute("SELECT manifest FROM names WHERE name = ?", (name,)).fetchone()
        tx.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (name, str(manifest)))
        if before and before[0] != str(manifest):
            drop_spare_manifests(tx, before[0])


def drop_spare_manifests(tx: Connection, manifest: str) -> None:
    """Forget a manifest that no name means any more, if its image has another one."""
    tx.execute(
        "DELETE FROM manifests WHERE digest = ?1"
        " AND NOT EXISTS (SELECT 1 FROM names WHERE manifest = ?1)"
        " AND EXISTS (SELECT 1 FROM manifests other"
        " WHERE other.digest != ?1 AND other.image = manifests.image)",
        (manifest,),
    )
