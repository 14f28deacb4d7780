"""The golden cases of file operations: tests/golden/ops and tests/golden/shell."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from layerscope.cow.engine import Engine
from tests.support.golden import GOLDEN

OPS = GOLDEN / "ops"
SHELL = GOLDEN / "shell"

_WORDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}
_LEFT_OUT = {"/dev", "/proc", "/sys", "/etc", "/run", "/.dockerenv"}


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded case."""

    name: str
    base: str
    mounts: tuple[str, ...]
    ops: list[dict[str, Any]]
    expected: dict[str, Any]


@cache
def ops_cases() -> tuple[Case, ...]:
    """All of tests/golden/ops."""
    return tuple(_case(path) for path in sorted((OPS / "cases").glob("*.json")))


def _case(path: Path) -> Case:
    read = json.loads(path.read_bytes())
    mounts = tuple(mount["target"] for mount in read["mounts"])
    return Case(read["id"], read["base"], mounts, read["ops"], read["expected"])


@cache
def base_tars(base: str) -> tuple[bytes, ...]:
    """The layers of a base image, bottom first."""
    layers = json.loads((OPS / "bases.json").read_bytes())[base]["layers"]
    return tuple((OPS / layer["tar"]).read_bytes() for layer in layers)


@cache
def shell_cases() -> tuple[dict[str, Any], ...]:
    """All of tests/golden/shell."""
    return tuple(json.loads((SHELL / "cases.json").read_bytes())["cases"])


@cache
def shell_tars() -> tuple[bytes, ...]:
    """The layers of their image, bottom first."""
    with tarfile.open(SHELL / "image.tar") as archive:
        manifest = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
        return tuple(
            archive.extractfile(name).read()  # type: ignore[union-attr]
            for name in manifest[0]["Layers"]
        )


def described_tree(engine: Engine, leave_out: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The union, described as the cases describe theirs."""
    tree: list[dict[str, Any]] = []
    pending = [b""]
    while pending:
        directory = pending.pop()
        for name in engine.names(directory or b"/"):
            path = directory + b"/" + name
            shown = os.fsdecode(path)
            if shown in _LEFT_OUT or shown in leave_out:
                continue
            described = _describe(engine, path)
            tree.append(described)
            if described["type"] == "dir":
                pending.append(path)
    return sorted(tree, key=lambda entry: os.fsencode(entry["path"]))


def _describe(engine: Engine, path: bytes) -> dict[str, Any]:
    found = engine.stat(path)
    kind = _WORDS[found.fmt]
    described: dict[str, Any] = {
        "path": os.fsdecode(path),
        "type": kind,
        "mode": f"{found.perm:04o}",
        "uid": found.uid,
        "gid": found.gid,
        "mtime": found.mtime_ns // 10**9,
    }
    if kind == "file":
        data = engine.read(path)
        described |= {"size": found.size, "sha256": hashlib.sha256(data).hexdigest()}
    elif kind == "symlink":
        described |= {"size": found.size, "target": os.fsdecode(engine.readlink(path))}
    elif kind in ("char", "block"):
        described["dev"] = [os.major(found.rdev), os.minor(found.rdev)]
    xattrs = {
        name: base64.b64encode(engine.getxattr(path, name)).decode()
        for name in engine.listxattr(path)
        if name.startswith(("user.", "trusted."))
    }
    if xattrs:
        described["xattrs_b64"] = xattrs
    return described


def same_description(mine: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether an entry is what the case wants; a time that isn't pinned may be any."""
    skip = {"nlink", "ino_group"} | ({"mtime"} if "mtime" not in wanted else set())
    return _without(mine, skip) == _without(wanted, skip)


def _without(entry: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def described_upper(upper: Path) -> list[dict[str, Any]]:
    """A writable layer's directory, as ``kernel_upper`` describes it."""
    described = [_raw(upper, "/")]
    for folder, directories, files in os.walk(upper):
        for name in directories + files:
            path = Path(folder, name)
            described.append(_raw(path, "/" + str(path.relative_to(upper))))
    described.sort(key=lambda entry: os.fsencode(entry["path"]))
    return wanted_upper(described)


def _raw(path: Path, shown: str) -> dict[str, Any]:
    found = path.lstat()
    kind = _WORDS[stat.S_IFMT(found.st_mode)]
    if kind == "char" and found.st_rdev == 0:
        kind = "whiteout"
    described: dict[str, Any] = {"path": shown, "type": kind}
    if kind != "dir":
        described |= {"nlink": found.st_nlink, "size": found.st_size}
    described["xattrs_b64"] = {
        name: base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode()
        for name in os.listxattr(path, follow_symlinks=False)
        if name.startswith("trusted.overlay.")
    }
    return described


def wanted_upper(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``kernel_upper`` without values that no other machine can have: that an origin is noted
    stays, which one goes."""
    cleaned = []
    for entry in entries:
        xattrs = {
            name: "noted" if name.endswith("overlay.origin") else value
            for name, value in entry.get("xattrs_b64", {}).items()
            if not name.endswith("overlay.uuid")
        }
        cleaned.append({**entry, "xattrs_b64": xattrs})
    return cleaned
