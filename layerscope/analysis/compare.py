"""What two stacks have in common and what not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope.archive.entry import Entry, Kind
from layerscope.index.change import Change
from layerscope.index.rows import NUL
from layerscope.index.stack import StackView
from layerscope.oci.config import ImageConfig


@dataclass(frozen=True, slots=True)
class FileDifference:
    """A path that only one stack has, or that differs; sizes in bytes, None where it isn't.

    A file of several names has its bytes at one of them.
    """

    path: bytes
    change: Change
    size_a: int | None
    size_b: int | None


@dataclass(frozen=True, slots=True)
class ConfigDifference:
    """A key of the runtime config that differs."""

    key: str
    a: Any
    b: Any


def compare_files(a: StackView, b: StackView) -> Iterator[FileDifference]:
    """From ``a`` to ``b``: added, modified, changed in metadata or removed; in tree order."""
    rows_a, rows_b = _alive(a), _alive(b)
    for key in sorted(rows_a.keys() | rows_b.keys()):
        row_a, row_b = rows_a.get(key), rows_b.get(key)
        path = key.replace(NUL, b"/")
        if row_a is None and row_b is not None:
            yield FileDifference(path, Change.ADDED, None, b.counted(row_b))
        elif row_b is None and row_a is not None:
            yield FileDifference(path, Change.REMOVED, a.counted(row_a), None)
        elif row_a is not None and row_b is not None and not _same_place(a, row_a, b, row_b):
            change = _change(a.entry(row_a), b.entry(row_b))
            if change is not Change.UNCHANGED:
                yield FileDifference(path, change, a.counted(row_a), b.counted(row_b))


def compare_configs(a: ImageConfig, b: ImageConfig) -> list[ConfigDifference]:
    """Keys of the runtime config with other values, sorted."""
    left, right = a.config.to_json(), b.config.to_json()
    left["Platform"], right["Platform"] = str(a.platform), str(b.platform)
    return [
        ConfigDifference(key, left.get(key), right.get(key))
        for key in sorted(left.keys() | right.keys())
        if left.get(key) != right.get(key)
    ]


def _alive(stack: StackView) -> dict[bytes, int]:
    rows = np.flatnonzero(stack.np("change") != Change.REMOVED).tolist()
    return {stack.key(row): row for row in rows[1:]}


def _same_place(a: StackView, row_a: int, b: StackView, row_b: int) -> bool:
    """True if both are the same entry of the same layer."""
    if a.row[row_a] != b.row[row_b]:
        return False
    return a.layers[a.layer[row_a]].diff_id == b.layers[b.layer[row_b]].diff_id


def _change(old: Entry, new: Entry) -> Change:
    if _content(old) != _content(new):
        return Change.MODIFIED
    if (old.mode, old.uid, old.gid, old.xattrs) != (new.mode, new.uid, new.gid, new.xattrs):
        return Change.METADATA
    if new.kind is not Kind.DIR and (old.mtime, old.mtime_ns) != (new.mtime, new.mtime_ns):
        return Change.METADATA
    return Change.UNCHANGED


def _content(entry: Entry) -> tuple[Any, ...]:
    if entry.kind in (Kind.FILE, Kind.HARDLINK):
        return Kind.FILE, entry.size, entry.xxh3
    return entry.kind, entry.link, entry.device
