"""The store as an OCI image layout (OCI image-spec, image-layout.md), its own folders beside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest
from layerscope.store.disk import images_hint, told, write_whole
from layerscope.store.reserve import RESERVE

if TYPE_CHECKING:
    from layerscope.oci.descriptor import Descriptor
    from layerscope.oci.manifest import ImageIndex
    from layerscope.store.database import Database

DATABASE = "layerscope.db"
_LAYOUT, _INDEX = "oci-layout", "index.json"
LAYOUT_DOCUMENT = b'{"imageLayoutVersion":"1.0.0"}'
_FOLDERS = ("blobs/sha256", "layers", "containers", "volumes", "tmp/spool")
_OWN = frozenset(
    ("blobs", "layers", "containers", "volumes", "tmp", "toolbox", RESERVE, _LAYOUT, _INDEX)
)
_STALE = "index_stale"


class NoStore(LayerscopeError):
    """A directory holds something else, which a store must not be put over."""


def is_store(root: Path) -> bool:
    """Whether there is a store, rather than room for a new one.

    Raises NoStore for a directory with other things in it, StoreFailure.
    """
    with told(root):
        if (root / DATABASE).exists() and (root / _INDEX).exists():
            return True
        if root.exists():
            _check_empty(root)
        return False


def make(root: Path) -> None:
    """Make the folders and files of an empty store; those that are there stay.

    Raises StoreFailure.
    """
    with told(root):
        root.mkdir(parents=True, exist_ok=True)
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        if not (root / _LAYOUT).exists():
            write_whole(root / "tmp" / _unique(_LAYOUT), root / _LAYOUT, LAYOUT_DOCUMENT)
        if not (root / _INDEX).exists():
            from layerscope.oci.manifest import ImageIndex

            empty = ImageIndex(()).to_bytes()
            write_whole(root / "tmp" / _unique(_INDEX), root / _INDEX, empty)


def _unique(name: str) -> str:
    return f"{name}-{os.getpid()}"


def _check_empty(root: Path) -> None:
    from layerscope.oci.manifest import ImageIndex

    others = sorted({entry.name for entry in root.iterdir()} - _OWN)
    index = root / _INDEX
    if index.exists() and ImageIndex.parse(index.read_bytes(), str(index)).manifests:
        others.insert(0, _INDEX)
    # Looked for last: another process may just have made the store.
    if others and not (root / DATABASE).exists():
        why = f"it is no store, and not empty (it has {others[0]!r})"
        hint = images_hint(root) if others[0] == _INDEX else "name a new folder with --root"
        raise NoStore(str(root), why, hint)


def mark_index_stale(database: Database) -> None:
    """To be called in the transaction that changes what ``index.json`` lists."""
    with database.write() as tx:
        tx.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", (_STALE,))


def refresh_index(root: Path, database: Database, force: bool = False) -> None:
    """Write ``index.json`` again if the tables have changed since.

    It never runs ahead of the tables: they are committed before, and whoever opens the store next
    does this again if a process died in between. Raises StoreFailure.
    """
    if not force and database.row("SELECT 1 FROM meta WHERE key = ?", _STALE) is None:
        return
    with database.write() as tx, told(root / _INDEX):
        data = index_document(database).to_bytes()
        write_whole(root / "tmp" / _INDEX, root / _INDEX, data)
        tx.execute("DELETE FROM meta WHERE key = ?", (_STALE,))


def index_document(database: Database) -> ImageIndex:
    """What ``index.json`` must list: each manifest once a name, the nameless ones once."""
    from layerscope.oci.manifest import ImageIndex

    rows = database.rows(
        "SELECT m.media_type, m.digest, m.size, n.name"
        " FROM manifests m LEFT JOIN names n ON n.manifest = m.digest ORDER BY n.name, m.digest"
    )
    return ImageIndex(tuple(named(*row) for row in rows))


def named(media_type: str, digest: str, size: int, name: str | None) -> Descriptor:
    """An entry of an ``index.json``, with the annotations that other tools take names from."""
    from layerscope.oci.descriptor import CONTAINERD_NAME, REF_NAME, Descriptor

    annotations = {} if name is None else {REF_NAME: name, CONTAINERD_NAME: _full(name)}
    return Descriptor(media_type, Digest.parse(digest), size, annotations=annotations)


def _full(name: str) -> str:
    from layerscope.oci.reference import InvalidReference, Reference

    try:
        return str(Reference.parse(name))
    except InvalidReference:
        # A damaged table; fsck tells.
        return name
