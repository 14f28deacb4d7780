"""The store's SQLite database: readers never wait, writers take short turns."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from layerscope.errors import LayerscopeError
from layerscope.store.disk import (
    DENIED_HINT,
    FULL_HINT,
    StoreFailure,
    Unwritable,
    images_hint,
    is_full,
)
from layerscope.store.schema import MIGRATIONS

if TYPE_CHECKING:
    import sqlite3
    from sqlite3 import Connection

Waiting = Callable[[float], None]
Answer = TypeVar("Answer")

_PATIENCE = 60.0  # seconds that a writer waits for its turn
_DEAF = 0.1  # seconds at a time that SQLite waits by itself, where no signal reaches anybody
_PAUSE = 0.02  # seconds before the next try: SQLite doesn't wait for everything on its own


class NewerStore(LayerscopeError):
    """The store was written by a later version, whose rules this one doesn't know."""

    def __init__(self, file: Path, version: int) -> None:
        why = f"a newer layerscope made it (its version is {version}, this knows {len(MIGRATIONS)})"
        super().__init__(f"store {file.parent}", why, "a newer layerscope, or another --root")


class _Forks(threading.local):
    """Of this thread: in how many blocks it forks strangers, and what it holds while it forks."""

    def __init__(self) -> None:
        self.strangers = 0
        self.held: list[Database] = []


_open: WeakSet[Database] = WeakSet()
_forks = _Forks()


def _before_fork() -> None:
    if not _forks.strangers:
        for database in sorted(_open, key=id):
            database.hold()
            _forks.held.append(database)


def _after_fork() -> None:
    while _forks.held:
        _forks.held.pop().let_go()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


@contextmanager
def forking_strangers() -> Iterator[None]:
    """The children that this block forks will never ask a database: the connections may stay."""
    _forks.strangers += 1
    try:
        yield
    finally:
        _forks.strangers -= 1


class Database:
    """Thin access to the tables; safe to use from several threads, and after a fork.

    All methods raise StoreFailure for what SQLite or the disk complains about.
    """

    def __init__(
        self, file: Path, waiting: Waiting | None = None, *, refusal: Unwritable | None = None
    ) -> None:
        """Open ``file``, make it if there is none, and bring its tables up to date.

        With a ``refusal``, which whoever writes gets then, it is only read, as it is now: not even
        the files are made beside it by which processes share it. ``waiting`` hears, several times
        a second, how many seconds it was waited for another process; what it raises ends that.
        """
        self._file = file
        self._waiting = waiting
        self.refusal = refusal
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        # A connection must not be used, nor closed, by a child of the process that made it.
        self._inherited: Connection | None = None
        self._owner = 0
        self._depth = 0
        _open.add(self)
        self._upgrade()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._errors_told(), self._lock:
            return self._patiently(lambda: self._connected().execute(sql, values).fetchall())

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, None if there is none."""
        with self._errors_told(), self._lock:
            found = self._patiently(lambda: self._connected().execute(sql, values).fetchone())
            row: tuple[Any, ...] | None = found
            return row

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Connection]:
        """A transaction: all of it is kept, or with an exception none. One within one joins it.

        One that isn't ``lasting`` doesn't wait for the disk: a power cut may undo it, as if it had
        not been yet.
        """
        if self.refusal is not None:
            raise self.refusal
        with self._errors_told(), self._lock:
            connection = self._connected()
            if not self._depth:
                connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
                self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            self._depth += 1
            try:
                yield connection
            except BaseException:
                self._end(connection, "ROLLBACK")
                raise
            self._end(connection, "COMMIT")

    def _end(self, connection: Connection, how: str) -> None:
        self._depth -= 1
        if not self._depth and connection.in_transaction:
            try:
                connection.execute(how)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def fold(self) -> None:
        """Give back the room of what was written down twice, as far as nobody reads it."""
        with suppress(StoreFailure):
            self.row("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection and self._owner == os.getpid():
                self._connection.close()
            self._connection = None

    def hold(self) -> None:
        """Get ready for a fork: no other thread works with the file until :meth:`let_go`, which a
        child would wait for in vain.

        Unless it is being written it is closed. SQLite believes that a child has the file locks of
        its parent, which it has not: with this connection open in it, what it writes can be lost.
        """
        self._lock.acquire()
        if not self._depth:
            self.close()

    def let_go(self) -> None:
        """Go on after the fork, on either side of it."""
        self._lock.release()

    def _connected(self) -> Connection:
        if self._connection is None or self._owner != os.getpid():
            self._inherited = self._connection
            self._connection = self._connect()
            self._owner, self._depth = os.getpid(), 0
        return self._connection

    def _connect(self) -> Connection:
        import sqlite3

        whole = self.refusal is not None
        name = f"{self._file.absolute().as_uri()}?immutable=1" if whole else self._file
        connection = sqlite3.connect(
            name, timeout=_DEAF, isolation_level=None, check_same_thread=False, uri=whole
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _upgrade(self) -> None:
        version = self._version()
        if version == len(MIGRATIONS):
            return
        if version > len(MIGRATIONS):
            raise NewerStore(self._file, version)
        self.row("PRAGMA journal_mode = WAL")
        with self.write() as tx:
            for number in range(self._version(), len(MIGRATIONS)):
                for statement in MIGRATIONS[number]:
                    tx.execute(statement)
            tx.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self) -> int:
        row = self.row("PRAGMA user_version")
        return int(row[0]) if row else 0

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """What ``ask`` gives as soon as no other process is in its way."""
        import sqlite3

        began = time.monotonic()
        while True:
            try:
                return ask()
            except sqlite3.OperationalError as error:
                waited = time.monotonic() - began
                if _code(error) != sqlite3.SQLITE_BUSY or waited > _PATIENCE:
                    raise
                if self._waiting is not None:
                    self._waiting(waited)
                time.sleep(_PAUSE)

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> StoreFailure:
        import sqlite3

        file, why, code = str(self._file), str(error), _code(error)
        if code == sqlite3.SQLITE_BUSY:
            return StoreFailure(file, why, "again, when the other layerscope is done")
        # Where a file beside it can't be made for lack of room, SQLite doesn't say so.
        unsaid = code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
        if code == sqlite3.SQLITE_FULL or (unsaid and is_full(self._file.parent)):
            return Unwritable(file, "no space left on device", FULL_HINT)
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return Unwritable(file, why, DENIED_HINT)
        lost = code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
        return StoreFailure(file, why, images_hint(self._file.parent) if lost else None)


def _code(error: Exception) -> int:
    """SQLite's code without what it says more closely; 0 if the error isn't SQLite's own."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
