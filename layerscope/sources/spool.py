"""Archives that are compressed as a whole, inflated once so that they can be explored in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.archive.codec import Codec, decoded, detect
from layerscope.store.blobs import write_all
from layerscope.store.disk import told

if TYPE_CHECKING:
    from layerscope.store.store import Store

_CHUNK = 4 << 20


def inflated(path: Path, store: Store) -> Path:
    """``path``, or a plain copy of it in the store if it is compressed.

    The copy is found again while the file doesn't change, and stays as long as ``store`` is open.
    Raises BrokenBlob, DecompressionBomb, StoreFailure, and OSError for ``path``.
    """
    with path.open("rb", buffering=0) as raw:
        codec = detect(raw.read(512))
        if codec is Codec.PLAIN:
            return path
        about = os.fstat(raw.fileno())
        key = f"{about.st_dev:x}-{about.st_ino:x}-{about.st_size:x}-{about.st_mtime_ns:x}"
        store.keep(f"spool:{key}")
        copy = store.spool_file(key)
        if not copy.exists():
            raw.seek(0)
            with store.hold() as hand:
                temporary = hand.temporary()
                with told(temporary), temporary.open("xb", buffering=0) as out:
                    stream = decoded(raw, codec)
                    while data := stream.read(_CHUNK):
                        write_all(out, data)
                    os.rename(temporary, copy)
        return copy
