"""The golden cases: what real engines made of the same input (tests/golden)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent.parent / "golden"

Tree = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ApplyCase:
    """A stack of layer tars, bottom first, and the tree that each engine made of it.

    ``tree`` is umoci's, None where it refused the layers; ``root_mode`` is octal text.
    """

    name: str
    layers: tuple[bytes, ...]
    diff_ids: tuple[str, ...]
    tree: Tree | None
    root_mode: str | None
    engines: Mapping[str, Any]


@cache
def apply_cases() -> tuple[ApplyCase, ...]:
    """All cases of tests/golden/apply, by name."""
    return tuple(_apply_case(path) for path in sorted((GOLDEN / "apply").glob("*.json")))


def _apply_case(path: Path) -> ApplyCase:
    case = json.loads(path.read_bytes())
    umoci = case["engines"]["umoci"]
    return ApplyCase(
        name=case["id"],
        layers=tuple(base64.b64decode(layer) for layer in case["layer_tars_b64"]),
        diff_ids=tuple(case["diff_ids"]),
        tree=umoci.get("tree"),
        root_mode=umoci.get("root_mode"),
        engines=case["engines"],
    )


def host_tree(root: Path) -> Tree:
    """The tree below a host directory, described as the golden cases describe theirs."""
    tree: Tree = []
    for folder, names, files in os.walk(root):
        tree += (_describe(Path(folder, name), root) for name in names + files)
    tree.sort(key=lambda described: str(described["path"]))
    inodes = [described.pop("inode") for described in tree]
    shared = [inode for inode in dict.fromkeys(inodes) if inodes.count(inode) > 1]
    for described, inode in zip(tree, inodes, strict=True):
        if inode in shared:
            described["ino_group"] = shared.index(inode)
    return tree


_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFSOCK: "socket",
}


def _describe(path: Path, root: Path) -> dict[str, Any]:
    found = path.lstat()
    kind = _TYPES[stat.S_IFMT(found.st_mode)]
    described: dict[str, Any] = {
        "path": "/" + str(path.relative_to(root)),
        "type": kind,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "uid": found.st_uid,
        "gid": found.st_gid,
        "mtime": found.st_mtime_ns // 1_000_000_000,
        "inode": found.st_ino,
    }
    if kind != "dir":
        described["nlink"] = found.st_nlink
    if kind == "file":
        data = path.read_bytes()
        described |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    elif kind == "symlink":
        described |= {"target": os.readlink(path), "size": found.st_size}
    elif kind in ("char", "block"):
        described["dev"] = [os.major(found.st_rdev), os.minor(found.st_rdev)]
    xattrs = {
        name: base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode()
        for name in os.listxattr(path, follow_symlinks=False)
    }
    if xattrs:
        described["xattrs_b64"] = xattrs
    return described
