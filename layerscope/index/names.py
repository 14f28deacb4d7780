"""Names of a tar made relative to the root, and what they mean besides themselves."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np

from layerscope.archive.paths import clean
from layerscope.archive.tar_format import InvalidTar, told
from layerscope.oci import whiteout


class Mark(enum.Enum):
    """An entry that says something of lower layers, under the name it speaks of."""

    WHITEOUT = 1
    OPAQUE = 2


def clean_names(raw: Sequence[bytes]) -> tuple[list[bytes], dict[int, Mark], list[int]]:
    """Clean names, the marks among them, and the numbers of those that belong in the tree.

    A marked entry's name is the one that it hides, or the directory that it makes opaque. AUFS
    bookkeeping belongs in no tree. Raises InvalidTar for a whiteout of nothing.
    """
    names = [name.rstrip(b"/") for name in raw]
    marked: list[int] = []
    for i in _unusual(names):
        names[i] = clean(names[i])
        if b".wh." in names[i]:
            marked.append(i)
    marks: dict[int, Mark] = {}
    dropped: set[int] = set()
    for i in marked:
        _mark(i, names, marks, dropped)
    kept = (
        [i for i in range(len(names)) if i not in dropped] if dropped else list(range(len(names)))
    )
    return names, marks, kept


def _unusual(names: Sequence[bytes]) -> list[int]:
    """Numbers of the names that may need cleaning or may be marks: searched as one text."""
    text = b"\0" + b"\0".join(names) + b"\0"
    found: list[int] = []
    for pattern in (b"\0/", b"\0.", b"/.", b"//", b".wh."):
        at = text.find(pattern)
        while at >= 0:
            found.append(at + 1)
            at = text.find(pattern, at + 1)
    if not found:
        return []
    starts = np.cumsum(np.fromiter(map(len, names), np.int64, len(names)) + 1)
    return sorted(set(np.searchsorted(starts, found, side="left").tolist()))


def _mark(i: int, names: list[bytes], marks: dict[int, Mark], dropped: set[int]) -> None:
    folder, slash, base = names[i].rpartition(b"/")
    if base == whiteout.OPAQUE:
        names[i], marks[i] = folder, Mark.OPAQUE
    elif base.startswith(b".wh..wh."):
        dropped.add(i)
    elif base.startswith(whiteout.PREFIX):
        hidden = base[len(whiteout.PREFIX) :]
        if hidden in (b"", b".", b".."):
            raise InvalidTar("layer", f"{told(names[i])} is a whiteout of nothing")
        names[i], marks[i] = folder + slash + hidden, Mark.WHITEOUT
