"""Taking names and images away, by Docker's rules for ``rmi``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest
from layerscope.oci.reference import Reference
from layerscope.store.adding import drop_spare_manifests
from layerscope.store.images import is_named, resolve
from layerscope.store.layout import mark_index_stale
from layerscope.store.schema import IMAGE_USERS
from layerscope.store.users import users

if TYPE_CHECKING:
    from sqlite3 import Connection

    from layerscope.store.database import Database
    from layerscope.store.images import StoredImage


class ImageInUse(LayerscopeError):
    """An image is needed by something else, so it stays."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal took away: names, and images in the order in which they went."""

    untagged: tuple[str, ...] = ()
    deleted: tuple[Digest, ...] = ()


def remove(database: Database, text: str, force: bool = False) -> Removed:
    """Take away the name ``text``; the image too if it was the last and nothing needs it.

    By digest (``REPO@DIGEST``), the names of that repository go that have it; by ID, an image goes
    with all its names, if they are of one repository. ``force`` also takes names of several
    repositories, and those of an image that is in use, which stays without.
    Raises NoSuchImage, AmbiguousImage, ImageInUse.
    """
    with database.write() as tx:
        image = resolve(database, text)
        names = _doomed_names(database, image, text, force)
        goes = len(names) == len(image.names)
        if goes and (not force or not names):
            _check_unused(database, image)
        if goes and not is_named(database, text):
            _check_childless(tx, image)
        tx.executemany("DELETE FROM names WHERE name = ?", [(name,) for name in names])
        sql = "SELECT digest FROM manifests WHERE image = ? ORDER BY loaded_at"
        for (manifest,) in tx.execute(sql, (str(image.id),)).fetchall():
            drop_spare_manifests(tx, manifest)
        mark_index_stale(database)
        deleted = tuple(_delete(database, tx, image.id)) if goes else ()
        return Removed(tuple(names), deleted)


def _doomed_names(database: Database, image: StoredImage, text: str, force: bool) -> list[str]:
    if is_named(database, text):
        reference = Reference.parse(text)
        return [reference.familiar] if reference.digest is None else _names_of(database, reference)
    if len({Reference.parse(name).repository for name in image.names}) > 1 and not force:
        why = f"it has names in several repositories ({', '.join(image.names)})"
        raise ImageInUse(f"image {image.id.short}", why, "rmi with each name, or rmi --force")
    return list(image.names)


def _names_of(database: Database, reference: Reference) -> list[str]:
    """The names in a repository that mean the manifest of a digest."""
    sql = "SELECT name FROM names WHERE manifest = ? ORDER BY name"
    names = [name for (name,) in database.rows(sql, str(reference.digest))]
    return [name for name in names if Reference.parse(name).repository == reference.repository]


def _check_unused(database: Database, image: StoredImage) -> None:
    if found := users(database, image.id):
        name = image.names[0] if image.names else image.id.short
        raise ImageInUse(f"image {name}", f"it is used by {', '.join(found)}", "rm them first")


def _check_childless(tx: Connection, image: StoredImage) -> None:
    row = tx.execute("SELECT id FROM images WHERE parent = ?", (str(image.id),)).fetchone()
    if row:
        why = f"the image {Digest.parse(row[0]).short} was made from it"
        raise ImageInUse(f"image {image.id.short}", why, "rmi that one first")


def _delete(database: Database, tx: Connection, image: Digest | None) -> Iterator[Digest]:
    """Drop an image if nothing needs it, then likewise what it was made from."""
    while image and _is_unneeded(database, tx, image):
        row = tx.execute("SELECT parent FROM images WHERE id = ?", (str(image),)).fetchone()
        if row is None:
            return
        tx.execute("DELETE FROM images WHERE id = ?", (str(image),))
        yield image
        image = Digest.parse(row[0]) if row[0] else None


def _is_unneeded(database: Database, tx: Connection, image: Digest) -> bool:
    held = (
        "SELECT 1 FROM images WHERE parent = ?1 UNION ALL SELECT 1 FROM names"
        " JOIN manifests ON digest = manifest WHERE image = ?1"
    )
    return tx.execute(held, (str(image),)).fetchone() is None and not users(database, image)


def unneeded_images(database: Database, pinned: frozenset[str]) -> list[Digest]:
    """Images that no name, user or process needs, nor any that was made from them and is needed."""
    rows = database.rows(
        "SELECT id, parent, EXISTS (SELECT 1 FROM names JOIN manifests ON digest = manifest"
        " WHERE image = id) FROM images"
    )
    used = {of for query in IMAGE_USERS for (of, _) in database.rows(query)} | pinned
    needed = {image for image, _, named in rows if named or image in used}
    parents = {image: parent for image, parent, _ in rows}
    for image in list(needed):
        while (parent := parents.get(image)) and parent not in needed:
            needed.add(parent)
            image = parent
    return [Digest.parse(image) for image in parents if image not in needed]
