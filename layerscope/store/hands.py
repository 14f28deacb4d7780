"""What running processes have in hand: pins that garbage collection honours, and temporary files.

A hand is a directory in ``tmp/`` that its process holds a file lock on. The lock goes when the
process does, however it ends, so a hand that can be locked is nobody's.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.store.disk import remove_tree, told

if TYPE_CHECKING:
    from types import TracebackType

    from layerscope.oci.digest import Digest
    from layerscope.store.database import Database

PREFIX = "hand-"


class Hand:
    """Keeps what is pinned from being removed until it is closed; a context manager.

    Items are digests (a blob's; a layer's by diffID, for what is kept beside it), or other texts
    that mean something to who looks them up.
    """

    def __init__(self, database: Database | None, tmp: Path) -> None:
        """Without a database nothing needs to be kept. Raises StoreFailure."""
        self._database = database
        self._pinned: set[str] = set()
        self._owner = os.getpid()
        with told(tmp):
            self.folder, self._fd = _locked_folder(tmp)

    def pin(self, *items: Digest | str) -> None:
        """Keep ``items``, from now on; they need not exist yet. Raises StoreFailure.

        What is there when this returns stays; look whether it is there only afterwards.
        """
        new = {str(item) for item in items} - self._pinned
        if not new or self._database is None:
            return
        # A power cut ends this process, too: nobody would ask for the pins.
        with self._database.write(lasting=False) as tx:
            rows = [(self.folder.name, item) for item in new]
            tx.executemany("INSERT OR IGNORE INTO pins VALUES (?, ?)", rows)
        self._pinned |= new

    def temporary(self) -> Path:
        """The name of a file that isn't there yet; what is left there goes with the hand."""
        return self.folder / os.urandom(8).hex()

    def close(self) -> None:
        """Let go of everything. Raises StoreFailure."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        if self._owner != os.getpid():
            # A child of the process whose hand it is; the lock stays with the parent.
            os.close(fd)
            return
        try:
            # The files first: on a full disk the database needs their room to forget the pins.
            with told(self.folder):
                remove_tree(self.folder)
            if self._pinned and self._database is not None:
                forget(self._database, [self.folder.name])
        finally:
            os.close(fd)

    def __enter__(self) -> Hand:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except Exception:
            # What went wrong first is what the person wants to hear.
            if error is None:
                raise


def _locked_folder(tmp: Path) -> tuple[Path, int]:
    while True:
        folder = tmp / (PREFIX + os.urandom(8).hex())
        folder.mkdir(0o700)
        # A collector may take it for a dead one until it is locked.
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        fcntl.flock(fd, fcntl.LOCK_EX)
        if folder.exists():
            return folder, fd
        os.close(fd)


def live_hands(tmp: Path) -> set[str]:
    """Names of the hands whose processes run. Raises OSError."""
    return {hand.name for hand in _hands(tmp) if not _bury(hand, lambda: None)}


def dead_hands(tmp: Path) -> list[Path]:
    """Folders of hands whose processes are gone. Raises OSError."""
    return [hand for hand in _hands(tmp) if _bury(hand, lambda: None)]


def bury_dead(database: Database, tmp: Path) -> None:
    """Drop the pins and folders of hands whose processes are gone. Raises StoreFailure, OSError."""
    for hand in _hands(tmp):
        _bury(hand, partial(_remove, database, hand))
    alive = {hand.name for hand in _hands(tmp)}
    pinned = {name for (name,) in database.rows("SELECT DISTINCT hand FROM pins")}
    if pinned - alive:
        forget(database, pinned - alive)


def _remove(database: Database, hand: Path) -> None:
    remove_tree(hand)
    forget(database, [hand.name])


def _hands(tmp: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(tmp) if entry.name.startswith(PREFIX)]


def _bury(hand: Path, last_rites: Callable[[], None]) -> bool:
    """True if ``hand`` is nobody's; then ``last_rites`` were held with its lock taken."""
    try:
        fd = os.open(hand, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        last_rites()
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def forget(database: Database, hands: Iterable[str]) -> None:
    """Drop the pins of hands by their names. Raises StoreFailure."""
    with database.write(lasting=False) as tx:
        tx.executemany("DELETE FROM pins WHERE hand = ?", [(hand,) for hand in hands])
