"""A layer's blob that lies in a registry: fetched when it is needed, as far as it isn't here yet.

What was fetched lies in the store's spool, pinned as long as the store is open, and is gone on
with after an interruption, also one that left no time for anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from layerscope.archive.blob import FileRange
from layerscope.errors import Cancelled, LayerscopeError
from layerscope.oci.digest import Digest
from layerscope.sources.registry.wire import NoRegistry
from layerscope.store.blobs import WrongDigest, write_all
from layerscope.store.disk import StoreFailure, told

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from layerscope.oci.descriptor import Descriptor
    from layerscope.progress import Progress
    from layerscope.sources.registry.repository import Repository
    from layerscope.sources.registry.wire import Answer
    from layerscope.store.store import Store

_CHUNK = 64 << 10
_POLL = 0.1  # seconds between two looks whether another process is done with a blob
# Bytes after which a registry that breaks off again and again is one that works.
_ENOUGH = 1 << 20


class SpooledBlob:
    """One blob; threads and processes may share it, one of them fetches."""

    def __init__(
        self, repository: Repository, descriptor: Descriptor, store: Store, progress: Progress
    ) -> None:
        self._repository, self._descriptor = repository, descriptor
        self._store, self._progress = store, progress
        self._key = f"blob-{descriptor.digest.hex}"
        self.file = store.spool_file(self._key)

    def here(self) -> FileRange | None:
        """Where all of it lies on this machine, None if it doesn't."""
        digest, size = self._descriptor.digest, self._descriptor.size
        if self._store.blobs.has(digest):
            return FileRange(self._store.blobs.path(digest), 0, size)
        self._store.keep(f"spool:{self._key}")
        try:
            return FileRange(self.file, 0, size) if self.file.stat().st_size == size else None
        except FileNotFoundError:
            return None

    def open(self) -> BinaryIO:
        """A reader from its first byte on, which fetches what isn't here; nothing is verified.

        Leaving it with an error about the bytes throws them away. Raises what a client raises,
        StoreFailure; so does reading.
        """
        self._store.keep(f"spool:{self._key}")
        while True:
            if self._store.blobs.has(self._descriptor.digest):
                place = FileRange(
                    self._store.blobs.path(self._descriptor.digest), 0, self._descriptor.size
                )
                return cast(BinaryIO, place.open())
            with told(self.file):
                fd = _locked(self.file)
            if fd is not None:
                return cast(BinaryIO, _Fetching(self._repository, self._descriptor, self.file, fd))
            self._repository.client.wire.check()
            time.sleep(_POLL)

    def fetch(self) -> FileRange:
        """Where it lies, all of it, verified. Raises as :meth:`open`, WrongDigest."""
        digest = self._descriptor.digest
        task = f"blob {digest.short}"
        self._progress.begin(task, self._descriptor.size)
        with self.open() as raw:
            found, done = hashlib.new(digest.algorithm), 0
            while data := raw.read(1 << 20):
                found.update(data)
                done += len(data)
                self._progress.advance(task, done)
            self._progress.end(task)
            if found.hexdigest() != digest.hex:
                raise WrongDigest(digest, Digest(digest.algorithm, found.hexdigest()))
        place = self.here()
        if place is None:
            raise StoreFailure(str(self.file), "somebody has removed it")
        return place


def _locked(file: Path) -> int | None:
    """The file opened, made if there is none, and locked; None if another has the lock."""
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(fd), os.stat(file)):
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


class _Fetching(io.RawIOBase):
    """The bytes that are here, then those that come, which are kept as they are read."""

    def __init__(self, repository: Repository, descriptor: Descriptor, file: Path, fd: int) -> None:
        self._repository, self._descriptor, self._file = repository, descriptor, file
        self._kept = os.fdopen(fd, "r+b", buffering=0)
        self._answer: Answer | None = None
        self._position, self._here = 0, os.fstat(fd).st_size
        self._failures = self._since = 0
        self._cut_off, self._old = False, self._here > 0
        if self._here > descriptor.size:
            self._here = 0
            self._kept.truncate()

    def readable(self) -> bool:
        return True

    def readinto(self, memory: WriteableBuffer) -> int:
        """Some bytes, fewer than 64 KiB only at the end."""
        with memoryview(memory).cast("B") as whole:
            room = whole[:_CHUNK]
            done = 0
            try:
                while done < len(room) and (size := self._some(room[done:])):
                    done += size
            except BaseException:
                self._cut_off = True
                raise
        return done

    def _some(self, memory: memoryview) -> int:
        if self._position < self._here:
            with told(self._file):
                size = self._kept.readinto(memory[: self._here - self._position])
            self._position += size or 0
            return size or 0
        data = self._next(len(memory))
        with told(self._file):
            write_all(self._kept, data)
        self._position += len(data)
        self._here = self._position
        memory[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        """Bytes that come; none at the end. A registry that breaks off is asked for the rest."""
        left = self._descriptor.size - self._position
        if not left:
            self._check_end()
            return b""
        while True:
            if self._answer is None:
                self._answer = self._repository.blob(self._descriptor, self._position)
                self._since = self._position
            try:
                if data := self._answer.read(min(size, left)):
                    return data
                raise NoRegistry(self._what, "it breaks off", passing=True)
            except NoRegistry as error:
                self._hang_up()
                self._check_tries(error)

    def _check_tries(self, error: NoRegistry) -> None:
        """Raises ``error`` where another try is of no use."""
        if self._position - self._since >= _ENOUGH:
            self._failures = 0
        self._failures += 1
        if not error.passing or self._failures >= self._repository.client.wire.patience.tries:
            so_far = f"after {self._position} of {self._descriptor.size} bytes"
            raise NoRegistry(self._what, f"{error.why}, {so_far}", error.hint) from error
        self._repository.client.pause(self._failures)

    def _check_end(self) -> None:
        """Raises NoRegistry if more comes than was promised."""
        answer, self._answer = self._answer, None
        if answer is not None:
            with answer:
                if answer.read(1):
                    self._file.unlink(missing_ok=True)
                    why = f"the registry sends more than its {self._descriptor.size} bytes"
                    raise NoRegistry(self._what, why)

    @property
    def _what(self) -> str:
        return f"blob {self._descriptor.digest.short} of {self._repository.name}"

    def _hang_up(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def close(self) -> None:
        if not self.closed:
            self._hang_up()
            if not self._here:
                self._file.unlink(missing_ok=True)
            self._kept.close()
        super().close()

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        ours = self._cut_off or isinstance(error, Cancelled | StoreFailure)
        if isinstance(error, LayerscopeError) and not ours:
            self._file.unlink(missing_ok=True)
            if self._old:
                error.hint = "again: some of it was fetched before, and is thrown away now"
        self.close()
