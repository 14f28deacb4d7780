"""An image copied into the store: only the blobs that it lacks, each verified as it is read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerscope.errors import Cancelled, LayerscopeError
from layerscope.oci import media
from layerscope.oci.descriptor import Descriptor
from layerscope.oci.digest import Digest
from layerscope.oci.manifest import Manifest
from layerscope.progress import Silent
from layerscope.sources.layer_copy import KeptLayer, keep_layer
from layerscope.store.disk import told

if TYPE_CHECKING:
    from layerscope.progress import Progress
    from layerscope.sources.image import Image, Layer
    from layerscope.store.hands import Hand
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: blobs and bytes that came, and blobs that were there before.

    Blobs are the layers, the config and the manifest.
    """

    image: StoredImage
    blobs_added: int
    bytes_added: int
    blobs_shared: int


def load_image(
    image: Image,
    store: Store,
    names: Iterable[str] | None = None,
    progress: Progress | None = None,
    at_once: int = _AT_ONCE,
) -> Loaded:
    """Copy ``image`` into ``store`` under ``names``, its own if None; ``at_once`` layers a time.

    All of it becomes visible at the end, or nothing. Raises what reading the layers raises,
    WrongLayer, IncompleteImage, InvalidReference, StoreFailure, Cancelled.
    """
    if image.whole is not None:
        image = image.whole()
    with store.hold() as hand:
        loading = _Loading(image, store, hand, progress or Silent())
        layers = loading.layers(at_once)
        config_bytes = image.with_layers([layer.diff_id for layer in layers]).config_bytes
        manifest_bytes = image.manifest_bytes or _manifest(config_bytes, layers)
        loading.document(config_bytes)
        loading.document(manifest_bytes)
        stored = store.add_image(manifest_bytes, image.names if names is None else names)
    return Loaded(stored, len(loading.added), sum(loading.added.values()), len(loading.shared))


class _Loading:
    """One load at work; ``added`` has the sizes in bytes of the blobs that came."""

    def __init__(self, image: Image, store: Store, hand: Hand, progress: Progress) -> None:
        self._image, self._store, self._hand, self._progress = image, store, hand, progress
        self._stopped = False
        self.added: dict[Digest, int] = {}
        self.shared: set[Digest] = set()

    def layers(self, at_once: int) -> list[KeptLayer]:
        """Bring every layer in, several at once; one that is listed twice is read once."""
        layers = self._image.layers
        # Before anything is looked for: what is there now stays there.
        self._hand.pin(*(layer.descriptor.digest for layer in layers if layer.descriptor))
        self._hand.pin(*(layer.diff_id for layer in layers if layer.diff_id))
        keys = [_key(layer) for layer in layers]
        numbers = {key: number for number, key in reversed([*enumerate(keys)])}
        for number in numbers.values():
            self._progress.begin(_task(number), layers[number].size)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(at_once) as pool:
            try:
                kept = dict(zip(numbers, pool.map(self._layer, numbers.values()), strict=True))
            except BaseException:
                self._stopped = True
                raise
        return [kept[key] for key in keys]

    def document(self, data: bytes) -> None:
        """Bring a config or manifest in."""
        digest = Digest.of(data)
        self._hand.pin(digest)
        there = self._store.blobs.has(digest)
        if not there:
            self._store.blobs.put(data, self._hand)
        self._count(digest, None if there else len(data))

    def _layer(self, number: int) -> KeptLayer:
        task = _task(number)
        layer = self._image.layers[number]
        try:
            with told(self._image.origin):
                kept = keep_layer(layer, self._store, self._hand, lambda n: self._watch(task, n))
        except LayerscopeError as error:
            if error.what == "layer":
                error.what = task
            raise
        if kept.added is None:
            self._progress.begin(task, 0)  # nothing of it is work
        self._progress.end(task)
        self._count(kept.descriptor.digest, kept.added)
        return kept

    def _watch(self, task: str, done: int) -> None:
        self._progress.check()
        if self._stopped:
            raise Cancelled
        self._progress.advance(task, done)

    def _count(self, digest: Digest, added: int | None) -> None:
        if added is None:
            self.shared.add(digest)
        else:
            self.added[digest] = added


def _task(number: int) -> str:
    return f"layer {number}"


def _key(layer: Layer) -> Hashable:
    """Equal for layers that are the same blob."""
    if layer.descriptor is not None:
        return layer.descriptor.digest
    return layer.diff_id or id(layer)


def _manifest(config_bytes: bytes, layers: list[KeptLayer]) -> bytes:
    config = Descriptor.of(media.OCI_CONFIG, config_bytes)
    return Manifest(config, tuple(layer.descriptor for layer in layers)).to_bytes()
