"""A bare root file system, a folder or a tar, as an image of one layer without a history."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import BinaryIO

from layerscope.archive.blob import FileRange
from layerscope.oci.config import ImageConfig
from layerscope.oci.platform import Platform
from layerscope.sources.image import Image, Layer


def open_rootfs(what: str, path: Path, platform: Platform | None) -> Image:
    """The folder or tar at ``path`` as an image for ``platform``, this machine's if None.

    Raises OSError.
    """
    config = ImageConfig(diff_ids=(), platform=platform or Platform.host())
    if path.is_dir():
        layer = Layer(None, None, None, lambda: _FolderTar(path))
    else:
        place = FileRange.whole(path)
        layer = Layer(None, None, place.size, place)
    return Image(what, (), config, config.to_bytes(), (layer,))


class _FolderTar(io.RawIOBase, BinaryIO):
    """The reproducible tar of a folder, written by a thread as it is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._error: BaseException | None = None
        out, into = os.pipe()
        self._out = open(out, "rb", buffering=0)  # noqa: SIM115 - closed in close()
        self._thread = threading.Thread(target=self._write, args=(into,), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, memory: memoryview) -> int:  # type: ignore[override]
        """Fill ``memory`` with what there is. Raises what reading the folder raises."""
        size = self._out.readinto(memory)
        if not size:
            self._thread.join()
            if self._error is not None:
                raise self._error
        return size

    def close(self) -> None:
        if not self.closed:
            self._out.close()
        super().close()

    def _write(self, into: int) -> None:
        from layerscope.archive.walk import walk_tree
        from layerscope.archive.writer import TarWriter

        try:
            with open(into, "wb", buffering=1 << 20) as out:
                tar = TarWriter(out)
                for entry, content in walk_tree(self._folder):
                    tar.add(entry, content())
                tar.close()
        except BrokenPipeError:
            return
        except BaseException as error:
            self._error = error
