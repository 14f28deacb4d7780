"""An image of the store to a registry: only the blobs that it lacks, the manifest last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layerscope.archive.blob import FileRange
from layerscope.errors import Cancelled
from layerscope.sources.registry.image import open_repository
from layerscope.sources.registry.upload import Upload

if TYPE_CHECKING:
    from layerscope.oci.descriptor import Descriptor
    from layerscope.oci.digest import Digest
    from layerscope.oci.reference import Reference
    from layerscope.progress import Progress
    from layerscope.sources.registry.patience import Patience
    from layerscope.sources.registry.repository import Repository
    from layerscope.store.images import StoredImage
    from layerscope.store.store import Store

_AT_ONCE = 3
# Repositories that a blob is asked for before it is sent.
_MOUNTS = 3


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: sizes of the blobs that were sent, and those that the registry had.

    Blobs are the layers, the config and the manifest.
    """

    image: StoredImage
    sent: dict[Digest, int] = field(default_factory=dict)
    there: set[Digest] = field(default_factory=set)


def push_image(
    store: Store,
    name: str,
    reference: Reference,
    progress: Progress,
    *,
    insecure: bool = False,
    patience: Patience | None = None,
) -> Pushed:
    """Send the image that ``name`` means in the store to where ``reference`` says.

    Raises NoSuchImage, AmbiguousImage, MissingBlob, WrongDigest, StoreFailure, Cancelled and what
    a registry's client raises.
    """
    with store.hold_to_read() as hand:
        image = store.resolve(name)
        digest = image.manifest.digest
        hand.pin(image.id, digest)
        manifest = store.manifest(image)
        hand.pin(*(layer.digest for layer in manifest.layers))
        data = store.blobs.read(digest)
        repository = open_repository(reference, progress, insecure, patience)
        pushing = _Pushing(store, repository, progress, Pushed(image))
        blobs = {blob.digest: blob for blob in (manifest.config, *manifest.layers)}
        pushing.blobs([*blobs.values()])
        wanted = reference.tag or reference.digest or digest
        known = repository.has_manifest(digest)
        repository.put_manifest(wanted, data, manifest.media_type)
        pushing.count(digest, None if known else len(data))
        store.remember_origin(reference, blobs)
    return pushing.done


class _Pushing:
    """One push at work."""

    def __init__(
        self, store: Store, repository: Repository, progress: Progress, done: Pushed
    ) -> None:
        self._store, self._repository, self._progress = store, repository, progress
        self._stopped = False
        self.done = done

    def blobs(self, blobs: list[Descriptor]) -> None:
        """Send what the registry lacks, several at once."""
        for blob in blobs:
            self._progress.begin(_task(blob), blob.size)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for _ in pool.map(self._blob, blobs):
                    pass
            except BaseException:
                self._stopped = True
                raise

    def count(self, digest: Digest, sent: int | None) -> None:
        """A blob is there; ``sent`` bytes of it came from here, None for one that was there."""
        if sent is None:
            self.done.there.add(digest)
        else:
            self.done.sent[digest] = sent

    def _blob(self, blob: Descriptor) -> None:
        self._check()
        task = _task(blob)
        size = self._store.blobs.size(blob.digest)
        if self._repository.has_blob(blob.digest):
            self._progress.begin(task, 0)  # nothing of it is work
            self._progress.end(task)
            self.count(blob.digest, None)
            return
        place = FileRange(self._store.blobs.path(blob.digest), 0, size)
        upload = Upload(self._repository, blob.digest, place, lambda n: self._watch(task, n))
        others = self._store.origins(blob.digest, self._repository.client.domain)
        elsewhere = [path for path in others if path != self._repository.path]
        mounted = upload.mounted(elsewhere[:_MOUNTS])
        if not mounted:
            upload.send()
        self._progress.end(task)
        self.count(blob.digest, None if mounted else size)

    def _watch(self, task: str, done: int) -> None:
        self._check()
        self._progress.advance(task, done)

    def _check(self) -> None:
        self._progress.check()
        if self._stopped:
            raise Cancelled


def _task(blob: Descriptor) -> str:
    return f"blob {blob.digest.short}"
