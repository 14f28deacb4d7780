"""A store opened, whatever the state of the disk that it lies on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layerscope.store import layout
from layerscope.store.database import Database
from layerscope.store.disk import Unwritable, check_writable
from layerscope.store.reserve import keep_reserve, reserve_lent
from layerscope.store.scratch import Scratch

if TYPE_CHECKING:
    from layerscope.store.database import Waiting


def opened(
    root: Path, waiting: Waiting | None, folder: Path | None
) -> tuple[Path, Database, Scratch]:
    """The store at ``root``, or an empty one where it should be made and can't: where it is, its
    database, and what to use where it can't be written, in ``folder`` if there is one.

    Raises NoStore, NewerStore, StoreFailure.
    """
    scratch = Scratch(folder)
    if not layout.is_store(root):
        try:
            layout.make(root)
        except Unwritable as refusal:
            return _nothing(scratch, refusal)
    keep_reserve(root)
    return root, _database(root / layout.DATABASE, waiting), scratch


def _database(file: Path, waiting: Waiting | None) -> Database:
    """With the reserve's help where the disk is full, and to be read alone where nothing helps."""
    try:
        return Database(file, waiting)
    except Unwritable as refusal:
        try:
            with reserve_lent(file.parent):
                return Database(file, waiting)
        except Unwritable:
            if _has_unfolded(file):
                raise
            return Database(file, waiting, refusal=_plainer(refusal, file))


def _plainer(refusal: Unwritable, file: Path) -> Unwritable:
    """Why it can't be written in the words of the system, rather than SQLite's."""
    try:
        check_writable(file.parent, file)
    except Unwritable as plainer:
        return plainer
    return refusal


def _has_unfolded(file: Path) -> bool:
    """Whether the last writes to a database stand beside it, where not everybody can read them."""
    log = file.with_name(f"{file.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _nothing(scratch: Scratch, refusal: Unwritable) -> tuple[Path, Database, Scratch]:
    """An empty store, which nothing can be put into."""
    root = scratch.folder / "store"
    if not layout.is_store(root):
        layout.make(root)
        Database(root / layout.DATABASE).close()
    return root, Database(root / layout.DATABASE, refusal=refusal), scratch
