"""A file of a container as it is now, beside what its image has in its place."""

from __future__ import annotations

import difflib
import os
import stat
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from layerscope.containers.files import look
from layerscope.containers.shelf import find_container
from layerscope.cow.engine import Engine
from layerscope.cow.handle import Handle
from layerscope.cow.lower import LowerFile, LowerNode
from layerscope.usecases.file_content import Content
from layerscope.usecases.live_lines import OWN, LiveContainer

if TYPE_CHECKING:
    from layerscope.store.store import Store

_LARGEST_TEXT = 1 << 20  # bytes of a file whose lines are compared
_CHUNK = 1 << 20
_MOST_RANGES = 1000


class _Now:
    """The content of the writable layer's file."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.size = handle.stat().size

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``. Raises OSError."""
        return self._handle.pread(size, offset)


class _Below:
    """The content of the image's file."""

    def __init__(self, file: LowerFile) -> None:
        self._file = file
        self.size = file.stat().size

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset``. Raises OSError."""
        return self._file.pread(size, offset)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: ``+`` is new, ``-`` was, a space is in both, ``@`` says where."""

    sign: str
    text: bytes


class WrittenFile:
    """Both versions, open to be read; ``now`` or ``below`` is None where there is no such file.

    ``files`` are the container's, let go of when this is closed. Raises what they raise, and
    LayerscopeError, OSError.
    """

    def __init__(self, files: AbstractContextManager[Engine], path: bytes) -> None:
        with ExitStack() as stack:
            engine = stack.enter_context(files)
            self.now = _opened_now(engine, path, stack)
            self.below = _opened_below(engine, path, stack)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._stack.close()

    def differences(self) -> list[Line]:
        """What was changed: lines for text, ranges of bytes for everything else. Raises OSError."""
        old, new = self.below, self.now
        if old is None or new is None:
            return []
        if max(old.size, new.size) <= _LARGEST_TEXT:
            before, after = old.read(0, old.size), new.read(0, new.size)
            if b"\0" not in before and b"\0" not in after:
                return _changed_lines(before, after)
        return _changed_ranges(old, new)


def open_written(store: Store, container: LiveContainer, path: bytes) -> WrittenFile:
    """A file of a container, whoever's it is.

    Raises NoSuchContainer, NotInPlace, NoDaemon, LayerscopeError, OSError.
    """
    if container.origin == OWN:
        return WrittenFile(look(store, find_container(store, container.id)), path)
    from layerscope.usecases.foreign import find_foreign

    return WrittenFile(find_foreign(container.origin, container.id).look(), path)


def _opened_now(engine: Engine, path: bytes, stack: ExitStack) -> _Now | None:
    try:
        about = engine.stat(b"/" + path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if about.fmt != stat.S_IFREG:
        return None
    handle = engine.open(b"/" + path, os.O_RDONLY | os.O_NOFOLLOW)
    stack.callback(handle.close)
    return _Now(handle)


def _opened_below(engine: Engine, path: bytes, stack: ExitStack) -> _Below | None:
    node: LowerNode | None = engine.lower.root if engine.lower.depth else None
    for name in path.split(b"/"):
        if node is None or node.fmt != stat.S_IFDIR:
            return None
        node = node.lookup(name)
    if node is None or node.fmt != stat.S_IFREG:
        return None
    file = node.open()
    stack.callback(file.close)
    return _Below(file)


def _changed_lines(before: bytes, after: bytes) -> list[Line]:
    old, new = before.split(b"\n"), after.split(b"\n")
    matcher = difflib.SequenceMatcher(None, old, new)
    found: list[Line] = []
    for group in matcher.get_grouped_opcodes(3):
        first, last = group[0], group[-1]
        found.append(Line("@", b"lines %d to %d" % (first[3] + 1, last[4])))
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                found += [Line(" ", line) for line in new[new_start:new_end]]
                continue
            found += [Line("-", line) for line in old[old_start:old_end]]
            found += [Line("+", line) for line in new[new_start:new_end]]
    return found


def _changed_ranges(old: Content, new: Content) -> list[Line]:
    import numpy as np

    found: list[Line] = []
    changed = 0
    for offset in range(0, min(old.size, new.size), _CHUNK):
        one, other = old.read(offset, _CHUNK), new.read(offset, _CHUNK)
        if one == other:
            continue
        length = min(len(one), len(other))
        differs = np.frombuffer(one, np.uint8, length) != np.frombuffer(other, np.uint8, length)
        changed += int(np.count_nonzero(differs))
        edges = np.flatnonzero(np.diff(np.concatenate(([0], differs.view(np.int8), [0]))))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if len(found) < _MOST_RANGES:
                found.append(Line("@", _range_words(offset + start, end - start)))
                found.append(Line("-", one[start : min(end, start + 16)].hex(" ").encode()))
                found.append(Line("+", other[start : min(end, start + 16)].hex(" ").encode()))
    summary = b"%d of %d bytes differ" % (changed, min(old.size, new.size))
    if old.size != new.size:
        summary += b"; it has %d bytes, and had %d" % (new.size, old.size)
    return [Line("@", summary), *found]


def _range_words(offset: int, length: int) -> bytes:
    return b"%d byte%s from %d" % (length, b"" if length == 1 else b"s", offset)
