"""Where indexes and copies go while the store cannot be written: a folder of this process's own."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from layerscope.store.disk import remove_tree, told


class Scratch:
    """A folder that is made when it is first needed, and goes when the process ends."""

    def __init__(self, folder: Path | None = None) -> None:
        """With ``folder`` it is there already, and another process's."""
        self._made = folder
        self._lock = threading.Lock()

    @property
    def is_made(self) -> bool:
        """Whether it was needed so far."""
        return self._made is not None

    @property
    def folder(self) -> Path:
        """The folder. Raises StoreFailure."""
        with self._lock:
            if self._made is None:
                self._made = _new_folder()
            return self._made

    def linked(self, folder: Path) -> Path:
        """A folder here that has all that ``folder`` has, and can get more. Raises StoreFailure."""
        here = self.folder / folder.parent.name / folder.name
        with told(here):
            here.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                for name in os.listdir(folder):
                    with suppress(FileExistsError):
                        (here / name).symlink_to((folder / name).absolute())
        return here

    def file(self, file: Path) -> Path:
        """``file`` itself if it is there, or where it can be put here. Raises StoreFailure."""
        if file.exists():
            return file
        here = self.folder / file.parent.name / file.name
        with told(here):
            here.parent.mkdir(exist_ok=True)
        return here


def _new_folder() -> Path:
    import atexit
    import tempfile

    with told(tempfile.gettempdir()):
        folder = Path(tempfile.mkdtemp(prefix="layerscope-"))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    """Not by a child that was forked meanwhile."""
    if os.getpid() == owner:
        with suppress(OSError):
            remove_tree(folder)
