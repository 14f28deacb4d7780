"""Blobs: content under the name of its digest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from layerscope.errors import LayerscopeError
from layerscope.oci.digest import Digest
from layerscope.oci.document import MAX_BYTES
from layerscope.store.disk import move_into_place, told

if TYPE_CHECKING:
    from io import FileIO
    from types import TracebackType

    from layerscope.store.hands import Hand


class MissingBlob(LayerscopeError):
    """Something refers to a blob that is not there."""


class WrongDigest(LayerscopeError):
    """Bytes are not those that their digest promises."""

    def __init__(self, promised: Digest, found: Digest) -> None:
        super().__init__(f"blob {promised.short}", f"its bytes have the digest {found}")


class BlobStore:
    """The ``blobs/`` folder of an image layout. A blob that is there is whole and has its digest.

    Writing needs a hand, which keeps the blob until something in the store refers to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: Digest) -> Path:
        """Where the blob is, or would be."""
        return self._folder / digest.algorithm / digest.hex

    def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        return self.path(digest).is_file()

    def size(self, digest: Digest) -> int:
        """Its length in bytes. Raises MissingBlob."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            raise _missing(digest) from None

    def open(self, digest: Digest) -> FileIO:
        """A reader of its bytes. Raises MissingBlob, StoreFailure."""
        path = self.path(digest)
        with told(path):
            try:
                return path.open("rb", buffering=0)
            except FileNotFoundError:
                raise _missing(digest) from None

    def read(self, digest: Digest) -> bytes:
        """All of a document, verified. Raises MissingBlob, WrongDigest, StoreFailure.

        A file longer than any document is read as far as that, and so a wrong one.
        """
        with told(self.path(digest)), self.open(digest) as file:
            data = file.read(MAX_BYTES + 1)
        if not digest.matches(data):
            raise WrongDigest(digest, Digest.of(data))
        return data

    def writer(self, hand: Hand) -> BlobWriter:
        """A context manager to write a blob with, whose digest comes out at the end."""
        return BlobWriter(self, hand)

    def put(self, data: bytes, hand: Hand) -> Digest:
        """Keep ``data``. Raises StoreFailure."""
        with self.writer(hand) as writer:
            writer.write(data)
            return writer.commit()

    def adopt(self, temporary: Path, digest: Digest, hand: Hand) -> bool:
        """Make a finished file of ``hand`` the blob ``digest``, whose bytes the caller verified.

        False if the blob was there already; the file is gone in either case. Raises StoreFailure.
        """
        hand.pin(digest)
        final = self.path(digest)
        with told(final):
            if final.is_file():
                temporary.unlink(missing_ok=True)
                return False
            temporary.chmod(0o644)
            _sync(temporary)
            move_into_place(temporary, final)
            return True


class BlobWriter:
    """Takes a blob's bytes; what was not committed leaves nothing behind."""

    def __init__(self, blobs: BlobStore, hand: Hand) -> None:
        import hashlib

        self._blobs = blobs
        self._hand = hand
        self._temporary = hand.temporary()
        self._hash = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> BlobWriter:
        with told(self._temporary):
            self._file = self._temporary.open("xb", buffering=0)
        return self

    def write(self, data: bytes | memoryview) -> int:
        """Take all of ``data``; its length. Raises StoreFailure."""
        with told(self._temporary):
            write_all(self._file, data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def commit(self, expected: Digest | None = None) -> Digest:
        """Make it a blob. Raises WrongDigest if it is not ``expected``, StoreFailure."""
        digest = Digest("sha256", self._hash.hexdigest())
        if expected is not None and digest != expected:
            raise WrongDigest(expected, digest)
        self._file.close()
        self._blobs.adopt(self._temporary, digest, self._hand)
        return digest

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)


def write_all(file: BinaryIO | FileIO, data: bytes | memoryview) -> None:
    """Write all of ``data``: one call writes at most 2 GiB, and less where the disk runs full.

    Raises OSError.
    """
    with memoryview(data).cast("B") as rest:
        done = 0
        while done < len(rest):
            done += file.write(rest[done:]) or 0


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _missing(digest: Digest) -> MissingBlob:
    return MissingBlob(f"blob {digest.short}", "it is not in the store")
