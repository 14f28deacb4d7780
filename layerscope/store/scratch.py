"""Where indexes and copies go while the store cannot be written: a folder of this process's own."""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

from layerscope.store.disk import remove_tree, told
from layerscope.store.hands import Hand, dead_hands


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
        """Where to put what would be ``file``, part of which may be there. Raises StoreFailure."""
        here = self.folder / file.parent.name / file.name
        with told(here):
            here.parent.mkdir(exist_ok=True)
        return here


def _new_folder() -> Path:
    """A hand among the temporary files; those of processes that were killed go."""
    import atexit
    import tempfile

    home = Path(tempfile.gettempdir()) / f"layerscope-{os.geteuid()}"
    with told(home):
        home.mkdir(0o700, exist_ok=True)
        about = home.lstat()
        if (about.st_uid, about.st_mode) != (os.geteuid(), stat.S_IFDIR | 0o700):
            raise OSError(errno.EACCES, "it is not this user's alone")
        for dead in dead_hands(home):
            remove_tree(dead)
    hand = Hand(None, home)
    atexit.register(hand.close)
    return hand.folder
