"""The members of a tar as they come, to be put into a folder: no name is a layer's mark."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from io import BufferedReader
from typing import IO, cast

from layerscope.archive.codec import decoded, detect
from layerscope.archive.entry import Entry, Kind
from layerscope.archive.paths import clean
from layerscope.archive.tar_format import InvalidTar

_CHUNK = 1 << 20
_KINDS = {
    tarfile.DIRTYPE: Kind.DIR,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.CHRTYPE: Kind.CHAR,
    tarfile.BLKTYPE: Kind.BLOCK,
    tarfile.FIFOTYPE: Kind.FIFO,
}


def tar_members(raw: BufferedReader) -> Iterator[tuple[Entry, Callable[[], Iterator[bytes]]]]:
    """Entries of a tar, compressed or not, with their content, which is read before the next.

    No path leads out of the folder that they are put into; the folder's own entry is left out.
    Raises InvalidTar, BrokenBlob, DecompressionBomb.
    """
    stream = cast(IO[bytes], decoded(raw, detect(raw.peek(6))))
    with _errors_told(), tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as tar:
        for member in tar:
            entry = _entry(member)
            if entry.path:
                yield entry, partial(_content, tar, member)


def _entry(member: tarfile.TarInfo) -> Entry:
    kind = Kind.FILE if member.isreg() else _KINDS.get(member.type)
    if kind is None:
        raise InvalidTar(repr(member.name), f"it has a member of type {member.type!r}")
    link = os.fsencode(member.linkname)
    told = member.pax_headers.get("mtime", member.mtime)
    seconds, nanos = divmod(int(Decimal(told) * 10**9), 10**9)
    return Entry(
        clean(os.fsencode(member.name)),
        kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        size=member.size if kind is Kind.FILE else 0,
        mtime=seconds,
        mtime_ns=nanos,
        link=clean(link) if kind is Kind.HARDLINK else link,
        device=(member.devmajor, member.devminor),
    )


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    with _errors_told():
        file = tar.extractfile(member)
        while file and (data := file.read(_CHUNK)):
            yield data


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, ArithmeticError) as error:
        raise InvalidTar("standard input", f"it is no sound tar: {error}") from error
