"""Names of a tar made relative to the root, and what they mean besides themselves."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from layerscope.archive.header import InvalidTar
from layerscope.oci import whiteout


class Mark(enum.Enum):
    """An entry that says something of lower layers, under the name it speaks of."""

    WHITEOUT = 1
    OPAQUE = 2


def clean(name: bytes) -> bytes:
    """A name as the tar has it, relative to the root: no ``.``, ``..``, empty parts or slashes.

    ``..`` stops at the root, as it does for a process whose root that is.
    """
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part and part != b".":
            parts.append(part)
    return b"/".join(parts)


def clean_names(raw: Sequence[bytes]) -> tuple[list[bytes], dict[int, Mark], list[int]]:
    """Clean names, the marks among them, and the numbers of those that belong in the tree.

    A marked entry's name is the one that it hides, or the directory that it makes opaque. AUFS
    bookkeeping belongs in no tree. Raises InvalidTar for a whiteout of nothing.
    """
    names: list[bytes] = []
    marked: list[int] = []
    for name in raw:
        if name[-1:] == b"/":
            name = name.rstrip(b"/")
        if b"/." in name or b"//" in name or name[:1] in b"/.":
            name = clean(name)
            if b".wh." in name:
                marked.append(len(names))
        elif b".wh." in name:
            marked.append(len(names))
        names.append(name)
    marks: dict[int, Mark] = {}
    dropped: set[int] = set()
    for i in marked:
        _mark(i, names, marks, dropped)
    kept = (
        [i for i in range(len(names)) if i not in dropped] if dropped else list(range(len(names)))
    )
    return names, marks, kept


def _mark(i: int, names: list[bytes], marks: dict[int, Mark], dropped: set[int]) -> None:
    folder, slash, base = names[i].rpartition(b"/")
    if base == whiteout.OPAQUE:
        names[i], marks[i] = folder, Mark.OPAQUE
    elif base.startswith(b".wh..wh."):
        dropped.add(i)
    elif base.startswith(whiteout.PREFIX):
        hidden = base[len(whiteout.PREFIX) :]
        if hidden in (b"", b".", b".."):
            raise InvalidTar("layer", f"{names[i]!r} is a whiteout of nothing")
        names[i], marks[i] = folder + slash + hidden, Mark.WHITEOUT
