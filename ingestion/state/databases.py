"""The producers' memory: a SQLite file, or a PostgreSQL server that several machines share.

Both hold the same tables and run the same statements, in which `?` stands for a value.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from foundation.errors import (
    IngestStoreError,
    IngestStoreUnreachableError,
    SettingsError,
    UsageError,
)

Row = tuple[Any, ...]
BUSY_S = 30.0
_ANSWER_S = 10  # to connect
_CLAIMS = 0x6563686F  # keeps our advisory locks apart from other programs' locks


class Statements(Protocol):
    """Statements inside a transaction."""

    def run(self, statement: str, values: Sequence[object]) -> int:
        """Run a statement and return how many rows it touched."""

    def run_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for many rows."""


class Database(Protocol):
    """A database with the memory's tables; threads may share it.

    Example:
        ```
        with database.transaction() as sql:
            sql.run("DELETE FROM cursors WHERE owner = ?", [owner])
        ```
    """

    def rows(self, statement: str, values: Sequence[object]) -> list[Row]:
        """Return the rows of a query."""

    def transaction(self) -> AbstractContextManager[Statements]:
        """Open a transaction: all of its statements take effect, or none."""

    def wipe_deleted(self, table: str) -> bool:
        """Remove the bytes of deleted rows from the files; False if another process reads them."""

    def claim(self, work: str) -> None:
        """Claim this work exclusively, until closed.

        Raises:
            UsageError: another process has claimed it.
        """

    def close(self) -> None:
        """Close the connection."""


class SqliteFile:
    """A SQLite file that only its owner can read."""

    def __init__(self, file: Path, schema: str) -> None:
        """Open or create the file.

        Raises:
            IngestStoreError: the file is damaged, or is not a SQLite database.
        """
        self._file = file
        self._lock = threading.Lock()  # budgets are spent from a reader's threads
        with self._named_errors():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            self._sql = sqlite3.connect(
                file, timeout=BUSY_S, check_same_thread=False, isolation_level=None
            )
            # This finds a truncated or overwritten file at the start, not in the middle of a run.
            if self._sql.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check failed")
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = FULL")
            # Erasures require that deleted rows are overwritten.
            self._sql.execute("PRAGMA secure_delete = ON")
            self._sql.executescript(schema)

    def rows(self, statement: str, values: Sequence[object]) -> list[Row]:
        """See `Database`."""
        with self._lock, self._named_errors():
            return self._sql.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Statements]:
        """See `Database`."""
        with self._lock, self._named_errors(), self._sql:
            self._sql.execute("BEGIN IMMEDIATE")
            yield _Sqlite(self._sql)

    def wipe_deleted(self, table: str) -> bool:
        """See `Database`; the file already has zeros, but its write-ahead log has old pages."""
        with self._lock, self._named_errors():
            return not self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def claim(self, work: str) -> None:
        """Do nothing: a lock file of the home prevents a second process."""

    def close(self) -> None:
        """See `Database`."""
        self._sql.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise IngestStoreError(
                f"the producers' memory {self._file} cannot be used ({type(error).__name__})",
                remedy="Restore a copy, or move it away: producers then start again,"
                " and posts that are read twice count once",
            ) from error


class _Sqlite:
    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def run(self, statement: str, values: Sequence[object]) -> int:
        return self._sql.execute(statement, values).rowcount

    def run_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._sql.executemany(statement, rows)


class PostgresServer:
    """A PostgreSQL server. It connects again after a lost connection.

    No message quotes its address, which may hold a password.
    """

    def __init__(self, address: str, schema: str) -> None:
        """Connect, and create the tables that are missing.

        Raises:
            IngestStoreUnreachableError: the server does not answer, or refuses the login.
            IngestStoreError: the user may not create the tables.
            SettingsError: psycopg is not installed.
        """
        try:
            import psycopg  # noqa: PLC0415  # an extra
        except ImportError:
            raise SettingsError(
                "ingest.store needs psycopg", remedy="pip install 'echostream[postgres]'"
            ) from None
        self._psycopg = psycopg
        self._address = address
        self._schema = schema
        self._lock = threading.RLock()
        self._claims = list[str]()
        self._sql = self._connected()

    def rows(self, statement: str, values: Sequence[object]) -> list[Row]:
        """See `Database`."""
        with self._connection() as sql:
            return list(sql.execute(_marked(statement), values).fetchall())

    @contextmanager
    def transaction(self) -> Iterator[Statements]:
        """See `Database`."""
        with self._connection() as sql, sql.transaction(), sql.cursor() as cursor:
            yield _Postgres(cursor)

    def wipe_deleted(self, table: str) -> bool:
        """See `Database`; the administrator must expire the server's own log and backups."""
        with self._connection() as sql:
            sql.execute(f"VACUUM (FULL) {table}")
        return True

    def claim(self, work: str) -> None:
        """See `Database`; a claim ends with its connection, so a new connection repeats all."""
        self._claims.append(work)
        with self._connection() as sql:
            self._claim(sql, work)

    def close(self) -> None:
        """See `Database`."""
        self._sql.close()

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """Yield the connection, or a new one if it was lost."""
        with self._lock:
            if self._sql.closed:
                self._sql = self._connected()
            with self._named_errors():
                yield self._sql

    def _connected(self) -> Any:  # a psycopg.Connection; the extra may not be installed
        with self._named_errors():
            sql = self._psycopg.connect(self._address, autocommit=True, connect_timeout=_ANSWER_S)
            with sql.transaction():
                # Only one process at a time creates the tables.
                sql.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_CLAIMS])
                sql.execute(self._schema)
            for work in self._claims:
                self._claim(sql, work)
            return sql

    @staticmethod
    def _claim(sql: Any, work: str) -> None:
        if not sql.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_CLAIMS, work]
        ).fetchone()[0]:
            raise UsageError(
                f"another machine runs {work} with this memory", remedy="Stop it first"
            )

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.OperationalError as error:
            raise IngestStoreUnreachableError(
                f"the PostgreSQL server of ingest.store cannot be used ({type(error).__name__})",
                remedy="Start it, or correct the address, user and password"
                " in ECHOSTREAM_INGEST__STORE",
            ) from None
        except (self._psycopg.Error, ValueError) as error:
            raise IngestStoreError(
                f"the producers' memory in PostgreSQL cannot be used ({type(error).__name__})",
                remedy="Its user must be able to create, read and write tables;"
                " the server's log has the cause",
            ) from None


class _Postgres:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def run(self, statement: str, values: Sequence[object]) -> int:
        return int(self._cursor.execute(_marked(statement), values).rowcount)

    def run_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._cursor.executemany(_marked(statement), rows)


def _marked(statement: str) -> str:
    """Replace each `?` by psycopg's mark for a value."""
    return statement.replace("?", "%s")
