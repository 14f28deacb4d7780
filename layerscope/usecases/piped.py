"""An archive that comes through a pipe: kept in a file of the store while it is looked at."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.codec import decoded, detect
from layerscope.errors import LayerscopeError, UsageError
from layerscope.store.blobs import write_all
from layerscope.store.disk import told

if TYPE_CHECKING:
    from layerscope.progress import Progress
    from layerscope.store.store import Store

_STANDARD_INPUT = "-"
# Pipes that are open already, as a shell's <(…) is; to open one by its name could wait forever.
_OPEN = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_TRANSPORTS = ("docker-archive", "oci-archive")
_CHUNK = 1 << 20


@contextmanager
def at_hand(target: str, store: Store, progress: Progress) -> Iterator[str]:
    """``target``, or for ``-`` or an open pipe (``docker-archive:-:NAME``, too) one that means a
    file with all that comes out of it, which is there for as long as the block runs.

    Raises UsageError where a person would have to type an archive, BrokenBlob, DecompressionBomb,
    Cancelled, StoreFailure, LayerscopeError.
    """
    transport, colon, rest = target.partition(":")
    before = transport + colon if transport in _TRANSPORTS else ""
    pipe, colon, name = (rest if before else target).partition(":")
    if not _is_pipe(pipe) or (name and not before):
        yield target
        return
    if pipe == _STANDARD_INPUT and os.isatty(0):
        hint = "docker save IMAGE | layerscope load -"
        raise UsageError(repr(pipe), "standard input is a terminal", hint)
    with store.hold() as hand:
        file = hand.temporary()
        try:
            _keep(pipe, file, store, progress)
            yield f"{before}{file}{colon}{name}"
        except LayerscopeError as error:
            error.what = error.what.replace(str(file), pipe)
            error.hint = error.hint and error.hint.replace(str(file), pipe)
            raise
        except OSError as error:
            raise LayerscopeError(repr(pipe), (error.strerror or str(error)).lower()) from error


def _is_pipe(word: str) -> bool:
    if word == _STANDARD_INPUT:
        return True
    try:
        return word.startswith(_OPEN) and stat.S_ISFIFO(os.stat(word).st_mode)
    except (OSError, ValueError):
        return False


def _keep(pipe: str, file: Path, store: Store, progress: Progress) -> None:
    """Put what comes out of ``pipe`` into ``file``, inflated."""
    source = 0 if pipe == _STANDARD_INPUT else pipe
    progress.begin(pipe, None)
    with open(source, "rb", closefd=source != 0) as raw, file.open("xb", buffering=0) as out:
        stream = decoded(raw, detect(raw.peek()))
        while data := stream.read(_CHUNK):
            with told(store.root):
                write_all(out, data)
            progress.check()
            progress.advance(pipe, stream.taken)
    progress.end(pipe)
