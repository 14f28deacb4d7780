"""One layer's blob copied into the store, verified and indexed in the same pass."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from layerscope.archive.codec import Codec, decoded
from layerscope.errors import LayerscopeError
from layerscope.index.columns import InvalidIndex
from layerscope.index.layer import LayerIndex
from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.store.blobs import WrongDigest, write_all
from layerscope.store.disk import told

if TYPE_CHECKING:
    from io import FileIO

    from layerscope.index.facts import LayerFacts
    from layerscope.sources.image import Layer
    from layerscope.store.hands import Hand
    from layerscope.store.store import Store

Watch = Callable[[int], None]
Sink = Callable[[bytes | memoryview], None]

_CHUNK = 1 << 20
# The forms that other tools know in a manifest; layers in others are kept uncompressed.
_MEDIA_TYPES = {
    Codec.PLAIN.value: media.OCI_LAYER,
    Codec.GZIP.value: media.OCI_LAYER_GZIP,
    Codec.ZSTD.value: media.OCI_LAYER_ZSTD,
}


class WrongLayer(LayerscopeError):
    """A blob was seen to hold another layer than the image's config says."""


class KeptLayer(NamedTuple):
    """A layer that is in the store; ``added`` bytes came for it, None if it was there already."""

    descriptor: Descriptor
    diff_id: Digest
    added: int | None


def keep_layer(layer: Layer, store: Store, hand: Hand, watch: Watch) -> KeptLayer:
    """Bring a layer in unless the store has it.

    ``watch`` hears of the bytes read so far and may raise to stop. Raises what reading and
    indexing raise, WrongLayer, StoreFailure.
    """
    there = _there(layer, store)
    if there is not None:
        return there
    if layer.distant is not None:
        temporary = layer.distant.file
        facts = _copy(layer, store, hand, _kept_already, watch)
    else:
        temporary = hand.temporary()
        with told(store.root):
            out = temporary.open("xb", buffering=0)
        with out:
            facts = _copy(layer, store, hand, partial(_write, store.root, out), watch)
    store.record_layer(facts)
    if layer.fingerprint is not None:
        store.remember_file(layer.fingerprint, facts.diff_id)
    added = store.blobs.adopt(temporary, facts.digest, hand)
    descriptor = layer.descriptor or _descriptor(facts.digest, facts.blob_size, facts.codec)
    return KeptLayer(descriptor, facts.diff_id, facts.blob_size if added else None)


def _there(layer: Layer, store: Store) -> KeptLayer | None:
    """The layer if the store has it: the promised blob, or where none is promised any form."""
    if layer.descriptor is None:
        blob = store.blob_of(layer.diff_id) if layer.diff_id else None
        if blob is None or layer.diff_id is None or blob.codec not in _MEDIA_TYPES:
            return None
        return KeptLayer(_descriptor(blob.digest, blob.size, blob.codec), layer.diff_id, None)
    digest = layer.descriptor.digest
    diff_id = store.layer_of(digest)
    if diff_id is None:
        return None
    if layer.diff_id is not None and diff_id != layer.diff_id:
        why = f"its blob {digest.short} holds the layer {diff_id.short}"
        raise WrongLayer(f"layer {layer.diff_id.short}", why)
    return KeptLayer(layer.descriptor, diff_id, None)


def _copy(layer: Layer, store: Store, hand: Hand, sink: Sink, watch: Watch) -> LayerFacts:
    codec = layer.codec()
    promised = layer.descriptor.digest if layer.descriptor else None
    if promised is None and codec is Codec.PLAIN:
        promised = layer.diff_id
    with layer.open() as raw:
        known = _known(layer, store, promised)
        if known is not None and promised is not None:
            return known._replace(blob_size=_verbatim(raw, promised, sink, watch))
        if promised is None and codec.value not in _MEDIA_TYPES:
            raw = cast(BinaryIO, decoded(cast(io.RawIOBase, raw), codec))
        return _indexed(raw, layer, partial(_place, store, hand), sink, watch)


def _known(layer: Layer, store: Store, promised: Digest | None) -> LayerFacts | None:
    """Facts of an earlier pass over the promised bytes, wherever they lay then."""
    if layer.diff_id is None or promised is None:
        return None
    try:
        facts = LayerIndex.open(store.layer_dir(layer.diff_id) / "index").facts
    except (InvalidIndex, OSError):
        return None
    return facts if facts.digest == promised else None


def _verbatim(raw: BinaryIO, promised: Digest, sink: Sink, watch: Watch) -> int:
    """Copy bytes whose digest says all; how many."""
    size, digest = 0, hashlib.new(promised.algorithm)
    while data := raw.read(_CHUNK):
        digest.update(data)
        sink(data)
        size += len(data)
        watch(size)
    if digest.hexdigest() != promised.hex:
        raise WrongDigest(promised, Digest(promised.algorithm, digest.hexdigest()))
    return size


def _indexed(
    raw: BinaryIO, layer: Layer, place: Callable[[Digest], Path], sink: Sink, watch: Watch
) -> LayerFacts:
    from layerscope.index.ingest import index_layer

    promised = layer.descriptor.digest if layer.descriptor else None
    return index_layer(raw, place, watch=watch, digest=promised, diff_id=layer.diff_id, sink=sink)


def _place(store: Store, hand: Hand, diff_id: Digest) -> Path:
    """Where the index of a layer goes; the folder stays while the hand does."""
    hand.pin(diff_id)
    folder = store.layer_dir(diff_id)
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder / "index"


def _kept_already(data: bytes | memoryview) -> None:
    """What is fetched is kept as it comes."""


def _write(root: Path, out: FileIO, data: bytes | memoryview) -> None:
    with told(root):
        write_all(out, data)


def _descriptor(digest: Digest, size: int, codec: str) -> Descriptor:
    return Descriptor(_MEDIA_TYPES[codec], digest, size)
