"""A containers-storage on disk (github.com/containers/storage), read as it lies.

``DRIVER-images/images.json``, ``DRIVER-layers/layers.json``, ``DRIVER-containers/containers.json``
list what there is; what doesn't outlive a restart stands in ``volatile-….json`` beside them. They
are replaced by renaming, so that they can be read without a lock. An image's documents are files of
``DRIVER-images/ID``; a layer's tar-split is ``DRIVER-layers/ID.tar-split.gz``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerscope.errors import LayerscopeError
from layerscope.oci.document import MAX_BYTES, Document, InvalidDocument
from layerscope.sources.containers_storage.settings import DRIVERS, Place

_MAX_DEPTH = 1000
# What a big-data file may be called as it is.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.")


class NoStorage(LayerscopeError):
    """There is no storage at a place, or none that this user may read."""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image: its names, its topmost layer, the sizes in bytes of its documents."""

    id: str
    names: tuple[str, ...]
    layer: str
    created: str
    documents: int


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """A layer: the one below it, "" if none, and the size in bytes of its tar, -1 if unknown."""

    id: str
    parent: str
    tar_size: int


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """A container: its writable layer, and what its maker notes of it (JSON)."""

    id: str
    names: tuple[str, ...]
    image: str
    layer: str
    created: str
    metadata: str


class Storage:
    """One storage with one driver. Methods raise NoStorage, InvalidDocument."""

    def __init__(self, place: Place, driver: str) -> None:
        self.root, self.run_root, self.driver = place.root, place.run_root, driver

    def images(self) -> list[ImageRecord]:
        """Every image."""
        return [_image(one) for one in self._listed("images")]

    def layers(self) -> dict[str, LayerRecord]:
        """Every layer by its ID, those of containers as well."""
        return {layer.id: layer for layer in map(_layer, self._listed("layers"))}

    def containers(self) -> list[ContainerRecord]:
        """Every container."""
        return [_container(one) for one in self._listed("containers")]

    def version(self) -> object:
        """Something else after a list has changed."""
        lists = ("images", "layers", "containers")
        return [version_of(path) for what in lists for path in self._files_of(what)]

    def document(self, image: str, name: str) -> bytes:
        """A document of an image. Raises OSError."""
        folder = self.root / f"{self.driver}-images" / _plain_id(image)
        with (folder / _file_name(name)).open("rb") as file:
            return file.read(MAX_BYTES + 1)

    def files(self, layer: str) -> Path:
        """The folder of a layer's files: what it adds, or with vfs all that is there with it."""
        if self.driver == "vfs":
            return self.root / "vfs" / "dir" / _plain_id(layer)
        return self.root / self.driver / _plain_id(layer) / "diff"

    def tar_split(self, layer: str) -> Path:
        """The file that makes the layer's tar from its files; a writable layer has none."""
        return self.root / f"{self.driver}-layers" / f"{_plain_id(layer)}.tar-split.gz"

    def _listed(self, what: str) -> Iterator[Document]:
        for path in self._files_of(what):
            data = _read(path)
            if data.strip() not in (b"", b"null"):
                yield from Document.parse_list(data, str(path))

    def _files_of(self, what: str) -> list[Path]:
        folder = self.root / f"{self.driver}-{what}"
        return [folder / f"{what}.json", folder / f"volatile-{what}.json"]


def open_storages(place: Place) -> list[Storage]:
    """The storage of the driver that ``place`` says, or one of each driver that has images or
    containers there. Raises NoStorage."""
    drivers = [place.driver] if place.driver else list(DRIVERS)
    if place.driver and place.driver not in DRIVERS:
        why = f"its driver {place.driver[:80]!r} isn't supported, only {', '.join(DRIVERS)}"
        raise NoStorage(f"storage {place.root}", why, "podman save IMAGE -o FILE.tar")
    try:
        there = {entry.name for entry in place.root.iterdir()}
    except FileNotFoundError:
        raise NoStorage(f"storage {place.root}", "there is none") from None
    except OSError as error:
        raise denied(place.root, error) from None
    return [Storage(place, driver) for driver in drivers if f"{driver}-images" in there]


def chain(layers: dict[str, LayerRecord], top: str) -> list[LayerRecord]:
    """The layers up to ``top``, bottom first. Raises InvalidDocument if one is missing."""
    found: list[LayerRecord] = []
    while top:
        if top not in layers or len(found) > _MAX_DEPTH:
            raise InvalidDocument("storage", f"its layer {top[:12]} is missing, or in a circle")
        found.append(layers[top])
        top = found[-1].parent
    return found[::-1]


def version_of(path: Path) -> tuple[int, ...]:
    """Something else after a file was written or replaced."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def image_size(image: ImageRecord, layers: Sequence[LayerRecord]) -> int:
    """Bytes as `podman images` counts them: of the layers' tars and the documents."""
    return image.documents + sum(max(layer.tar_size, 0) for layer in layers)


def denied(path: Path, error: OSError) -> NoStorage:
    """What is to be said of a place that this user may not read."""
    why = (error.strerror or str(error)).lower()
    mend = "sudo layerscope …, or podman unshare layerscope … for a user's own"
    return NoStorage(f"storage {path}", why, mend if isinstance(error, PermissionError) else None)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise denied(path, error) from None


def _image(document: Document) -> ImageRecord:
    sizes = document.child("big-data-sizes")
    return ImageRecord(
        _plain_id(document.text("id")),
        document.texts("names"),
        document.text("layer", ""),
        document.text("created", ""),
        sum(sizes.size_or(key, 0) for key in sizes.values) if sizes else 0,
    )


def _layer(document: Document) -> LayerRecord:
    return LayerRecord(
        _plain_id(document.text("id")),
        document.text("parent", ""),
        document.size_or("diff-size", -1),
    )


def _container(document: Document) -> ContainerRecord:
    return ContainerRecord(
        _plain_id(document.text("id")),
        document.texts("names"),
        document.text("image", ""),
        document.text("layer", ""),
        document.text("created", ""),
        document.text("metadata", ""),
    )


def _plain_id(text: str) -> str:
    """An ID, which is to be a part of a path."""
    if not text or not text.isascii() or not text.isalnum():
        raise InvalidDocument("storage", f"{text[:100]!r} is no ID")
    return text


def _file_name(name: str) -> str:
    """What the file of a document is called (``makeBigDataBaseName`` of containers/storage)."""
    if _PLAIN.issuperset(name):
        return name
    return "=" + base64.b64encode(name.encode()).decode().replace("/", "_")
