"""Whole trees as plain values, to compare."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from layerscope.cow.engine import Engine
from layerscope.cow.stat import Stat
from tests.support.sides import seen

Tree = dict[bytes, tuple[object, ...]]

# Made anew at each mount, or by the file system itself.
_LEFT_OUT = {"trusted.overlay.uuid", "user.overlay.uuid", "system.posix_acl_access"}


def host_tree(root: Path | bytes, raw: bool) -> Tree:
    """A directory of the host; ``raw`` looks at an upper, where whiteouts are counted apart."""
    base = os.fsencode(root)
    tree: Tree = {b"": _host_entry(base, raw)}
    stack = [(base, b"")]
    while stack:
        directory, shown = stack.pop()
        for name in os.listdir(directory):
            path, key = directory + b"/" + name, shown + b"/" + name
            entry = _host_entry(path, raw)
            tree[key] = entry
            if entry[0] == "dir":
                stack.append((path, key))
    return _purified(tree) if raw else tree


def _purified(tree: Tree) -> Tree:
    """Without the mark of directories that hold copies where there is none: the kernel takes it
    away when somebody lists the directory, so it says nothing."""
    holds = {key.rpartition(b"/")[0] for key, entry in tree.items() if _is_copy(entry)}
    for key, entry in tree.items():
        if entry[0] == "dir" and key not in holds:
            attributes = entry[2]
            assert isinstance(attributes, dict)
            attributes.pop("trusted.overlay.impure", None)
            attributes.pop("user.overlay.impure", None)
    return tree


def _is_copy(entry: tuple[object, ...]) -> bool:
    if len(entry) <= 2 or not isinstance(entry[2], dict):
        return False
    return bool({"trusted.overlay.origin", "user.overlay.origin"} & entry[2].keys())


def _host_entry(path: bytes, raw: bool) -> tuple[object, ...]:
    try:
        found = Stat.of(os.lstat(path))
    except FileNotFoundError:
        return ("stray whiteout",)
    if raw and found.fmt == stat.S_IFCHR and found.rdev == 0:
        return ("whiteout",)
    attributes = {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in os.listxattr(path, follow_symlinks=False)
        if name not in _LEFT_OUT
    }
    if found.fmt == stat.S_IFDIR:
        return "dir", seen(found), attributes
    if found.fmt == stat.S_IFLNK:
        return "link", seen(found), attributes, os.readlink(path)
    if found.fmt == stat.S_IFREG:
        with open(path, "rb") as file:
            return "file", seen(found), attributes, file.read()
    return "special", seen(found), attributes


def engine_tree(engine: Engine) -> Tree:
    """What the engine shows."""
    tree: Tree = {b"": _engine_entry(engine, b"/")}
    stack = [b""]
    while stack:
        directory = stack.pop()
        for name in engine.readdir(directory or b"/"):
            key = directory + b"/" + name
            entry = _engine_entry(engine, key)
            tree[key] = entry
            if entry[0] == "dir":
                stack.append(key)
    return tree


def _engine_entry(engine: Engine, path: bytes) -> tuple[object, ...]:
    try:
        found = engine.stat(path)
    except FileNotFoundError:
        return ("stray whiteout",)
    attributes = {name: engine.getxattr(path, name) for name in engine.listxattr(path)}
    if found.fmt == stat.S_IFDIR:
        return "dir", seen(found), attributes
    if found.fmt == stat.S_IFLNK:
        return "link", seen(found), attributes, engine.readlink(path)
    if found.fmt == stat.S_IFREG:
        return "file", seen(found), attributes, engine.read(path)
    return "special", seen(found), attributes


def differences(one: Tree, other: Tree) -> list[str]:
    """Where two trees differ, a line each."""
    return [
        f"{os.fsdecode(key)}: {_short(one.get(key))} != {_short(other.get(key))}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]


def _short(entry: tuple[object, ...] | None) -> str:
    return "nothing" if entry is None else repr(entry)[:200]
