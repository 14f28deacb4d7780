"""Every blob read: its digest, and the digest of the layer in it, recomputed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from layerscope.archive.codec import Codec, decoded, detect
from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest, InvalidDigest
from layerscope.store.disk import remove_tree
from layerscope.store.finding import Finding

if TYPE_CHECKING:
    from layerscope.progress import Progress
    from layerscope.store.store import Store

_CHUNK = 1 << 20
_HEAD = 512


def check_blobs(store: Store, progress: Progress, damaged: set[Digest]) -> Iterator[Finding]:
    """What is wrong with the blobs' bytes; ``damaged`` gets the digests of wrong blobs.

    Mending removes a wrong blob. Raises OSError.
    """
    rows = store.database.rows("SELECT digest, diff_id FROM layer_blobs")
    held = {Digest.parse(digest): Digest.parse(diff_id) for digest, diff_id in rows}
    files = _files(store.root / "blobs")
    # Hashing and inflating leave the interpreter's lock to others.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = pool.map(lambda path: _look(path, held, progress), files)
        for path, (what, why) in zip(files, looks, strict=True):
            if why is not None:
                if (digest := _digest(path)) is not None:
                    damaged.add(digest)
                yield Finding(what, why, partial(remove_tree, path), "removed")


def _look(path: Path, held: dict[Digest, Digest], progress: Progress) -> tuple[str, str | None]:
    """What a file in ``blobs/`` is, and what is wrong with it, None if nothing is."""
    digest = _digest(path)
    if digest is None:
        return f"file {str(path)!r}", "it is no blob"
    task = f"blob {digest.short}"
    return task, _wrong(path, digest, held.get(digest), task, progress)


def _files(folder: Path) -> list[Path]:
    below = (Path(entry.path) for entry in os.scandir(folder))
    return sorted(file for sub in below for file in (sub.iterdir() if sub.is_dir() else [sub]))


def _digest(path: Path) -> Digest | None:
    try:
        digest = Digest(path.parent.name, path.name)
    except InvalidDigest:
        return None
    return digest if stat.S_ISREG(path.lstat().st_mode) else None


def _wrong(
    path: Path, digest: Digest, diff_id: Digest | None, task: str, progress: Progress
) -> str | None:
    """What is wrong with a blob, None if nothing is."""
    try:
        with path.open("rb", buffering=0) as raw:
            progress.begin(task, os.fstat(raw.fileno()).st_size)
            codec = detect(raw.read(_HEAD))
            raw.seek(0)
            counted = _Hashed(raw, digest.algorithm, task, progress)
            if diff_id is not None and codec is not Codec.PLAIN:
                return _wrong_layer(counted, codec, digest, diff_id)
            counted.drain()
            progress.end(task)
            return counted.differs_from(digest)
    except FileNotFoundError:
        # Collected by another process meanwhile.
        return None
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _wrong_layer(raw: _Hashed, codec: Codec, digest: Digest, diff_id: Digest) -> str | None:
    inner = hashlib.new(diff_id.algorithm)
    try:
        stream = decoded(raw, codec)
        while data := stream.read(_CHUNK):
            inner.update(data)
    except LayerscopeError as error:
        raw.drain()
        return raw.differs_from(digest) or f"its {error}"
    raw.drain()
    if inner.hexdigest() != diff_id.hex:
        wrong = f"the layer in it has the diffID {diff_id.algorithm}:{inner.hexdigest()}"
        return raw.differs_from(digest) or wrong
    return raw.differs_from(digest)


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, raw: BinaryIO, algorithm: str, task: str, progress: Progress) -> None:
        self._raw, self._task, self._progress = raw, task, progress
        self._hash = hashlib.new(algorithm)
        self._done = 0

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes."""
        data = self._raw.read(size)
        self._took(data)
        return data

    def readinto(self, memory: memoryview, /) -> int:
        """Fill ``memory`` with what there is; how many bytes."""
        data = self.read(len(memory))
        memory[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        """Read to the end."""
        while self.read(_CHUNK):
            pass

    def differs_from(self, digest: Digest) -> str | None:
        """What is wrong with the digest of what was read, None if nothing is."""
        found = self._hash.hexdigest()
        return None if found == digest.hex else f"its bytes have the digest sha256:{found}"

    def _took(self, data: bytes) -> None:
        self._hash.update(data)
        self._done += len(data)
        self._progress.check()
        self._progress.advance(self._task, self._done)
