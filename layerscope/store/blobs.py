"""Blobs by digest, in the folders of an OCI image layout (image-spec, image-layout.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest
from layerscope.store.files import partial, settle, write_all


class MissingBlob(LayerscopeError):
    """A blob that something refers to isn't there."""

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"blob {digest}", "it is missing from the store")


class WrongBlob(LayerscopeError):
    """A blob's bytes do not have the digest they are kept under."""

    def __init__(self, digest: Digest, found: Digest) -> None:
        super().__init__(f"blob {digest}", f"its content is {found}")


class BlobWriter:
    """A blob on its way into the store; :meth:`commit` makes it visible."""

    def __init__(self, blobs: Blobs, out: BinaryIO, path: Path) -> None:
        self._blobs, self._out, self._path = blobs, out, path
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes. Raises OSError."""
        self._hash.update(data)
        write_all(self._out, data)
        self.size += len(data)

    def commit(self, promised: Digest | None = None) -> Digest:
        """Keep the blob under its digest, if it is the promised one. Raises WrongBlob, OSError."""
        digest = Digest("sha256", self._hash.hexdigest())
        if promised is not None and digest != promised:
            raise WrongBlob(promised, digest)
        settle(self._out, self._path, self._blobs.path(digest))
        return digest


class Blobs:
    """The blobs below ``root``; adding one that is there already changes nothing."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root, self._scratch = root, scratch

    def path(self, digest: Digest) -> Path:
        """Where a blob is, or would be."""
        return self._root / digest.algorithm / digest.hex

    def has(self, digest: Digest) -> bool:
        """True if the blob is there."""
        return self.path(digest).exists()

    def size(self, digest: Digest) -> int:
        """Its size in bytes. Raises MissingBlob."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            raise MissingBlob(digest) from None

    def read(self, digest: Digest) -> bytes:
        """A small blob's bytes, verified. Raises MissingBlob, WrongBlob, OSError."""
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise MissingBlob(digest) from None
        if digest.algorithm == "sha256" and (found := Digest.of(data)) != digest:
            raise WrongBlob(digest, found)
        return data

    def add(self, data: bytes) -> Digest:
        """Keep a small blob."""
        digest = Digest.of(data)
        if not self.has(digest):
            with self.writer() as writer:
                writer.write(data)
                writer.commit(digest)
        return digest

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """A blob to be written; nothing is left of it unless it is committed."""
        with partial(self._scratch) as (out, path):
            yield BlobWriter(self, out, path)

    def all(self) -> Iterator[tuple[Digest, int]]:
        """Every blob and its size in bytes; files that are no blobs are passed over."""
        for algorithm in sorted(self._root.iterdir()):
            for file in sorted(algorithm.iterdir()):
                try:
                    digest = Digest(algorithm.name, file.name)
                except LayerscopeError:
                    continue
                yield digest, file.stat().st_size

    def remove(self, digest: Digest) -> None:
        """Forget a blob; fine if it isn't there."""
        self.path(digest).unlink(missing_ok=True)
