"""The store: one folder that holds images, and what is known of them."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.oci.digest import Digest
from layerscope.store import layout
from layerscope.store.blobs import BlobStore
from layerscope.store.disk import Unwritable, check_writable
from layerscope.store.images import LayerBlob, StoredImage, all_images, is_named, resolve
from layerscope.store.reserve import reserve_lent
from layerscope.store.users import users
from layerscope.units import now_text

if TYPE_CHECKING:
    from layerscope.index.facts import LayerFacts
    from layerscope.oci.config import ImageConfig
    from layerscope.oci.manifest import Manifest
    from layerscope.oci.reference import Reference
    from layerscope.oci.runtime_config import RuntimeConfig
    from layerscope.store import garbage, removal
    from layerscope.store.database import Database, Waiting
    from layerscope.store.hands import Hand
    from layerscope.store.scratch import Scratch


class Store:
    """An OCI image layout with a database beside it; several processes may share one.

    Methods raise StoreFailure where the disk or the database fails.
    """

    def __init__(self, root: Path, database: Database, scratch: Scratch) -> None:
        self.root = root
        self.database = database
        self._scratch = scratch
        self.blobs = BlobStore(root / "blobs")
        self._keeping = threading.Lock()
        self._kept: Hand | None = None

    @classmethod
    def open(cls, root: Path, waiting: Waiting | None = None, scratch: Path | None = None) -> Store:
        """Open the store at ``root``; make it if there is none.

        One that cannot be written can be read, and looked at, with the help of a ``scratch``
        folder; where none can be made there is an empty one to read. ``waiting`` hears of waiting
        for other processes, as a :class:`Database` says it. Raises NoStore for a folder of
        something else, NewerStore, StoreFailure.
        """
        from layerscope.store import opening

        root, database, used = opening.opened(root, waiting, scratch)
        store = cls(root, database, used)
        with suppress(Unwritable):  # whoever can write does it
            store._changed()
        return store

    def close(self) -> None:
        """Let go of its files and of what it keeps."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self.database.close()

    def check_writable(self) -> None:
        """Raises Unwritable where the disk is full or access is denied."""
        if self.database.refusal is not None:
            raise self.database.refusal
        check_writable(self.root / "tmp", self.root / layout.DATABASE)

    @property
    def is_writable(self) -> bool:
        """Whether the disk has room, and access is granted."""
        try:
            self.check_writable()
        except Unwritable:
            return False
        return True

    def hold(self) -> Hand:
        """A context manager that keeps what is pinned with it from being removed meanwhile.

        Raises Unwritable, StoreFailure.
        """
        from layerscope.store.hands import Hand

        self.check_writable()
        return Hand(self.database, self.root / "tmp")

    def hold_to_read(self) -> Hand:
        """The same for who puts nothing into the store but caches; where those can't be written
        either, nothing is kept from being removed."""
        from layerscope.store.hands import Hand

        return Hand(None, self._scratch.folder) if self._is_unwritable() else self.hold()

    def keep(self, *items: Digest | str) -> None:
        """As a hand's pins, until this store is closed or the process ends."""
        with self._keeping:
            if self._is_unwritable():
                return
            if self._kept is None:
                self._kept = self.hold()
                atexit.register(self.close)
            self._kept.pin(*items)

    def layer_dir(self, diff_id: Digest) -> Path:
        """The folder of what is kept beside a layer: its index, stacks, tree. It may be missing."""
        return self.root / "layers" / diff_id.hex

    def index_dir(self, diff_id: Digest) -> Path:
        """The same for who only looks at a layer: indexes and stacks can be put there, also where
        the store cannot be written."""
        folder = self.layer_dir(diff_id)
        return self._scratch.linked(folder) if self._is_unwritable() else folder

    def spool_file(self, key: str) -> Path:
        """Where the copy of an archive lies, or can be put, that is pinned as ``spool:KEY``."""
        file = self.root / "tmp" / "spool" / key
        return self._scratch.file(file) if self._is_unwritable() else file

    def images(self) -> list[StoredImage]:
        """All images, the latest created first."""
        return all_images(self.database)

    def resolve(self, text: str) -> StoredImage:
        """The image of a name or the start of an ID. Raises NoSuchImage, AmbiguousImage."""
        return resolve(self.database, text)

    def has_name(self, text: str) -> bool:
        """Whether ``text`` is the name of an image, rather than the start of an ID."""
        return is_named(self.database, text)

    def manifest(self, image: StoredImage) -> Manifest:
        """Its manifest, verified. Raises MissingBlob, WrongDigest, InvalidDocument."""
        from layerscope.oci.manifest import Manifest

        digest = image.manifest.digest
        return Manifest.parse(self.blobs.read(digest), f"manifest {digest.short}")

    def config(self, image: StoredImage) -> ImageConfig:
        """Its config, verified. Raises MissingBlob, WrongDigest, InvalidDocument."""
        from layerscope.oci.config import ImageConfig

        return ImageConfig.parse(self.blobs.read(image.id), f"config {image.id.short}")

    def runtime_config(self, image: StoredImage) -> RuntimeConfig:
        """What its config says of containers, alone. Raises as :meth:`config`."""
        from layerscope.oci.runtime_config import RuntimeConfig

        return RuntimeConfig.parse(self.blobs.read(image.id), f"config {image.id.short}")

    def users(self, image: Digest) -> list[str]:
        """Names of the containers that need an image."""
        return users(self.database, image)

    def record_layer(self, facts: LayerFacts) -> None:
        """Keep what one pass over a layer's blob found; add_image asks for it."""
        from layerscope.store import adding

        adding.record_layer(self.database, facts)

    def layer_of(self, blob: Digest) -> Digest | None:
        """The diffID of the layer that a blob holds, if it is here and was verified."""
        sql = "SELECT diff_id FROM layer_blobs WHERE digest = ?"
        row = self.database.row(sql, str(blob))
        return Digest.parse(row[0]) if row and self.blobs.has(blob) else None

    def blob_of(self, diff_id: Digest) -> LayerBlob | None:
        """A blob that is here and was seen to hold the layer; a plain one if there are several."""
        sql = (
            "SELECT digest, codec, size FROM layer_blobs WHERE diff_id = ?1"
            " ORDER BY digest != ?1, digest"
        )
        rows = self.database.rows(sql, str(diff_id))
        blobs = (LayerBlob(Digest.parse(digest), codec, size) for digest, codec, size in rows)
        return next((blob for blob in blobs if self.blobs.has(blob.digest)), None)

    def remember_file(self, fingerprint: str, diff_id: Digest) -> None:
        """Keep which layer a file outside the store was seen to hold, if that can be written."""
        if self._is_unwritable():
            return
        with self.database.write() as tx:
            row = (fingerprint, str(diff_id))
            tx.execute("INSERT OR REPLACE INTO seen_files VALUES (?, ?)", row)

    def remembered_file(self, fingerprint: str) -> Digest | None:
        """The diffID of a file that was seen before."""
        sql = "SELECT diff_id FROM seen_files WHERE fingerprint = ?"
        row = self.database.row(sql, fingerprint)
        return Digest.parse(row[0]) if row else None

    def remember_origin(self, reference: Reference, blobs: Iterable[Digest]) -> None:
        """Keep that the repository of a name has blobs, if that can be written."""
        if self._is_unwritable():
            return
        rows = [(str(digest), reference.domain, reference.path) for digest in blobs]
        with self.database.write() as tx:
            tx.executemany("INSERT OR IGNORE INTO blob_origins VALUES (?, ?, ?)", rows)

    def origins(self, blob: Digest, registry: str) -> list[str]:
        """The paths of repositories of a registry that were seen to have a blob."""
        sql = "SELECT repository FROM blob_origins WHERE digest = ? AND registry = ?"
        return [row[0] for row in self.database.rows(sql, str(blob), registry)]

    def add_image(
        self, manifest_bytes: bytes, names: Iterable[str] = (), parent: Digest | None = None
    ) -> StoredImage:
        """Add an image whose config and layers are in the store, and in the caller's hand.

        A name that another image has moves over. Raises IncompleteImage, MissingBlob,
        InvalidDocument, InvalidReference.
        """
        from layerscope.store import adding

        new = adding.NewImage(manifest_bytes, tuple(names), parent)
        with self.hold() as hand:
            self.blobs.put(manifest_bytes, hand)
            identity = adding.add_image(self.database, self.blobs, new, now_text())
        self._changed()
        return self.resolve(str(identity))

    def add_step(self, manifest_bytes: bytes, parent: Digest | None, hand: Hand) -> None:
        """Add an image without a name on the way to another one; ``hand`` has its config and
        layers.

        Other tools see it, and it outlasts a power cut, only from :meth:`settle` on, or from any
        other change. Raises IncompleteImage, MissingBlob, InvalidDocument.
        """
        from layerscope.store import adding

        self.blobs.put(manifest_bytes, hand)
        new = adding.NewImage(manifest_bytes, (), parent)
        adding.add_image(self.database, self.blobs, new, now_text(), lasting=False)

    def settle(self) -> None:
        """Make what :meth:`add_step` added last, and tell other tools of it."""
        self._changed()

    def tag(self, image: str, name: str) -> None:
        """Give an image, by name or ID, one more name. Raises as resolve, InvalidReference."""
        from layerscope.store import adding

        familiar = adding.familiar(name)
        with self.database.write() as tx:
            found = self.resolve(image)
            adding.set_names(tx, [familiar], found.manifest.digest)
            layout.mark_index_stale(self.database)
        self._changed()

    def remove_image(self, text: str, force: bool = False) -> removal.Removed:
        """Take a name away, and an image whose last it was. See :func:`removal.remove`.

        Blobs stay until they are collected. Raises NoSuchImage, AmbiguousImage, ImageInUse.
        """
        from layerscope.store import removal

        with self.removing():
            removed = removal.remove(self.database, text, force)
            self._changed()
        return removed

    def find_garbage(self, spared: frozenset[str] = frozenset()) -> garbage.Garbage:
        """What collect would take now."""
        from layerscope.store import garbage

        return garbage.find_garbage(self.root, self.database, spared)

    def collect(self, spared: frozenset[str] = frozenset()) -> garbage.Garbage:
        """Take away what nothing refers to and nobody has in hand; what went. ``spared`` stays."""
        from layerscope.store import garbage

        with self.removing(wholly=True):
            return garbage.collect(self.root, self.database, spared)

    def removing(self, *, wholly: bool = False) -> AbstractContextManager[None]:
        """For what removes things, and so must work on a full disk: a context manager that lends
        the reserve, half of it or ``wholly``."""
        return reserve_lent(self.root, self.database.fold, wholly=wholly)

    @property
    def scratch_folder(self) -> Path | None:
        """Where indexes go if the store can't be written, for a process that makes them too."""
        return self._scratch.folder if self._is_unwritable() else None

    def _is_unwritable(self) -> bool:
        """Whether the store can't be written; once so, it stays so for this process."""
        if not self._scratch.is_made and not self.is_writable:
            _ = self._scratch.folder
        return self._scratch.is_made

    def _changed(self) -> None:
        layout.refresh_index(self.root, self.database)
