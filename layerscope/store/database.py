"""The store's SQLite database: opened late, migrated forwards, never shared between threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerscope.errors import LayerscopeError
from layerscope.store.schema import MIGRATIONS

if TYPE_CHECKING:
    import sqlite3

_PATIENCE = 60.0  # seconds to wait for another process's write


class NewerStore(LayerscopeError):
    """The store was made by a newer layerscope."""


class DamagedDatabase(LayerscopeError):
    """SQLite cannot read the store's database."""


class Database:
    """A connection a thread; readers never wait for writers (WAL)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises DamagedDatabase."""
        with self._errors_told():
            return self._connection().execute(query, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction: all of it, or nothing if the block raises."""
        connection = self._connection()
        with self._errors_told():
            connection.execute("BEGIN IMMEDIATE")
        try:
            with self._errors_told():
                yield Transaction(connection)
        except BaseException:
            connection.rollback()
            raise
        with self._errors_told():
            connection.commit()

    def close(self) -> None:
        """Close this thread's connection."""
        if (connection := getattr(self._local, "connection", None)) is not None:
            connection.close()
            del self._local.connection

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with self._errors_told():
                connection = self._local.connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            why = f"its version is {version}, this layerscope knows up to {len(MIGRATIONS)}"
            raise NewerStore(f"store {self._path.parent}", why, "a newer layerscope")
        if version < len(MIGRATIONS):
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection)
        return connection

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.OperationalError as error:
            raise LayerscopeError(f"store {self._path.parent}", str(error)) from error
        except sqlite3.DatabaseError as error:
            raise DamagedDatabase(str(self._path), str(error)) from error


class Transaction:
    """Statements of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement; how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row of values."""
        self._connection.executemany(statement, rows)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, as the transaction sees them."""
        return self._connection.execute(query, values).fetchall()


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
