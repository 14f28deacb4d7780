"""A layer's own table of contents, and single files by it, without the rest of the blob.

eStargz (the stargz-snapshotter project) puts the table into the tar as its last file, which a
footer points to, and its digest into an annotation; zstd:chunked (the containers project) puts it
into a skippable frame, whose place and digest are annotations. The manifest vouches for the
annotations, they for the table, and that for each file: what is wrong is seen. Nothing but the
whole blob tells that the table and the layer's diffID mean the same files.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from layerscope.archive.blob import BrokenBlob
from layerscope.archive.codec import Codec, Decoded, DecompressionBomb, Limits, decoded
from layerscope.oci.digest import Digest, InvalidDigest
from layerscope.sources.registry.contents import MAX_BYTES, Contents, InvalidTable, parse_contents
from layerscope.store.disk import told

if TYPE_CHECKING:
    from layerscope.oci.descriptor import Descriptor
    from layerscope.sources.registry.repository import Repository
    from layerscope.sources.registry.wire import Answer
    from layerscope.store.store import Store

_ESTARGZ = "containerd.io/snapshot/stargz/toc.digest"
_ESTARGZ_NAME = "stargz.index.json"
_FOOTER = re.compile(rb"\x1f\x8b\x08.{7}\x1a\0SG\x16\0([0-9a-f]{16})STARGZ.{13}", re.DOTALL)
_FOOTER_SIZE = 51
# As much is asked for at first; most tables are smaller.
_TAIL = 256 << 10
# The project has changed the beginning of its annotations' names.
_CHUNKED = ("io.github.containers.zstd-chunked", "io.containers.zstd-chunked")
_CRFS = 1
_MAX_FETCHED = 64 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Where:
    """A table's ``size`` bytes of the blob from ``start`` on, None where a footer tells; ``digest``
    is of them inflated for eStargz, as they are for zstd:chunked."""

    codec: Codec
    digest: Digest
    start: int | None = None
    size: int = 0


class Table:
    """The table of one layer; fetched when it is first needed, then kept in the store's spool."""

    def __init__(
        self, repository: Repository, descriptor: Descriptor, where: _Where, store: Store
    ) -> None:
        self._repository, self._descriptor, self._where = repository, descriptor, where
        self._store = store
        self.codec = where.codec
        # Two manifests may promise different tables of one blob.
        promised = f"{descriptor.digest} {where.digest} {where.start} {where.size}"
        self.key = f"table-{Digest.of(promised.encode()).hex}"

    @cached_property
    def contents(self) -> Contents:
        """What it says. Raises InvalidTable, and what a client raises."""
        self._store.keep(f"spool:{self.key}")
        file = self._store.spool_file(self.key)
        try:
            raw = file.read_bytes()
        except FileNotFoundError:
            raw = b""
        if not self._where.digest.matches(raw):
            raw = self._fetched()
            with self._store.hold_to_read() as hand, told(file):
                temporary = hand.temporary()
                temporary.write_bytes(raw)
                os.rename(temporary, file)
        if self._where.codec is Codec.ZSTD:
            raw = _inflated(raw, Codec.ZSTD)
        return parse_contents(raw, self._descriptor.size)

    def file(self, key: int) -> Iterator[bytes]:
        """The content of a file by its key in the table, in chunks, verified at the end.

        Raises InvalidTable, BrokenBlob, and what a client raises.
        """
        place = self.contents.places.get(key)
        if place is None:  # an empty one
            return
        found, left = hashlib.new(place.digest.algorithm), place.size
        packed = place.end - place.start
        with self._repository.blob(self._descriptor, place.start, packed) as answer:
            stream = decoded(_Body(answer), self._where.codec)
            _skip(stream, place.skip)
            while left:
                data = stream.read(min(left, _CHUNK))
                if not data:
                    raise BrokenBlob("layer", "it ends within a file of its table of contents")
                left -= len(data)
                found.update(data)
                yield data
        if found.hexdigest() != place.digest.hex:
            raise BrokenBlob("layer", "a file isn't what its table of contents says")

    def _fetched(self) -> bytes:
        """Its bytes, verified."""
        where = self._where
        known = where.start is not None
        raw = self._range(where.start or 0, where.size) if known else self._estargz()
        if not where.digest.matches(raw):
            raise InvalidTable(f"has the digest {Digest.of(raw)}, not {where.digest}")
        return raw

    def _estargz(self) -> bytes:
        """The JSON that the footer points to."""
        size = self._descriptor.size
        tail_start = max(0, size - _TAIL)
        tail = self._range(tail_start, size - tail_start)
        footer = _FOOTER.fullmatch(tail[-_FOOTER_SIZE:])
        start = int(footer[1], 16) if footer else size
        if start >= size - _FOOTER_SIZE:
            raise InvalidTable("isn't where it should be: the layer has no footer of eStargz")
        if start >= tail_start:
            packed = tail[start - tail_start :]
        else:
            packed = self._range(start, tail_start - start) + tail
        try:
            with tarfile.open(fileobj=io.BytesIO(_inflated(packed, Codec.GZIP))) as archive:
                member = archive.extractfile(_ESTARGZ_NAME)
                return member.read() if member else b""
        except (tarfile.TarError, KeyError):
            raise InvalidTable("isn't where the footer says") from None

    def _range(self, start: int, size: int) -> bytes:
        if size > _MAX_FETCHED:
            raise InvalidTable(f"is larger than {_MAX_FETCHED} bytes")
        with self._repository.blob(self._descriptor, start, size) as answer:
            data = bytearray()
            while len(data) < size and (part := answer.read(size - len(data))):
                data += part
        return bytes(data)


def table_of(repository: Repository, descriptor: Descriptor, store: Store) -> Table | None:
    """The table that a layer's annotations promise, None if they don't, or not in a known way."""
    try:
        where = _where(descriptor)
    except (InvalidDigest, ValueError):
        return None
    return Table(repository, descriptor, where, store) if where else None


def _where(descriptor: Descriptor) -> _Where | None:
    notes = descriptor.annotations
    if digest := notes.get(_ESTARGZ):
        return _Where(Codec.GZIP, Digest.parse(digest))
    for prefix in _CHUNKED:
        if digest := notes.get(f"{prefix}.manifest-checksum"):
            place = notes.get(f"{prefix}.manifest-position", "")
            start, size, _, form = map(int, place.split(":"))
            if form == _CRFS and 0 < start < start + size <= descriptor.size:
                return _Where(Codec.ZSTD, Digest.parse(digest), start, size)
    return None


class _Body:
    """An answer's bytes for a decoder."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        return self._answer.read(size)

    def readinto(self, memory: memoryview) -> int:
        """The same, into ``memory``."""
        data = self._answer.read(len(memory))
        memory[: len(data)] = data
        return len(data)


def _inflated(data: bytes, codec: Codec) -> bytes:
    try:
        return decoded(io.BytesIO(data), codec, Limits(max_size=MAX_BYTES)).read()
    except (BrokenBlob, DecompressionBomb) as error:
        raise InvalidTable(f"can't be inflated: {error.why}") from None


def _skip(stream: Decoded, size: int) -> None:
    while size:
        size -= len(stream.read(min(size, _CHUNK)) or b"\0" * size)
