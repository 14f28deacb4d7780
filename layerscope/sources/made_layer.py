"""A layer that is made when it is first read, once, so that a second look sees the same."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from layerscope.archive.blob import FileRange
from layerscope.store.disk import told


class MadeLayer:
    """What ``write`` writes, kept in a file without a name in ``folder`` for as long as this is
    there; a :class:`layerscope.sources.image.Distant` blob."""

    def __init__(self, write: Callable[[BinaryIO], object], folder: Path) -> None:
        self._write = write
        self._folder = folder
        self._made: IO[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def file(self) -> Path:
        """Where this process finds it once it is made."""
        assert self._made is not None
        return Path(f"/proc/self/fd/{self._made.fileno()}")

    def open(self) -> BinaryIO:
        """A reader from its first byte on. Raises what writing it raises, StoreFailure."""
        return cast(BinaryIO, self.fetch().open())

    def here(self) -> FileRange | None:
        """Where it lies, None before it is made."""
        if self._made is None:
            return None
        return FileRange(self.file, 0, os.fstat(self._made.fileno()).st_size)

    def fetch(self) -> FileRange:
        """The same, made if need be. Raises as :meth:`open`."""
        with self._lock:
            if self._made is None:
                with told(self._folder):
                    made = TemporaryFile(dir=self._folder)  # noqa: SIM115 - as long as this
                self._write(cast(BinaryIO, made))
                with told(self._folder):
                    made.flush()
                self._made = made
            found = self.here()
        assert found is not None
        return found
