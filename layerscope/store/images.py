"""Images in the store: what is known of them without opening a blob."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from layerscope.errors import LayerscopeError
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest

if TYPE_CHECKING:
    from layerscope.store.database import Database

_WHOLE_ID = len("sha256:") + 64
_HEX = frozenset("0123456789abcdef")


class NoSuchImage(LayerscopeError):
    """No image in the store has this name or ID."""

    def __init__(self, text: str) -> None:
        hint = "layerscope images, to see what is there"
        super().__init__(repr(text[:200]), "there is no such image in the store", hint)


class AmbiguousImage(LayerscopeError):
    """The start of an ID fits several images."""


class LayerBlob(NamedTuple):
    """A blob that holds a layer: its codec (plain, gzip, zstd…) and its size in bytes."""

    digest: Digest
    codec: str
    size: int


class StoredLayer(NamedTuple):
    """A layer of an image: bytes of its files, each inode once, and of its uncompressed tar."""

    diff_id: Digest
    chain_id: Digest
    size: int
    tar_size: int


class StoredImage(NamedTuple):
    """An image; ``id`` is its config's digest.

    ``manifest`` is the one it was asked for by, else the latest; ``names`` are in Docker's short
    form, sorted. Times are RFC 3339, ``created`` as the config has it. ``layers`` are bottom up.
    ``parent`` is the image that it was made from here, if it was made here.
    """

    id: Digest
    manifest: Descriptor
    names: tuple[str, ...]
    created: str
    loaded_at: str
    parent: Digest | None
    layers: tuple[StoredLayer, ...]

    @property
    def size(self) -> int:
        """Bytes of its files, layer by layer (Docker's figure)."""
        return sum(layer.size for layer in self.layers)


def all_images(database: Database) -> list[StoredImage]:
    """All images, the latest created first. Raises StoreFailure."""
    return _images(database, "")


def resolve(database: Database, text: str) -> StoredImage:
    """The image with this name, or whose ID starts so. Raises NoSuchImage, AmbiguousImage."""
    manifest = _manifest_named(database, text)
    if manifest is not None:
        return _images(database, "WHERE m.digest = ?", manifest)[0]
    prefix = text.removeprefix("sha256:")
    if not prefix or not _HEX.issuperset(prefix):
        raise NoSuchImage(text)
    where = "WHERE i.id >= ? AND i.id < ?"
    found = _images(database, where, f"sha256:{prefix}", f"sha256:{prefix}g")
    if not found:
        raise NoSuchImage(text)
    if len(found) > 1:
        ids = ", ".join(image.id.short for image in found[:5])
        raise AmbiguousImage(repr(text), f"the IDs of several images start so ({ids})")
    return found[0]


def is_named(database: Database, text: str) -> bool:
    """Whether ``text`` is the name of an image rather than the start of an ID."""
    return _manifest_named(database, text) is not None


def _manifest_named(database: Database, text: str) -> str | None:
    sql = "SELECT manifest FROM names WHERE name = ?"
    row = database.row(sql, text) if text.isascii() else None
    return row[0] if row else _manifest_meant(database, text)


def _manifest_meant(database: Database, text: str) -> str | None:
    """The manifest of a name that isn't in the form in which it is kept."""
    if text.startswith("sha256:") and len(text) == _WHOLE_ID:
        return None
    from layerscope.oci.reference import InvalidReference, Reference

    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return None
    if reference.digest is None:
        row = database.row("SELECT manifest FROM names WHERE name = ?", reference.familiar)
    else:
        sql = "SELECT manifest, name FROM names WHERE manifest = ?"
        rows = database.rows(sql, str(reference.digest))
        same = [r for r in rows if Reference.parse(r[1]).repository == reference.repository]
        row = same[0] if same else None
    return row[0] if row else None


def _images(database: Database, where: str, *values: Any) -> list[StoredImage]:
    """Images of the manifests that fit; with several manifests of one image its latest."""
    # The last of one image's manifests in this order is the one that is kept.
    rows = database.rows(
        "SELECT i.id, i.created, i.loaded_at, i.parent, m.digest, m.media_type, m.size"
        f" FROM images i JOIN manifests m ON m.image = i.id {where}"
        " ORDER BY i.created DESC, i.id, m.loaded_at",
        *values,
    )
    ids = {row[0] for row in rows}
    layers = _layers(database, ids)
    names = _names(database, ids)
    found = {row[0]: _image(row, names.get(row[0], ()), layers.get(row[0], ())) for row in rows}
    return list(found.values())


def _image(
    row: tuple[Any, ...], names: Iterable[str], layers: Iterable[StoredLayer]
) -> StoredImage:
    image, created, loaded_at, parent, digest, media_type, size = row
    return StoredImage(
        id=Digest.parse(image),
        manifest=Descriptor(media_type, Digest.parse(digest), size),
        names=tuple(names),
        created=created,
        loaded_at=loaded_at,
        parent=Digest.parse(parent) if parent else None,
        layers=tuple(layers),
    )


def _layers(database: Database, ids: set[str]) -> dict[str, list[StoredLayer]]:
    sql = (
        "SELECT il.image, il.diff_id, il.chain_id, l.size, l.tar_size FROM image_layers il"
        " JOIN layers l ON l.diff_id = il.diff_id"
    )
    found: dict[str, list[StoredLayer]] = {}
    for image, diff_id, chain_id, *sizes in _of(database, sql, "il.image", ids, "il.position"):
        layer = StoredLayer(Digest.parse(diff_id), Digest.parse(chain_id), *sizes)
        found.setdefault(image, []).append(layer)
    return found


def _names(database: Database, ids: set[str]) -> dict[str, list[str]]:
    sql = "SELECT m.image, n.name FROM names n JOIN manifests m ON m.digest = n.manifest"
    found: dict[str, list[str]] = {}
    for image, name in _of(database, sql, "m.image", ids, "n.name"):
        found.setdefault(image, []).append(name)
    return found


def _of(
    database: Database, sql: str, column: str, ids: set[str], order: str
) -> list[tuple[Any, ...]]:
    """Rows about some images: asked for by ID where it is one, else all, which the caller sorts."""
    if len(ids) == 1:
        return database.rows(f"{sql} WHERE {column} = ? ORDER BY {order}", *ids)
    return database.rows(f"{sql} ORDER BY {column}, {order}")
