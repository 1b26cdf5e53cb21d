"""Read a lake from many threads, by one DuckDB in memory with a cursor for each statement."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import Any, TypeVar

import duckdb

from foundation.sections import S3Settings
from lakehouse.storage.s3 import is_s3
from serving.catalog import AWS, lake_tables
from serving.reader.columns import quoted
from serving.reader.failures import ends_the_database, is_of_a_file, named
from serving.reader.parts import LiveTable, Part
from serving.reader.pinned import DataFile
from serving.reader.relation import Relation, union

T = TypeVar("T")
_LOOK_S = 5.0  # how often the lake is listed for new tables
_LOOK_ON_S3_S = 60.0


class _LookAgainError(Exception):
    """Raised when a file cannot be read, which VACUUM may have deleted meanwhile."""


class Reader:
    """Answers questions about a lake, from any thread.

    >>> reader = Reader("var/lake")
    >>> reader.answer(lambda lake: lake.rows("SELECT 1"))
    [(1,)]
    """

    def __init__(
        self,
        lake_uri: str,
        *,
        s3: S3Settings = AWS,
        memory_mb: int = 512,
        timeout_s: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lake_uri = lake_uri
        self.s3 = s3
        self.timeout_s = timeout_s
        self._monotonic = monotonic
        self._lock = Lock()
        self._tables: dict[str, tuple[LiveTable, ...]] = {}
        self._looked_at: float | None = None
        self._memory_mb = memory_mb
        self._engine = _engine(lake_uri, memory_mb)

    def answer(self, work: Callable[["Snapshot"], T]) -> T:
        """Return the result of `work` for a snapshot of the lake.

        If VACUUM has deleted a file meanwhile, `work` runs again with the newest versions.

        Raises:
            DataFileDamagedError: a file of the newest version is damaged or missing.
            LogDamagedError, LostCommitsError: a table cannot be opened.
            QueryTimeoutError: a statement took longer than allowed.
            QueryError: a statement cannot be answered.
        """
        try:
            return work(Snapshot(self, may_look_again=True))
        except _LookAgainError:
            self.forget()
            return work(Snapshot(self))

    def tables(self) -> dict[str, tuple[LiveTable, ...]]:
        """Return the tables by name, `layer.table`. A layer that may not be read has none."""
        with self._lock:
            every_s = _LOOK_ON_S3_S if is_s3(self.lake_uri) else _LOOK_S
            now = self._monotonic()
            if self._looked_at is None or now - self._looked_at >= every_s:
                self._look()
                self._looked_at = now
            return self._tables

    def forget(self) -> None:
        """List the lake again at the next use, and read every log from its beginning."""
        with self._lock:
            self._tables = {}
            self._looked_at = None

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor for one statement, which is stopped if it takes too long."""
        cursor = self._engine.cursor()
        timer = Timer(self.timeout_s, _interrupt, [cursor])
        timer.daemon = True
        timer.start()
        try:
            yield cursor
        finally:
            timer.cancel()
            cursor.close()

    def restart(self) -> None:
        """Replace the database, which is unusable after a fatal error of DuckDB."""
        self._engine = _engine(self.lake_uri, self._memory_mb)

    def close(self) -> None:
        """Close the database and free its memory."""
        self._engine.close()

    def _look(self) -> None:
        known = {table.uri: table for tables in self._tables.values() for table in tables}
        self._tables = {
            name: tuple(
                known.get(uri) or LiveTable(name, uri, self.s3, in_memory=name.startswith("gold."))
                for uri in uris
            )
            for name, uris in lake_tables(self.lake_uri, self.s3).items()
        }


class Snapshot:
    """The lake at one moment. A table stays at the version of its first use."""

    def __init__(self, reader: Reader, *, may_look_again: bool = False) -> None:
        self._reader = reader
        self._may_look_again = may_look_again
        self._parts: dict[str, tuple[Part, ...]] = {}

    def parts(self, name: str) -> tuple[Part, ...]:
        """Return the parts of a table; none if it does not exist or may not be read."""
        if name not in self._parts:
            tables = self._reader.tables().get(name, ())
            self._parts[name] = tuple(table.newest() for table in tables)
        return self._parts[name]

    def versions(self, *names: str) -> dict[str, int]:
        """Return the versions of existing tables, by folder below the lake."""
        return {
            part.pinned.uri.removeprefix(self._reader.lake_uri).lstrip("/"): part.pinned.version
            for name in names
            for part in self.parts(name)
        }

    def relation(
        self, name: str, keep: Callable[[DataFile], bool] | None = None
    ) -> Relation | None:
        """Return the rows of a table, or None if it does not exist.

        Args:
            name: `layer.table`.
            keep: selects files to read; None reads all. A table that DuckDB does not read itself is
                read as a whole, so the statement must filter too.
        """
        prefix = name.replace(".", "_")
        relations = [
            part.relation(f"{prefix}_{number}", keep=keep)
            for number, part in enumerate(self.parts(name))
        ]
        return union(relations) if relations else None

    def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, **tables: Relation
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a statement of ours.

        Args:
            sql: the statement, without a WITH of its own. It uses the names in `tables`.
            parameters: values for its `$name`.
            tables: the relations that it selects from, by name.

        Raises:
            DataFileDamagedError: a file is damaged or missing.
            QueryTimeoutError: it took longer than allowed.
            QueryError: DuckDB refuses it.
        """
        values = dict(parameters or {})
        for relation in tables.values():
            values |= relation.parameters
        with self._reader.cursor() as cursor:
            try:
                for relation in tables.values():
                    for name, source in relation.arrow.items():
                        cursor.register(name, source)
                return cursor.execute(_with(tables) + sql, values).fetchall()
            except duckdb.Error as error:
                if ends_the_database(error):
                    self._reader.restart()
                if self._may_look_again and is_of_a_file(error):
                    raise _LookAgainError from error
                parts = [part for parts in self._parts.values() for part in parts]
                raise named(
                    error, parts, self._reader.lake_uri, self._reader.s3, doing="query"
                ) from None


def _with(tables: Mapping[str, Relation]) -> str:
    ctes = (f"{quoted(name)} AS NOT MATERIALIZED {each.sql}" for name, each in tables.items())
    return f"WITH {', '.join(ctes)} " if tables else ""


def _engine(lake_uri: str, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Return a database that reads only the lake's folder and writes nothing."""
    engine = duckdb.connect(":memory:")
    engine.execute("SET GLOBAL TimeZone = 'UTC'")
    engine.execute(f"SET GLOBAL memory_limit = '{memory_mb:d}MB'")
    engine.execute("SET GLOBAL temp_directory = ''")
    engine.execute("SET GLOBAL autoinstall_known_extensions = false")
    engine.execute("SET GLOBAL autoload_known_extensions = false")
    if not is_s3(lake_uri):
        engine.execute("SET GLOBAL allowed_directories = [$folder]", {"folder": lake_uri})
    engine.execute("SET GLOBAL enable_external_access = false")
    engine.execute("SET GLOBAL lock_configuration = true")
    return engine


def _interrupt(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):  # it has ended meanwhile
        cursor.interrupt()
