"""Archives that are compressed as a whole, inflated once so that they can be explored in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.codec import Codec, decoded, detect
from layerscope.sources.fingerprint import fingerprint
from layerscope.store.blobs import write_all
from layerscope.store.disk import told

if TYPE_CHECKING:
    from layerscope.progress import Progress
    from layerscope.store.store import Store

_CHUNK = 4 << 20


def inflated(path: Path, store: Store, progress: Progress) -> Path:
    """``path``, or a plain copy of it in the store if it is compressed.

    The copy is found again while the file doesn't change, and stays as long as ``store`` is open.
    Raises BrokenBlob, DecompressionBomb, Cancelled, StoreFailure, and OSError for ``path``.
    """
    with path.open("rb", buffering=0) as raw:
        codec = detect(raw.read(512))
        if codec is Codec.PLAIN:
            return path
        key = fingerprint(os.fstat(raw.fileno()))
        store.keep(f"spool:{key}")
        copy = store.spool_file(key)
        if not copy.exists():
            raw.seek(0)
            task = f"file {path.name}"
            progress.begin(task, os.fstat(raw.fileno()).st_size)
            with store.hold_to_read() as hand:
                temporary = hand.temporary()
                with told(store.root), temporary.open("xb", buffering=0) as out:
                    stream = decoded(raw, codec)
                    while data := stream.read(_CHUNK):
                        write_all(out, data)
                        progress.check()
                        progress.advance(task, stream.taken)
                    os.rename(temporary, copy)
            progress.end(task)
        return copy
