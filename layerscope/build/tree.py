"""Where COPY and ADD take files from: a context, a stage, an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from layerscope.archive.entry import Entry
from layerscope.errors import LayerscopeError


class CopyFailed(LayerscopeError):
    """Something can't be found that is to be copied, or can't be put where it is to go."""


class Source(NamedTuple):
    """Something to copy; ``entry.path`` is below what was asked for, ``b""`` for that itself.

    ``place`` is its path in the tree; ``open`` gives a file's content in pieces; ``inode`` is the
    same for the names of one file, None where it has no other.
    """

    place: bytes
    entry: Entry
    open: Callable[[], Iterator[bytes]]
    inode: tuple[int, int] | None = None


class Tree(Protocol):
    """Files by paths that are relative to the root, without leading slash."""

    def paths(self) -> Iterator[bytes]:
        """Every path but the root's, folders before what is in them, siblings by name."""

    def below(self, path: bytes) -> Iterator[Source]:
        """What stands at ``path``, a symlink at its end followed within the tree, and all below.

        Raises FileNotFoundError.
        """
