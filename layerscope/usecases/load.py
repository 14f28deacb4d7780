"""Copying an image into the store: only the blobs that it lacks, each read once and verified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from layerscope.archive.codec import detect
from layerscope.index.ingest import index_layer
from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.manifest import Manifest
from layerscope.progress import Progress, Silent

if TYPE_CHECKING:
    from pathlib import Path

    from layerscope.index.facts import LayerFacts
    from layerscope.oci.digest import Digest
    from layerscope.oci.platform import Platform
    from layerscope.sources.image import Image, Layer
    from layerscope.store.hands import Hand
    from layerscope.store.store import Store


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; ``blobs_added`` and ``bytes_added`` count layers and documents."""

    id: str
    names: tuple[str, ...]
    layers: int
    blobs_added: int
    bytes_added: int
    blobs_shared: int


def load(
    store: Store,
    target: str,
    names: Iterable[str] = (),
    progress: Progress | None = None,
    platform: Platform | None = None,
) -> Loaded:
    """Copy the image that ``target`` names; ``names`` replace its own. Raises LayerscopeError.

    Nothing of it is visible before all of it is there.
    """
    from layerscope.sources.target import open_target

    image = open_target(target, store, platform)
    with store.hold() as hand:
        work = _Load(store, hand, progress or Silent())
        manifest = work.documents(image, work.layers(image))
        stored = store.add_image(manifest, tuple(names) or image.names)
    return Loaded(
        id=str(stored.id),
        names=stored.names,
        layers=len(stored.layers),
        blobs_added=work.added,
        bytes_added=work.added_bytes,
        blobs_shared=work.shared,
    )


class _Load:
    """One load and what it has counted so far."""

    def __init__(self, store: Store, hand: Hand, progress: Progress) -> None:
        self._store, self._hand, self._progress = store, hand, progress
        self.added = self.added_bytes = self.shared = 0
        self._seen: set[Digest] = set()

    def layers(self, image: Image) -> list[tuple[Digest, Descriptor]]:
        """Bring each layer's blob in; its diffID and what the manifest is to say of it."""
        return [self._layer(number, layer) for number, layer in enumerate(image.layers)]

    def documents(self, image: Image, layers: list[tuple[Digest, Descriptor]]) -> bytes:
        """Bring the config in; the manifest, made where the source has none."""
        config_bytes, manifest_bytes = image.config_bytes, image.manifest_bytes
        if not image.config.diff_ids and layers:
            config = replace(image.config, diff_ids=tuple(diff_id for diff_id, _ in layers))
            config_bytes = config.to_bytes()
        digest = self._document(config_bytes)
        if manifest_bytes is None:
            config_descriptor = Descriptor(media.OCI_CONFIG, digest, len(config_bytes))
            blobs = tuple(descriptor for _, descriptor in layers)
            manifest_bytes = Manifest(config_descriptor, blobs).to_bytes()
        self._document(manifest_bytes)
        return manifest_bytes

    def _document(self, data: bytes) -> Digest:
        from layerscope.oci.digest import Digest

        digest = Digest.of(data)
        self._hand.pin(digest)
        if self._store.blobs.has(digest):
            self.shared += 1
        else:
            self._store.blobs.put(data, self._hand)
            self._count(len(data))
        return digest

    def _layer(self, number: int, layer: Layer) -> tuple[Digest, Descriptor]:
        promised = layer.descriptor.digest if layer.descriptor else None
        if layer.diff_id is not None:
            self._hand.pin(layer.diff_id, *([promised] if promised else []))
            known = promised or self._store.blob_of(layer.diff_id)
            if known is not None and self._store.layer_of(known) == layer.diff_id:
                self.shared += known not in self._seen
                self._seen.add(known)
                return layer.diff_id, layer.descriptor or self._descriptor(known)
        facts = self._read(number, layer, promised)
        self._seen.add(facts.digest)
        made = _descriptor(facts.digest, facts.blob_size, facts.codec)
        return facts.diff_id, layer.descriptor or made

    def _descriptor(self, known: Digest) -> Descriptor:
        with self._store.blobs.open(known) as blob:
            codec = detect(blob.read(512))
        return _descriptor(known, self._store.blobs.size(known), codec.value)

    def _read(self, number: int, layer: Layer, promised: Digest | None) -> LayerFacts:
        """Read the layer once: into the blob, through the hashes, into the index."""
        task = f"layer {number}"
        self._progress.begin(task, layer.size)

        def watch(done: int) -> None:
            self._progress.check()
            self._progress.advance(task, done)

        with self._store.blobs.writer(self._hand) as writer, layer.open() as raw:
            facts = index_layer(
                raw,
                self._index_place,
                watch=watch,
                digest=promised,
                diff_id=layer.diff_id,
                sink=writer.write,
            )
            self._hand.pin(facts.diff_id)
            writer.commit(facts.digest)
        self._store.record_layer(facts)
        self._count(facts.blob_size)
        self._progress.end(task)
        return facts

    def _index_place(self, diff_id: Digest) -> Path:
        folder = self._store.layer_dir(diff_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "index"

    def _count(self, size: int) -> None:
        self.added += 1
        self.added_bytes += size


_LAYER_TYPES = {
    "plain": media.OCI_LAYER,
    "gzip": media.OCI_LAYER_GZIP,
    "zstd": media.OCI_LAYER_ZSTD,
}


def _descriptor(digest: Digest, size: int, codec: str) -> Descriptor:
    return Descriptor(_LAYER_TYPES.get(codec, media.OCI_LAYER), digest, size)
