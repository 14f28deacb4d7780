"""A tar that is made while it is read."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from layerscope.archive.entry import Entry
from layerscope.archive.writer import TarWriter

Entries = Iterable[tuple[Entry, Callable[[], Iterator[bytes]]]]


class MadeTar(io.RawIOBase, BinaryIO):
    """What ``write`` writes, in a thread, as it is read."""

    def __init__(self, write: Callable[[BinaryIO], object]) -> None:
        super().__init__()
        self._make = write
        self._error: BaseException | None = None
        out, into = os.pipe()
        self._out = open(out, "rb", buffering=0)  # noqa: SIM115 - closed in close()
        self._thread = threading.Thread(target=self._write, args=(into,), daemon=True)
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, memory: memoryview) -> int:  # type: ignore[override]
        """Fill ``memory`` with what there is. Raises what making the entries raises."""
        size = self._out.readinto(memory)
        if not size:
            self._thread.join()
            if self._error is not None:
                raise self._error
        return size

    def close(self) -> None:
        """Stop making it."""
        if not self.closed:
            self._out.close()
            self._thread.join()
        super().close()

    def _write(self, into: int) -> None:
        try:
            with open(into, "wb", buffering=1 << 20) as out:
                self._make(out)
        except BrokenPipeError:
            return
        except BaseException as error:
            self._error = error


def tar_of(entries: Entries) -> MadeTar:
    """The reproducible tar of some entries with their content."""

    def write(out: BinaryIO) -> None:
        tar = TarWriter(out)
        for entry, content in entries:
            tar.add(entry, content())
        tar.close()

    return MadeTar(write)
