"""Read a lake from many threads: one DuckDB in memory, a cursor of it for each statement."""

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
_LOOK_S = 5.0  # how often the lake is looked at for new tables
_LOOK_ON_S3_S = 60.0


class _LookAgainError(Exception):
    """Raised when a file cannot be read, which may be one that VACUUM took meanwhile."""


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
        """Return what the work says of the lake as it is now.

        A file that VACUUM took meanwhile means another look, at the newest versions.

        Raises:
            DataFileDamagedError: a file of the newest version is damaged or gone.
            LogDamagedError, LostCommitsError: a table cannot be opened.
            QueryTimeoutError: it took longer than it may.
            QueryError: it cannot be answered.
        """
        try:
            return work(Snapshot(self, may_look_again=True))
        except _LookAgainError:
            self.forget()
            return work(Snapshot(self))

    def tables(self) -> dict[str, tuple[LiveTable, ...]]:
        """Return the tables by name, `layer.table`; a closed layer has none."""
        with self._lock:
            every_s = _LOOK_ON_S3_S if is_s3(self.lake_uri) else _LOOK_S
            now = self._monotonic()
            if self._looked_at is None or now - self._looked_at >= every_s:
                self._look()
                self._looked_at = now
            return self._tables

    def forget(self) -> None:
        """Look at the lake anew, at every log from its beginning."""
        with self._lock:
            self._tables = {}
            self._looked_at = None

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor for one statement, which is stopped when it takes too long."""
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
        """Begin with a new database: a file that misled DuckDB made the old one useless."""
        self._engine = _engine(self.lake_uri, self._memory_mb)

    def close(self) -> None:
        """Give the memory back."""
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
    """The lake at one moment: a table stays at the version at which it is first looked at."""

    def __init__(self, reader: Reader, *, may_look_again: bool = False) -> None:
        self._reader = reader
        self._may_look_again = may_look_again
        self._parts: dict[str, tuple[Part, ...]] = {}

    def parts(self, name: str) -> tuple[Part, ...]:
        """Return the parts of a table; none where there is no table, or its layer is closed."""
        if name not in self._parts:
            tables = self._reader.tables().get(name, ())
            self._parts[name] = tuple(table.newest() for table in tables)
        return self._parts[name]

    def versions(self, *names: str) -> dict[str, int]:
        """Return the versions of tables, by folder below the lake; what is not there has none."""
        return {
            part.pinned.uri.removeprefix(self._reader.lake_uri).lstrip("/"): part.pinned.version
            for name in names
            for part in self.parts(name)
        }

    def relation(
        self, name: str, keep: Callable[[DataFile], bool] | None = None
    ) -> Relation | None:
        """Return the rows of a table; None where there is none.

        Args:
            name: `layer.table`.
            keep: tells of a file whether it is to be read; None reads all. A table that DuckDB does
                not read itself is read whole, so a statement filters all the same.
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
            sql: the statement, without a WITH of its own; it names the tables as they are named
                here.
            parameters: bound to its `$name`.
            tables: what it selects from.

        Raises:
            DataFileDamagedError: a file is damaged or gone.
            QueryTimeoutError: it took longer than it may.
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
    """Return a database that reads the lake's folder and nothing else, and writes nothing."""
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
