"""Images of the store written out again, in the forms that other tools read."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.writer import TarWriter
from layerscope.errors import LayerscopeError
from layerscope.oci.descriptor import REF_NAME
from layerscope.oci.document import Document, canonical
from layerscope.progress import Silent
from layerscope.sources.parts import Chosen, Part, Parts, docker_parts, index_part, oci_parts
from layerscope.store.blobs import write_all
from layerscope.store.disk import temporary_name

if TYPE_CHECKING:
    from layerscope.progress import Progress
    from layerscope.store.store import Store

TASK = "save"
_INDEX = "index.json"
_BEGUN = frozenset(("oci-layout", "blobs"))  # a layout whose index was still to come


class SaveFormat(enum.Enum):
    """The words of ``save --format``."""

    DOCKER_ARCHIVE = "docker-archive"
    OCI_ARCHIVE = "oci-archive"
    OCI = "oci"


class BadDestination(LayerscopeError):
    """Images cannot be written there."""


def save_images(
    store: Store,
    names: Sequence[str],
    out: Path,
    form: SaveFormat,
    progress: Progress | None = None,
) -> None:
    """Write the images that ``names`` (or IDs, which save no name) mean to ``out``.

    The same images give the same bytes. An archive appears when it is whole; an OCI folder may
    hold other images already, which stay, but for those of the same names. Raises NoSuchImage,
    AmbiguousImage, MissingBlob, WrongDigest, BadDestination, StoreFailure, Cancelled, and
    BrokenPipeError where nobody reads ``out``.
    """
    with store.hold_to_read() as hand:
        chosen = [_choose(store, name) for name in names]
        for one in chosen:
            hand.pin(one.image.id, one.image.manifest.digest)
            manifest = store.manifest(one.image)
            hand.pin(*(layer.digest for layer in manifest.layers))
        make = docker_parts if form is SaveFormat.DOCKER_ARCHIVE else oci_parts
        parts = make(store, chosen)
        writer = _Writer(parts, progress or Silent())
        with _told(out):
            if form is SaveFormat.OCI:
                writer.into_folder(out)
            else:
                with _destination(out) as file:
                    writer.into_tar(file)


def _choose(store: Store, name: str) -> Chosen:
    from layerscope.oci.reference import Reference

    image = store.resolve(name)
    if not store.has_name(name):
        return Chosen(image, None)
    reference = Reference.parse(name)
    return Chosen(image, reference.familiar if reference.digest is None else None)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """Turns an OSError within into a BadDestination; a reader who has left is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadDestination(str(out), (error.strerror or str(error)).lower()) from error


@contextmanager
def _destination(out: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when it is whole; a pipe or device is written to as it is."""
    if out.is_dir():
        raise BadDestination(str(out), "it is a folder", "name a file, or --format oci")
    if out.exists() and not out.is_file():
        with out.open("wb", buffering=0) as file:
            yield file
        return
    temporary = out.with_name(temporary_name(out.name))
    try:
        with temporary.open("wb", buffering=0) as file:
            yield file
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


class _Writer:
    """Writes parts and tells how far it is."""

    def __init__(self, parts: Parts, progress: Progress) -> None:
        self._parts, self._progress = parts, progress
        self._done = 0

    def into_tar(self, out: BinaryIO) -> None:
        """All of them as one reproducible tar, documents first."""
        files = {**self._parts.files, _INDEX: index_part(self._parts)}
        self._progress.begin(TASK, sum(part.size for part in files.values()))
        tar = TarWriter(_Unbuffered(out))
        folders = {parent for name in files for parent in map(str, Path(name).parents)} - {"."}
        for name in sorted({*files, *folders}, key=lambda name: (name.startswith("blobs"), name)):
            if name in folders:
                tar.add(Entry(name.encode(), Kind.DIR, 0o755))
            else:
                entry = Entry(name.encode(), Kind.FILE, 0o644, size=files[name].size)
                tar.add(entry, self._watched(files[name]))
        tar.close()
        self._progress.end(TASK)

    def into_folder(self, folder: Path) -> None:
        """Add them to an OCI layout, which is made if there is none."""
        index = _merged_index(folder, self._parts)
        self._progress.begin(TASK, sum(part.size for part in self._parts.files.values()))
        for name, part in self._parts.files.items():
            path = folder / name
            if name.startswith("blobs/") and path.is_file() and path.stat().st_size == part.size:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file(path, part)
        self._file(folder / _INDEX, Part.of(index))
        self._progress.end(TASK)

    def _file(self, path: Path, part: Part) -> None:
        with _destination(path) as file:
            for chunk in self._watched(part):
                write_all(file, chunk)

    def _watched(self, part: Part) -> Iterator[bytes]:
        for chunk in part.content():
            yield chunk
            self._done += len(chunk)
            self._progress.check()
            self._progress.advance(TASK, self._done)


class _Unbuffered:
    """Takes all that is written, however little the system takes at once."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, data: bytes | memoryview, /) -> None:
        """Write all of ``data``."""
        write_all(self._out, data)


def _merged_index(folder: Path, parts: Parts) -> bytes:
    """The layout's index with these images in it, the others' entries kept as they are."""
    index = folder / _INDEX
    if not index.exists():
        names = set(os.listdir(folder)) if folder.exists() else set()
        if names and not {"oci-layout"} <= names <= _BEGUN:
            raise BadDestination(str(folder), "it is neither empty nor an OCI layout")
        return b"".join(index_part(parts).content())
    document = Document.parse(index.read_bytes(), str(index))
    new = [manifest.to_json() for manifest in parts.manifests]
    names = {entry.get("annotations", {}).get(REF_NAME) for entry in new} - {None}
    old = [child.values for child in document.children("manifests")]
    kept = [
        entry
        for entry in old
        if entry not in new and (entry.get("annotations") or {}).get(REF_NAME) not in names
    ]
    values: dict[str, Any] = {**document.values, "manifests": [*kept, *new]}
    return canonical(values)
