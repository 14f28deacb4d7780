"""Names of a tar as paths below a root, which no name and no symlink leads out of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from layerscope.archive.tar_format import InvalidTar, told

_MAX_HOPS = 255


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


def join(folder: bytes, name: bytes) -> bytes:
    """The path of ``name`` in ``folder``."""
    return folder + b"/" + name if folder else name


def ancestors(path: bytes) -> Iterator[bytes]:
    """The folders that a path lies in, the nearest first; not the root."""
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        yield path


def follow(folder: bytes, target: Callable[[bytes], bytes | None]) -> bytes:
    """``folder`` with the symlinks on its way followed; never above the root.

    ``target`` tells what a path points to, None for what is no symlink. Raises InvalidTar for a
    cycle.
    """
    done: list[bytes] = []
    todo = folder.split(b"/")[::-1]
    hops = 0
    while todo:
        part = todo.pop()
        if part == b"..":
            del done[-1:]
        elif part and part != b".":
            done.append(part)
            to = target(b"/".join(done))
            if to is not None:
                hops += 1
                if hops > _MAX_HOPS:
                    why = f"{told(folder)} goes through a cycle of symlinks"
                    raise InvalidTar("layer", why)
                done = [] if to[:1] == b"/" else done[:-1]
                todo += to.split(b"/")[::-1]
    return b"/".join(done)
