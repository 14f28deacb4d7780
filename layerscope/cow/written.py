"""What the writable layer holds, beside what the lower layers have in the same places."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from layerscope.cow.engine import Engine
from layerscope.cow.handle import Handle
from layerscope.cow.lower import LowerNode
from layerscope.cow.node import Missing, Node
from layerscope.cow.stat import Stat

_CHUNK = 1 << 20
GONE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL))
"""What a call on a path says that was looked at before, if it is gone or something else now."""


class Written(NamedTuple):
    """One entry of the writable layer. ``path`` is relative to the root, which is ``b""``.

    ``stat`` is None for a whiteout. ``below`` is what the lower layers would show at the path,
    whether or not it merges; ``opaque`` is a directory that hides it.
    """

    path: bytes
    stat: Stat | None
    below: LowerNode | None
    opaque: bool


def written(engine: Engine) -> Iterator[Written]:
    """Every entry, directories before what is in them, siblings by name; the root comes first.

    Costs what the writable layer holds, not what the image does. What vanishes meanwhile is left
    out.
    """
    root = engine.core.root
    yield Written(b"", engine.core.stat(root), engine.lower.root, root.opaque)
    yield from _inside(engine, root, b"", engine.lower.root)


def _inside(
    engine: Engine, directory: Node, path: bytes, below: LowerNode | None
) -> Iterator[Written]:
    core, names = engine.core, list[bytes]()
    with core, suppress(FileNotFoundError, NotADirectoryError):
        names = sorted(name for name, _ in core.written_names(directory))
    for name in names:
        with core:
            hidden = _lookup(below, name)
            here = path + b"/" + name if path else name
            try:
                node = core.child(directory, name)
                found = None if isinstance(node, Missing) else core.stat(node)
            except (FileNotFoundError, NotADirectoryError):
                continue
        if node is Missing.NOTHING:
            continue
        if isinstance(node, Missing):
            yield Written(here, None, hidden, False)
            continue
        yield Written(here, found, hidden, node.opaque)
        if node.fmt == stat.S_IFDIR:
            yield from _inside(engine, node, here, hidden)


def _lookup(below: LowerNode | None, name: bytes) -> LowerNode | None:
    if below is None or below.fmt != stat.S_IFDIR:
        return None
    return below.lookup(name)


def read_exactly(handle: Handle, size: int) -> Iterator[bytes]:
    """``size`` bytes of an open file; zeros for what is cut off while it is read."""
    while size > 0:
        data = handle.read(min(size, _CHUNK)) or bytes(min(size, _CHUNK))
        size -= len(data)
        yield data
