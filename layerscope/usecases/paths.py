"""Paths as a person writes them, found in the files of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from layerscope.archive.entry import Kind
from layerscope.archive.paths import join
from layerscope.errors import LayerscopeError
from layerscope.index.change import Change

if TYPE_CHECKING:
    from layerscope.archive.entry import Entry


class Tree(Protocol):
    """What finding a path asks of files; :class:`layerscope.index.stack.StackView` has it all."""

    @property
    def change(self) -> memoryview[int]: ...
    def find(self, path: bytes) -> int | None: ...
    def kind(self, row: int) -> Kind: ...
    def entry(self, row: int) -> Entry: ...


class NoSuchPath(LayerscopeError):
    """A path that isn't in the image at that layer."""

    def __init__(self, path: bytes, why: str = "it isn't there") -> None:
        super().__init__(repr("/" + clean(path).decode("utf-8", "backslashreplace")), why)


def clean(path: bytes) -> bytes:
    """A path relative to the root, without leading, trailing and repeated slashes and ``.``."""
    return b"/".join(part for part in path.split(b"/") if part not in (b"", b"."))


def find(stack: Tree, path: bytes, *, removed: bool = False) -> int:
    """The row of ``path``: exactly that, or that with symlinks among its folders followed.

    ``removed`` also finds what the top layer removed. Raises NoSuchPath.
    """
    plain = clean(path)
    row = _row(stack, plain, removed)
    if row is None:
        folder, _, name = plain.rpartition(b"/")
        row = _row(stack, join(_follow(stack, folder), name), removed)
    if row is None:
        raise NoSuchPath(path)
    return row


def find_followed(stack: Tree, path: bytes) -> int:
    """The row that ``path`` leads to, all symlinks followed within the image; a slash at its end
    asks for a folder. Raises NoSuchPath."""
    row = _row(stack, _follow(stack, path), removed=False)
    if row is None:
        raise NoSuchPath(path)
    if path.endswith((b"/", b"/.")) and stack.kind(row) is not Kind.DIR:
        raise NoSuchPath(path, "it is no folder")
    return row


def _row(stack: Tree, path: bytes, removed: bool) -> int | None:
    row = stack.find(path)
    gone = row is not None and stack.change[row] == Change.REMOVED
    return None if gone and not removed else row


def _follow(stack: Tree, path: bytes) -> bytes:
    from layerscope.archive.paths import follow
    from layerscope.archive.tar_format import InvalidTar

    def target(place: bytes) -> bytes | None:
        row = _row(stack, place, removed=False)
        return None if row is None or stack.kind(row) is not Kind.SYMLINK else stack.entry(row).link

    try:
        return follow(path, target)
    except InvalidTar:
        raise NoSuchPath(path, "it goes through a cycle of symlinks") from None
