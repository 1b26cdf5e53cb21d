"""Questions to the lake in SQL: DuckDB over Delta, read-only, without a JVM."""

import re
from dataclasses import dataclass
from typing import Any

import duckdb
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, DeltaProtocolError

from foundation.errors import DataFileDamagedError, LogDamagedError, QueryError
from foundation.policies import policies
from foundation.sections import S3Settings, ServingSettings
from lakehouse.delta import damage
from lakehouse.storage.s3 import storage_options
from serving.catalog import AWS, arrow_files, lake_tables
from serving.views import View, views

DEFAULTS = ServingSettings()

_READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
# What Arrow, deltalake and DuckDB say of a file that they cannot read; mostly without its name.
_OF_A_FILE = re.compile(
    r"parquet|thrift|corrupt|decompress|snappy|magic bytes|object store error|no such file"
    r"|not found|deserialize"
    r"|end of stream|unexpected end|IOError|OSError",
    re.IGNORECASE,
)
_LOCK = (
    "SET TimeZone='UTC'",
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET enable_external_access=false",
    "SET lock_configuration=true",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that a query gave."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    cut: bool = False  # there are more rows than were asked for


def query(
    lake_uri: str,
    sql: str,
    *,
    limit: int | None = None,
    s3: S3Settings = AWS,
    serving: ServingSettings = DEFAULTS,
) -> Answer:
    """Run one reading statement; only the tables that it names, or its views need, are opened.

    Args:
        lake_uri: the lake.
        sql: the question, in DuckDB's dialect.
        limit: fetch no more rows than this.
        s3: how to reach a lake on S3.
        serving: what the views leave out.

    Raises:
        QueryError: it is not one reading statement, names an unknown table, or fails.
        StoreUnreachableError: the lake is on S3, which does not answer.
    """
    tables = lake_tables(lake_uri, s3)
    shown = {
        name: view
        for name, view in views(policies(), serving.min_authors).items()
        if view.base in tables
    }
    names = [*tables, *shown]
    with duckdb.connect(":memory:") as connection:
        _refuse_all_but_one_read(connection, sql)
        if re.fullmatch(r"\s*show\s+(all\s+)?tables\s*;?\s*", sql, re.IGNORECASE):
            return Answer(["table"], [(name,) for name in names])
        named = _named_in(sql, names)
        opened = list(dict.fromkeys(shown[name].base if name in shown else name for name in named))
        for name in opened:
            _expose(connection, name, tables[name], s3)
        for name in shown.keys() & named:
            _show(connection, name, shown[name])
        for setting in _LOCK:
            connection.execute(setting)
        try:
            done = connection.execute(sql)
            rows = done.fetchall() if limit is None else done.fetchmany(limit + 1)
        except duckdb.Error as error:
            if damaged := _damaged(error, {name: tables[name] for name in opened}, lake_uri, s3):
                raise damaged from None
            raise _explained(error, names) from None
        columns = [column[0] for column in done.description or []]
        return Answer(columns, rows[:limit], cut=limit is not None and len(rows) > limit)


def _refuse_all_but_one_read(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_one_line(error), remedy="Mend the query") from None
    if len(statements) != 1 or statements[0].type not in _READS:
        raise QueryError(
            "only one statement that reads is answered",
            remedy="Begin with SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, EXPLAIN or SHOW TABLES",
        )


def _named_in(sql: str, names: list[str]) -> list[str]:
    """Return the tables in a statement; one in a comment is opened too, and costs only time."""
    return [
        name
        for name in names
        if re.search(
            r"\b{}\"?\s*\.\s*\"?{}\b".format(*map(re.escape, name.split("."))), sql, re.IGNORECASE
        )
    ]


def _expose(
    connection: duckdb.DuckDBPyConnection, name: str, uris: list[str], s3: S3Settings
) -> None:
    """Make a view `layer.table` over the table, or over the union of its parts."""
    layer, table = name.split(".")
    parts = []
    for number, uri in enumerate(uris):
        part = f"_{layer}_{table}_{number}"
        try:
            connection.register(part, arrow_source(uri, s3))
        except (DeltaError, OSError) as error:
            if broken := damage.known(error, name, uri):
                raise broken from None
            raise QueryError(
                f"{name} cannot be read: {_one_line(error)}", remedy="Is the lake whole?"
            ) from None
        parts.append(f'FROM "{part}"')
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{layer}"')
    connection.execute(f'CREATE VIEW "{layer}"."{table}" AS {" UNION ALL BY NAME ".join(parts)}')


def _show(connection: duckdb.DuckDBPyConnection, name: str, view: View) -> None:
    layer, base = (f'"{part}"' for part in view.base.split("."))
    connection.execute(
        f'CREATE VIEW {layer}."{name.split(".")[1]}" AS FROM {layer}.{base} WHERE {view.where}'
    )


def _damaged(
    error: duckdb.Error, opened: dict[str, list[str]], lake_uri: str, s3: S3Settings
) -> DataFileDamagedError | LogDamagedError | None:
    """Return the file that a query could not read, by reading them; None if all work."""
    if not isinstance(
        error, (duckdb.IOException, duckdb.InvalidInputException)
    ) or not _OF_A_FILE.search(str(error)):
        return None
    for name, uris in opened.items():
        for uri in uris:
            if file := _unreadable_file(uri, s3):
                return damage.of_file(
                    file, lake_uri, doing="sql", safe="A query changes nothing", name=name
                )
    return None


def _unreadable_file(uri: str, s3: S3Settings) -> str | None:
    from pyarrow import parquet  # noqa: PLC0415  # half a second that a query that ends well does not need

    files = arrow_files(uri, s3)
    for file in DeltaTable(uri, storage_options=storage_options(uri, s3)).file_uris():
        try:
            with files.open_input_file(file.removeprefix(uri).lstrip("/")) as source:
                for _ in parquet.ParquetFile(source).iter_batches():
                    pass
        except (OSError, ValueError):  # as Arrow's errors about its content are
            return file
    return None


def arrow_source(uri: str, s3: S3Settings) -> Any:
    """Return a source that DuckDB reads batch by batch; any type, for there is no common one."""
    table = DeltaTable(uri, storage_options=storage_options(uri, s3))
    try:
        # Columns and filters are pushed down to the files. Arrow's own file system, for deltalake's
        # calls back into Python from Arrow's threads, which hangs the interpreter's end when a
        # LIMIT left some of them reading.
        return table.to_pyarrow_dataset(filesystem=arrow_files(uri, s3))
    except DeltaProtocolError:
        return WholeTable(table)


@dataclass(frozen=True, slots=True)
class WholeTable:
    """A table with deletion vectors: read whole, anew each time that the query looks at it."""

    table: DeltaTable

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = QueryBuilder().register("it", self.table).execute("SELECT * FROM it")
        return reader.__arrow_c_stream__(requested_schema)


def _explained(error: duckdb.Error, tables: list[str]) -> QueryError:
    problem = _one_line(error)
    if isinstance(error, duckdb.CatalogException):
        return QueryError(
            problem,
            remedy="Tables: " + (", ".join(tables) or "none yet; `echostream run` makes them"),
        )
    if isinstance(error, duckdb.PermissionException):
        return QueryError(
            "a query reads the lake's tables and nothing else", remedy="Name tables, not files"
        )
    return QueryError(
        problem, remedy="Mend the query; DESCRIBE layer.table lists a table's columns"
    )


def _one_line(error: Exception) -> str:
    """Return the error's first line, without DuckDB's picture of the query or its guess."""
    return str(error).strip().splitlines()[0].rstrip("!. ")
