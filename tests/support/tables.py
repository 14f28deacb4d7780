"""Layers that carry a table of contents: eStargz and zstd:chunked, written by their documents."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

import zstandard

from tests.support.fake_registry import digest_of

_ESTARGZ = "containerd.io/snapshot/stargz/toc.digest"
_CHUNKED = "io.github.containers.zstd-chunked"
_TYPES = {
    tarfile.REGTYPE: "reg",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


class Packed:
    """A layer's tar packed so that each file can be had alone.

    ``blob`` is the whole, ``tar`` what it inflates to, ``notes`` are the descriptor's annotations.
    """

    def __init__(self, blob: bytes, tar: bytes, notes: dict[str, str]) -> None:
        self.blob, self.tar, self.notes = blob, tar, notes


def estargz(tar: bytes, **changed: Any) -> Packed:
    """As the stargz-snapshotter project describes it; ``changed`` overrides keys of the table."""
    plain, blob, entries = io.BytesIO(), io.BytesIO(), []
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        done = 0
        for member in archive:
            entry = _entry(archive, member)
            if member.isreg() and member.size:
                # The headers before the content are a member of their own, as the content is.
                blob.write(_gzipped(tar[done : member.offset_data]))
                entry["offset"], done = blob.tell(), member.offset_data
                half = 4096 if member.size > 10_000 else 0
                if half:
                    blob.write(_gzipped(tar[done : done + half]))
                    entry["chunkSize"] = half
                entries.append(entry)
                if half:
                    entries.append(_chunk(entry, blob.tell(), half, member.size - half))
                end = done + member.size
                blob.write(_gzipped(tar[done + half : end]))
                done = end
            else:
                entries.append(entry)
        last = _end_of_entries(tar, archive)
    blob.write(_gzipped(tar[done:last]))
    table = json.dumps({"version": 1, "entries": entries} | changed).encode()
    info = tarfile.TarInfo("stargz.index.json")
    info.size = len(table)
    own = info.tobuf(tarfile.USTAR_FORMAT) + table + bytes(-len(table) % 512) + bytes(1024)
    start = blob.tell()
    blob.write(_gzipped(own))
    extra = b"SG\x16\0" + f"{start:016x}STARGZ".encode()
    footer = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\x1a\0" + extra + b"\x01\0\0\xff\xff" + bytes(8)
    blob.write(footer)
    plain.write(tar[:last] + own)
    return Packed(blob.getvalue(), plain.getvalue(), {_ESTARGZ: digest_of(table)})


def chunked(tar: bytes, **changed: Any) -> Packed:
    """As the containers project writes it."""
    blob, entries, done = io.BytesIO(), [], 0
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            entry = _entry(archive, member)
            if member.isreg() and member.size:
                blob.write(zstandard.compress(tar[done : member.offset_data]))
                entry["offset"], done = blob.tell(), member.offset_data + member.size
                blob.write(zstandard.compress(tar[member.offset_data : done]))
                entry["endOffset"] = blob.tell()
            entries.append(entry)
    blob.write(zstandard.compress(tar[done:]))
    table = zstandard.compress(json.dumps({"version": 1, "entries": entries} | changed).encode())
    start = blob.tell() + 8
    for frame in (table, b"footer"):
        blob.write(b"\x50\x2a\x4d\x18" + len(frame).to_bytes(4, "little") + frame)
    notes = {
        f"{_CHUNKED}.manifest-checksum": digest_of(table),
        f"{_CHUNKED}.manifest-position": f"{start}:{len(table)}:1:1",
    }
    return Packed(blob.getvalue(), tar, notes)


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": member.name + ("/" if member.isdir() else ""),
        "type": _TYPES[member.type],
        "mode": member.mode,
        "uid": member.uid,
        "gid": member.gid,
        "modtime": _time(member),
    }
    if member.isreg() and member.size:
        content = archive.extractfile(member)
        assert content is not None
        entry["size"] = member.size
        entry["digest"] = f"sha256:{hashlib.sha256(content.read()).hexdigest()}"
    if member.linkname:
        entry["linkName"] = member.linkname
    if member.isdev():
        entry |= {"devMajor": member.devmajor, "devMinor": member.devminor}
    prefix = "SCHILY.xattr."
    xattrs = {
        key.removeprefix(prefix): base64.b64encode(value.encode()).decode()
        for key, value in member.pax_headers.items()
        if key.startswith(prefix)
    }
    return entry | ({"xattrs": xattrs} if xattrs else {})


def _chunk(entry: dict[str, Any], offset: int, start: int, size: int) -> dict[str, Any]:
    return {
        "name": entry["name"],
        "type": "chunk",
        "offset": offset,
        "chunkOffset": start,
        "chunkSize": size,
    }


def _time(member: tarfile.TarInfo) -> str:
    from datetime import UTC, datetime

    whole, _, rest = str(member.pax_headers.get("mtime", member.mtime)).partition(".")
    text = datetime.fromtimestamp(int(whole), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest}" if rest.strip("0") else "") + "Z"


def _end_of_entries(tar: bytes, archive: tarfile.TarFile) -> int:
    members = archive.getmembers()
    last = members[-1]
    size = last.size if last.isreg() else 0
    return last.offset_data + -(-size // 512) * 512 if members else 0


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0) if data else b""
