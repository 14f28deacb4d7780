"""A build that comes through a stream, as `docker build -` takes it: a Dockerfile, or a tar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from layerscope.build.extract import extract, is_archive
from layerscope.build.image_tree import ImageTree
from layerscope.build.workplace import open_stage, workplace
from layerscope.errors import LayerscopeError

if TYPE_CHECKING:
    from layerscope.build.tree import Tree
    from layerscope.store.store import Store

_CHUNK = 1 << 20


@contextmanager
def given(
    stream: BinaryIO, store: Store, file: str | None, most: int
) -> Iterator[tuple[bytes, Tree]]:
    """The Dockerfile and the context: ``file`` of a tar, its usual name for None, and all that is
    in it; or what isn't a tar as a Dockerfile, with a context of nothing. Of the Dockerfile
    ``most`` bytes are read.

    Raises LayerscopeError, OSError, FileNotFoundError where the tar has no such file.
    """
    head = stream.read(_CHUNK)
    with store.hold() as hand, workplace(hand) as place, open_stage(store, None, place) as engine:
        if is_archive(iter((head,))):
            name = (file or "Dockerfile").encode("utf-8", "surrogateescape")
            pieces = chain((head,), iter(lambda: stream.read(_CHUNK), b""))
            extract(engine, pieces, b"/")
            with engine.open(b"/" + name) as found:
                text = found.read(most)
        elif file is not None:
            raise LayerscopeError("the stream", f"it is no tar, which could have a {file!r}")
        else:
            text = head + stream.read(max(most - len(head), 0))
        yield text, ImageTree(engine)
