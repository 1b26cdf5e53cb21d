"""Open tables of the lake at their newest version."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, DeltaProtocolError

from foundation.errors import EchoStreamError, QueryError
from foundation.sections import S3Settings
from lakehouse.delta import damage
from lakehouse.storage.s3 import is_s3, storage_options
from serving.catalog import arrow_files
from serving.reader.columns import quoted
from serving.reader.pinned import DataFile, Pinned, pin
from serving.reader.relation import InSql, Relation, bound, rows_of


@dataclass(frozen=True, slots=True)
class Part:
    """A version of a table, or of one writer's part of it, and the source of its rows.

    Attributes:
        pinned: the version.
        arrow: the source of its rows, or None if DuckDB reads the files itself.
    """

    pinned: Pinned
    arrow: Any = field(default=None, repr=False)

    @property
    def reads_files(self) -> bool:
        """Whether DuckDB reads the files itself, so that files can be left out."""
        return self.arrow is None

    def relation(
        self,
        prefix: str,
        *,
        keep: Callable[[DataFile], bool] | None = None,
        in_sql: InSql = bound,
    ) -> Relation:
        """Return its rows. If DuckDB reads the files, `keep` selects files."""
        if self.reads_files:
            files = self.pinned.files
            kept = files if keep is None else tuple(file for file in files if keep(file))
            return rows_of(self.pinned, prefix, files=kept, in_sql=in_sql)
        return Relation(f"(FROM {quoted(prefix)})", arrow={prefix: self.arrow})


@dataclass(frozen=True, slots=True)
class WholeTable:
    """A table that only deltalake can read. Each use reads it as a whole."""

    table: DeltaTable

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = QueryBuilder().register("it", self.table).execute("SELECT * FROM it")
        return reader.__arrow_c_stream__(requested_schema)


class LiveTable:
    """Follows a table. It pins the newest version only if that has changed."""

    def __init__(self, name: str, uri: str, s3: S3Settings, *, in_memory: bool = False) -> None:
        self._name = name
        self.uri = uri
        self._s3 = s3
        self._in_memory = in_memory and is_s3(uri)
        self._lock = Lock()  # deltalake updates its table in place
        self._table: DeltaTable | None = None
        self._part: Part | None = None

    def newest(self) -> Part:
        """Return the newest version.

        Raises:
            LogDamagedError, LostCommitsError, QueryError: the table cannot be opened.
        """
        with self._lock:
            table = self._moved_on()
            if self._part is None or self._part.pinned.version != table.version():
                self._part = part_of(
                    table, self._name, self.uri, self._s3, in_memory=self._in_memory
                )
            return self._part

    def forget(self) -> None:
        """Open the table again, from its log's beginning, at the next use."""
        with self._lock:
            self._table = None
            self._part = None

    def _moved_on(self) -> DeltaTable:
        if self._table is not None:
            try:
                self._table.update_incremental()
            except (DeltaError, OSError):  # another table may be there now
                self._part = None
            else:
                return self._table
        self._table = open_table(self._name, self.uri, self._s3)
        return self._table


def open_part(name: str, uri: str, s3: S3Settings) -> Part:
    """Open a table once, at its newest version.

    Raises:
        LogDamagedError, LostCommitsError, QueryError: it cannot be opened.
    """
    return part_of(open_table(name, uri, s3), name, uri, s3)


def open_table(name: str, uri: str, s3: S3Settings) -> DeltaTable:
    """Open a table's log.

    Raises:
        LogDamagedError, LostCommitsError, QueryError: it cannot be opened.
    """
    try:
        return DeltaTable(uri, storage_options=storage_options(uri, s3))
    except (DeltaError, OSError) as error:
        raise _named(error, name, uri) from None


def part_of(
    table: DeltaTable, name: str, uri: str, s3: S3Settings, *, in_memory: bool = False
) -> Part:
    """Pin the version that a table is at.

    Args:
        table: the open table.
        name: `layer.table`.
        uri: its folder.
        s3: how to reach a lake on S3.
        in_memory: whether to load the rows now, instead of reading them with each query.

    Raises:
        LogDamagedError, LostCommitsError, QueryError: it cannot be read.
    """
    try:
        pinned = pin(table, name, uri, s3)
        if pinned.is_readable and not is_s3(uri):
            return Part(pinned)
        source = _arrow_source(table, uri, s3)
    except (DeltaError, OSError) as error:
        raise _named(error, name, uri) from None
    return Part(pinned, source.to_table() if in_memory and hasattr(source, "to_table") else source)


def _arrow_source(table: DeltaTable, uri: str, s3: S3Settings) -> Any:
    """Return a source that DuckDB reads batch by batch. The sources have no common type."""
    try:
        # Columns and filters are pushed down to the files. Use Arrow's own file system: deltalake's
        # calls Python from Arrow's threads, which can hang the interpreter's end if a LIMIT left
        # some of them reading.
        return table.to_pyarrow_dataset(filesystem=arrow_files(uri, s3))
    except DeltaProtocolError:
        at = DeltaTable(uri, version=table.version(), storage_options=storage_options(uri, s3))
        return WholeTable(at)


def one_line(error: Exception) -> str:
    """Return the first line of an error, without DuckDB's excerpt of the query and suggestion."""
    return str(error).strip().partition("\n")[0].rstrip("!. ")


def _named(error: Exception, name: str, uri: str) -> EchoStreamError:
    return damage.known(error, name, uri) or QueryError(
        f"{name} cannot be read: {one_line(error)}", remedy="Check that the lake is complete"
    )
