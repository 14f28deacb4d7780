"""The store: images by name and ID over blobs by digest; a valid OCI image layout as it lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from layerscope.errors import LayerscopeError
from layerscope.oci.chain import chain_ids
from layerscope.oci.config import ImageConfig
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest
from layerscope.oci.reference import InvalidReference, Reference
from layerscope.store import layout, lock
from layerscope.store.blobs import Blobs
from layerscope.store.database import Database, Transaction
from layerscope.store.files import write_whole

_FOLDERS = ("blobs/sha256", "layers", "containers", "volumes", "tmp")
_INDEX = "index.json"


class NoSuchImage(LayerscopeError):
    """No image of the store has that name or ID."""

    def __init__(self, name: str) -> None:
        super().__init__(f"image {name!r}", "there is none of that name or ID", "layerscope images")


class AmbiguousImage(LayerscopeError):
    """An ID prefix that several images share."""


class ImageInUse(LayerscopeError):
    """An image that can't be removed as long as something stands on it."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of the store. Names as Docker shows them; times are RFC 3339."""

    id: Digest
    manifest: Descriptor
    names: tuple[str, ...]
    created: str
    loaded_at: str
    parent: Digest | None


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """A layer as one image has it; ``size`` in bytes of its files, None if never counted."""

    diff_id: Digest
    chain_id: Digest
    blob: Digest
    size: int | None


class Store:
    """A folder of images; several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.scratch = root / "tmp"
        self.blobs = Blobs(root / "blobs", self.scratch)
        self.database = Database(root / "layerscope.db")

    @classmethod
    def open(cls, root: Path) -> Store:
        """The store at ``root``, made if it isn't there. Raises LayerscopeError."""
        store = cls(root)
        try:
            for folder in _FOLDERS:
                (root / folder).mkdir(parents=True, exist_ok=True)
            layout.make(root, store.scratch)
        except OSError as error:
            raise LayerscopeError(f"store {root}", error.strerror or str(error)) from error
        return store

    def layer_dir(self, diff_id: Digest) -> Path:
        """Where what is known of a layer is kept: its index, stacks, unpacked tree."""
        return self.root / "layers" / diff_id.hex

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """While the block runs, garbage collection takes nothing: for whoever adds blobs."""
        with lock.shared(self.root / "gc.lock"):
            yield

    def images(self) -> list[StoredImage]:
        """All images, newest first; of one age, by ID."""
        rows = self.database.rows(
            "SELECT id, manifest, media_type, manifest_size, created, loaded_at, parent FROM images"
        )
        names: dict[str, list[str]] = {}
        for name, image in self.database.rows("SELECT name, image FROM names ORDER BY name"):
            names.setdefault(image, []).append(Reference.parse(name).familiar)
        images = [_image(row, names.get(row[0], [])) for row in rows]
        images.sort(key=lambda image: image.id.hex)
        images.sort(key=lambda image: image.created, reverse=True)
        return images

    def resolve(self, text: str) -> StoredImage:
        """The image of a name, an ID or a prefix of one. Raises NoSuchImage, AmbiguousImage."""
        images = self.images()
        wanted = _familiar(text)
        named = [image for image in images if wanted in image.names]
        prefix = text.removeprefix("sha256:")
        matching = named or [i for i in images if prefix and i.id.hex.startswith(prefix)]
        if not matching:
            raise NoSuchImage(text)
        if len(matching) > 1:
            there = ", ".join(image.id.short for image in matching)
            raise AmbiguousImage(f"image {text!r}", f"several IDs start so: {there}")
        return matching[0]

    def manifest(self, image: StoredImage) -> Manifest:
        """Its manifest, verified. Raises MissingBlob, WrongBlob, InvalidDocument."""
        digest = image.manifest.digest
        return Manifest.parse(self.blobs.read(digest), f"manifest {digest.short}")

    def config(self, image: StoredImage) -> ImageConfig:
        """Its config, verified. Raises MissingBlob, WrongBlob, InvalidDocument."""
        return ImageConfig.parse(self.blobs.read(image.id), f"config {image.id.short}")

    def layers(self, image: Digest) -> list[ImageLayer]:
        """The layers of an image, bottom up."""
        rows = self.database.rows(
            "SELECT i.diff_id, chain_id, blob, size FROM image_layers i "
            "LEFT JOIN layers l ON l.diff_id = i.diff_id WHERE image = ? ORDER BY number",
            str(image),
        )
        return [
            ImageLayer(Digest.parse(diff_id), Digest.parse(chain), Digest.parse(blob), size)
            for diff_id, chain, blob, size in rows
        ]

    def put_layer(self, diff_id: Digest, size: int) -> None:
        """Keep the size of a layer, in bytes of its files."""
        with self.database.write() as tx:
            tx.run("INSERT OR REPLACE INTO layers VALUES (?, ?)", str(diff_id), size)

    def add_image(
        self, manifest: bytes, names: Iterable[Reference] = (), parent: Digest | None = None
    ) -> StoredImage:
        """Make an image of blobs that are there; adding one again only adds names.

        Raises MissingBlob, InvalidDocument, OSError.
        """
        parsed = Manifest.parse(manifest)
        config = ImageConfig.parse(self.blobs.read(parsed.config.digest))
        _check_layers(self.blobs, parsed, config)
        digest = self.blobs.add(manifest)
        descriptor = Descriptor(parsed.media_type, digest, len(manifest))
        identity = str(parsed.config.digest)
        with self._changing() as tx:
            tx.run(
                "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "manifest = excluded.manifest, media_type = excluded.media_type, "
                "manifest_size = excluded.manifest_size, "
                "parent = COALESCE(excluded.parent, parent)",
                *(identity, str(digest), descriptor.media_type, descriptor.size),
                *(config.created, _now(), str(parent) if parent else None),
            )
            tx.run("DELETE FROM image_layers WHERE image = ?", identity)
            blobs = [layer.digest for layer in parsed.layers]
            rows = zip(config.diff_ids, chain_ids(config.diff_ids), blobs, strict=True)
            tx.run_many(
                "INSERT INTO image_layers VALUES (?, ?, ?, ?, ?)",
                [(identity, n, *map(str, row)) for n, row in enumerate(rows)],
            )
            _name(tx, identity, names)
        return self.resolve(identity)

    def tag(self, image: StoredImage, names: Iterable[Reference]) -> None:
        """Give names to an image, taking them from others."""
        with self._changing() as tx:
            _name(tx, str(image.id), names)

    def untag(self, name: Reference) -> None:
        """Take a name away; the image stays."""
        with self._changing() as tx:
            tx.run("DELETE FROM names WHERE name = ?", str(name))

    def remove_images(self, images: Sequence[StoredImage]) -> None:
        """Forget images and their names; their blobs stay until they are pruned."""
        with self._changing() as tx:
            tx.run_many("DELETE FROM images WHERE id = ?", [(str(image.id),) for image in images])

    def settle(self) -> None:
        """Finish what a process that died had begun; nothing happens if there is nothing."""
        if self.database.rows("SELECT 1 FROM pending"):
            with lock.alone(self.root / "index.lock"):
                self._write_index()

    def index_bytes(self) -> bytes:
        """What ``index.json`` has to be."""
        return layout.index_of((image.manifest, image.names) for image in self.images())

    @contextmanager
    def _changing(self) -> Iterator[Transaction]:
        """A transaction on images or names, after which ``index.json`` says the same."""
        with lock.alone(self.root / "index.lock"):
            with self.database.write() as tx:
                tx.run("INSERT OR IGNORE INTO pending VALUES (?)", _INDEX)
                yield tx
            self._write_index()

    def _write_index(self) -> None:
        write_whole(self.index_bytes(), self.root / _INDEX, self.scratch)
        with self.database.write() as tx:
            tx.run("DELETE FROM pending WHERE work = ?", _INDEX)


def _image(row: tuple[str, str, str, int, str, str, str | None], names: list[str]) -> StoredImage:
    identity, manifest, media_type, size, created, loaded_at, parent = row
    return StoredImage(
        id=Digest.parse(identity),
        manifest=Descriptor(media_type, Digest.parse(manifest), size),
        names=tuple(names),
        created=created,
        loaded_at=loaded_at,
        parent=Digest.parse(parent) if parent else None,
    )


def _name(tx: Transaction, image: str, names: Iterable[Reference]) -> None:
    tx.run_many(
        "INSERT INTO names VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET image = excluded.image",
        [(str(name), image) for name in names],
    )


def _check_layers(blobs: Blobs, manifest: Manifest, config: ImageConfig) -> None:
    if len(manifest.layers) != len(config.diff_ids):
        why = f"it has {len(manifest.layers)} layers, its config {len(config.diff_ids)} diffIDs"
        raise LayerscopeError("manifest", why)
    for layer in manifest.layers:
        blobs.size(layer.digest)


def _familiar(text: str) -> str | None:
    try:
        return Reference.parse(text).familiar
    except InvalidReference:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
