"""One process at a time works on a container's writable layer."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from layerscope.errors import LayerscopeError


class LayerBusy(LayerscopeError):
    """Another process has the writable layer open."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            str(directory),
            "another process is working on this writable layer",
            "wait for it to end, or stop the container",
        )


class LayerLock:
    """Holds a writable layer through its work directory; the kernel drops it with the process."""

    def __init__(self, work: Path) -> None:
        self._fd = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise LayerBusy(work) from None

    def release(self) -> None:
        """Let others in."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
