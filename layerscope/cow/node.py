"""The names of the union that have been looked up, as a tree in memory."""

from __future__ import annotations

import enum
import stat
from typing import TYPE_CHECKING

from layerscope.cow.descriptors import Directory
from layerscope.cow.lower import LowerNode

if TYPE_CHECKING:
    from layerscope.cow.handle import Handle


class Missing(enum.Enum):
    """Why a name shows nothing."""

    NOTHING = "there is nothing of that name"
    WHITEOUT = "the writable layer deletes it"


class Node:
    """One name. ``upper`` says that the writable layer has it; ``lower`` is what lies below.

    For a directory in the writable layer ``lower`` is the directory that it merges with, None if
    it is opaque or new. ``handles`` are the open files that still read the lower file.
    """

    __slots__ = (
        "children",
        "fd",
        "fmt",
        "gone",
        "handles",
        "impure",
        "lower",
        "marked",
        "name",
        "opaque",
        "opens",
        "parent",
        "upper",
        "weight",
    )

    def __init__(
        self,
        parent: Node | None,
        name: bytes,
        fmt: int,
        upper: bool,
        lower: LowerNode | None,
    ) -> None:
        self.parent = parent
        self.name = name
        self.fmt = fmt
        self.upper = upper
        self.lower = lower
        self.fd = -1
        self.opaque = False
        self.impure = False
        # Whether empty files with an xattr are whiteouts in this upper directory.
        self.marked = False
        self.gone = False
        # What the writable layer gets back when the name goes; -1: other names have a say.
        self.weight = 0
        self.opens = 0
        self.handles: list[Handle] = []
        self.children: dict[bytes, Node | Missing] = {}

    @property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return self.fmt == stat.S_IFDIR

    @property
    def merged(self) -> bool:
        """A directory that stands in the writable layer and in a lower one."""
        return self.upper and self.lower is not None and self.fmt == stat.S_IFDIR

    def host_parent(self) -> Directory | None:
        """The directory that it stands in."""
        return self.parent

    def host_name(self) -> bytes:
        """Its name there."""
        return self.name

    def path(self) -> bytes:
        """From the root, without a leading slash."""
        parts: list[bytes] = []
        node: Node = self
        while node.parent is not None:
            parts.append(node.name)
            node = node.parent
        parts.reverse()
        return b"/".join(parts)


def prune(node: Node) -> bool:
    """Forget every name below ``node`` that no open file holds; whether it must stay itself."""
    node.children = {
        name: child
        for name, child in node.children.items()
        if isinstance(child, Node) and (prune(child) or child.opens)
    }
    return bool(node.children)
