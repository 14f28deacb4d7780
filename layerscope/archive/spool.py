"""Inflates a whole layer into a file, for formats that cannot be read from the middle."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from layerscope.archive.blob import FileRange
from layerscope.archive.codec import Codec, Limits, decoded
from layerscope.progress import Progress

SPOOL_MAX = 8 << 30
_CHUNK = 1 << 20


def spool(
    blob: FileRange,
    codec: Codec,
    tar_size: int,
    path: Path,
    limits: Limits | None,
    progress: Progress,
) -> None:
    """Inflate ``blob`` into ``path``, which appears whole or not at all.

    Only up to SPOOL_MAX bytes, and only where twice as much is free; a disk that fails is no
    error either. Raises BrokenBlob, DecompressionBomb, and what ``progress`` raises to stop.
    """
    if tar_size > SPOOL_MAX:
        return
    with suppress(OSError):
        if shutil.disk_usage(path.parent).free < 2 * tar_size:
            return
        # The name tells whoever clears up whose it was.
        prefix = f".{path.name}.{os.getpid()}."
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=prefix, delete=False) as file:
            try:
                _fill(file.fileno(), blob, codec, limits, progress, path.name)
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise


def _fill(
    fd: int, blob: FileRange, codec: Codec, limits: Limits | None, progress: Progress, task: str
) -> None:
    progress.begin(task, blob.size)
    with blob.open() as raw:
        stream = decoded(raw, codec, limits)
        memory = memoryview(bytearray(_CHUNK))
        while size := stream.readinto(memory):
            data = memory[:size]
            while data:
                data = data[os.write(fd, data) :]
            progress.advance(task, stream.taken)
            progress.check()
    progress.end(task)
