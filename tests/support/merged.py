"""A whole file system as rows to compare: what a tar, a folder and `layerscope tree` say of it."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
_FORMATS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
}
_MODE_OF_LINKS = 0o777


@dataclass(frozen=True)
class Row:
    """One path: its size in bytes (0 unless a file), mtime in whole seconds, a symlink's target.

    A hard link is the file that it names.
    """

    kind: str
    mode: int
    uid: int
    gid: int
    size: int = 0
    mtime: int = 0
    link: str = ""


Rows = Mapping[str, Row]


def of_tar(file: Path) -> Rows:
    """The members of a tar, by path without `./`; bytes that are not UTF-8 as surrogates."""
    rows: dict[str, Row] = {}
    with tarfile.open(file, errors="surrogateescape") as tar:
        for info in tar:
            path = _plain(info.name)
            if path:
                rows[path] = rows[_plain(info.linkname)] if info.islnk() else _of_member(info)
    return rows


def of_folder(folder: Path) -> Rows:
    """Everything below ``folder``, as lstat says."""
    rows = {}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            file = os.path.join(parent, name)
            rows[os.path.relpath(file, folder)] = _of_status(file)
    return rows


def of_tree(listed: Iterable[Mapping[str, Any]]) -> Rows:
    """What `layerscope tree --json` lists."""
    rows = {_plain(row["path"].lstrip("/")): row for row in listed}

    def target(row: Mapping[str, Any]) -> Mapping[str, Any]:
        while row["kind"] == "hardlink":
            row = rows[row["link"].lstrip("/")]
        return row

    return {path: _of_listed(target(row)) for path, row in rows.items() if path}


def without(rows: Rows, paths: Iterable[str], loose_times: Iterable[str] = ()) -> Rows:
    """``rows`` less ``paths`` and what lies below them; the mtimes of ``loose_times`` as 0."""
    left_out, loose = tuple(paths), set(loose_times)
    below = tuple(f"{path}/" for path in left_out)
    return {
        path: replace(row, mtime=0) if path in loose else row
        for path, row in rows.items()
        if path not in left_out and not path.startswith(below)
    }


def differences(ours: Rows, theirs: Rows) -> list[str]:
    """A line for each path that differs; empty if the two are the same."""
    return [
        f"{path!r}: layerscope {ours.get(path)}, the other {theirs.get(path)}"
        for path in sorted(ours.keys() | theirs.keys())
        if ours.get(path) != theirs.get(path)
    ]


def _of_member(info: tarfile.TarInfo) -> Row:
    kind = _KINDS[info.type]
    if kind == "symlink":
        return Row(kind, _MODE_OF_LINKS, info.uid, info.gid, 0, int(info.mtime), info.linkname)
    size = info.size if kind == "file" else 0
    return Row(kind, info.mode & 0o7777, info.uid, info.gid, size, int(info.mtime))


def _of_status(file: str) -> Row:
    status = os.lstat(file)
    kind = _FORMATS[stat.S_IFMT(status.st_mode)]
    return Row(
        kind,
        _MODE_OF_LINKS if kind == "symlink" else stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_size if kind == "file" else 0,
        status.st_mtime_ns // 1_000_000_000,
        os.readlink(file) if kind == "symlink" else "",
    )


def _of_listed(row: Mapping[str, Any]) -> Row:
    kind, mode = row["kind"], int(row["mode"], 8)
    return Row(
        kind,
        _MODE_OF_LINKS if kind == "symlink" else mode,
        row["uid"],
        row["gid"],
        row["size"] if kind == "file" else 0,
        int(datetime.fromisoformat(row["mtime"]).timestamp()),
        row["link"] if kind == "symlink" else "",
    )


def _plain(name: str) -> str:
    return "" if name == "." else name.removeprefix("./").strip("/")
