"""The writable layer as a layer tar: the same content gives the same bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from layerscope.archive.entry import Entry, Kind
from layerscope.archive.writer import Output, TarWriter
from layerscope.cow.engine import Engine
from layerscope.cow.stat import Stat
from layerscope.cow.written import GONE, Written, read_exactly, written
from layerscope.oci.whiteout import OPAQUE, PREFIX, ReservedName

_SECOND = 1_000_000_000
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIR,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHAR,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
}
# What a layer carries of a file's attributes: others belong to the host.
_CARRIED = ("user.", "security.capability", "system.posix_acl_")


def commit_layer(engine: Engine, out: Output) -> int:
    """Write the writable layer as an uncompressed tar to ``out``; the number of entries.

    Deletions become ``.wh.NAME``, opaque directories get ``.wh..wh..opq`` (OCI image-spec,
    layer.md); sockets are left out, as Docker does. Of a container that runs, what vanishes
    meanwhile is left out, too, and a file is as long as it was when it was opened. Raises
    ReservedName before anything is written, OSError, and what :class:`TarWriter` raises.
    """
    entries = list(written(engine))
    check_names(entries)
    writer = TarWriter(out)
    count = write_entries(engine, layer_entries(engine, entries), writer)
    writer.close()
    return count


def check_names(entries: Iterable[Written]) -> None:
    """Raises ReservedName for a file whose own name would mean deletion."""
    for one in entries:
        if one.stat is not None and one.path.rpartition(b"/")[2].startswith(PREFIX):
            raise ReservedName(one.path)


def write_entries(engine: Engine, entries: Iterable[Entry], writer: TarWriter) -> int:
    """Write entries with their content, those of files that are gone by now left out; how many."""
    count = 0
    # Of files that are gone: another name of theirs that was written, or none yet.
    gone: dict[bytes, bytes] = {}
    for entry in entries:
        written = True
        if entry.kind is Kind.FILE and entry.size:
            written = _write_file(engine, entry, writer)
            if not written:
                gone[entry.path] = b""
        elif entry.kind is not Kind.HARDLINK or entry.link not in gone:
            writer.add(entry)
        elif gone[entry.link]:
            writer.add(replace(entry, link=gone[entry.link]))
        else:
            written = _write_file(engine, replace(entry, kind=Kind.FILE, link=b""), writer)
            gone[entry.link] = entry.path if written else b""
        count += written
    return count


def _write_file(engine: Engine, entry: Entry, writer: TarWriter) -> bool:
    """Write a file as long as it is now; False, and nothing written, if it is gone."""
    try:
        handle = engine.open(b"/" + entry.path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in GONE:
            return False
        raise
    with handle:
        found = handle.stat()
        if found.fmt != stat.S_IFREG:
            return False
        writer.add(replace(entry, size=found.size), read_exactly(handle, found.size))
    return True


def layer_entries(engine: Engine, entries: Iterable[Written]) -> Iterator[Entry]:
    """The entries of the layer, in the order they are written; what is gone by now is left out."""
    first: dict[int, bytes] = {}
    for path, found, _, opaque in entries:
        if found is None:
            holder, _, name = path.rpartition(b"/")
            hidden = PREFIX + name
            yield Entry(holder + b"/" + hidden if holder else hidden, Kind.FILE, mode=0o600)
        elif not path or found.fmt == stat.S_IFSOCK:
            continue
        elif found.nlink > 1 and found.fmt != stat.S_IFDIR and found.ino in first:
            yield _entry(path, Kind.HARDLINK, found, link=first[found.ino])
        else:
            try:
                link = engine.readlink(b"/" + path) if found.fmt == stat.S_IFLNK else b""
                xattrs = _xattrs(engine, path)
            except OSError as error:
                if error.errno in GONE:
                    continue
                raise
            first[found.ino] = path
            yield _entry(path, _KINDS[found.fmt], found, link, xattrs)
            if opaque:
                mark = path + b"/" + OPAQUE
                yield Entry(mark, Kind.FILE, found.perm & 0o777, found.uid, found.gid)


def _entry(
    path: bytes,
    kind: Kind,
    found: Stat,
    link: bytes = b"",
    xattrs: Mapping[bytes, bytes] | None = None,
) -> Entry:
    seconds, nanos = divmod(found.mtime_ns, _SECOND)
    return Entry(
        path,
        kind,
        mode=found.perm,
        uid=found.uid,
        gid=found.gid,
        size=found.size if kind is Kind.FILE else 0,
        mtime=seconds,
        mtime_ns=nanos,
        link=link,
        device=(os.major(found.rdev), os.minor(found.rdev)),
        xattrs=xattrs or {},
    )


def _xattrs(engine: Engine, path: bytes) -> dict[bytes, bytes]:
    full = b"/" + path
    names = sorted(name for name in engine.listxattr(full) if name.startswith(_CARRIED))
    return {os.fsencode(name): engine.getxattr(full, name) for name in names}
