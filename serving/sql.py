"""Query the lake in SQL, by DuckDB over Delta tables, read-only and without a JVM."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import duckdb

from foundation.errors import QueryError
from foundation.policies import policies
from foundation.sections import S3Settings, ServingSettings
from serving.catalog import AWS, lake_tables
from serving.reader.columns import quoted
from serving.reader.failures import damaged_file, is_of_a_file
from serving.reader.parts import Part, one_line, open_part
from serving.reader.relation import union, variable
from serving.statement import asks_for_tables, demand_one_read, only_tables
from serving.views import View, views

DEFAULTS = ServingSettings()

T = TypeVar("T")
_MOST_AT_ONCE = 1000  # rows; neither a reader of the answer nor Ctrl-C should wait long
_ALL = 2**62
_LOCK = (
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET enable_external_access=false",
    "SET lock_configuration=true",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns of a query's answer, and its rows or the next ones of them."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def query(
    lake_uri: str,
    sql: str,
    *,
    s3: S3Settings = AWS,
    serving: ServingSettings = DEFAULTS,
) -> Answer:
    """Run one statement that reads. It opens only the tables that the statement and views need.

    >>> query("var/lake", "SELECT count(*) FROM silver.posts").rows

    Args:
        lake_uri: the lake's folder or S3 address.
        sql: the statement, in DuckDB's dialect.
        s3: how to reach a lake on S3.
        serving: the settings of the views.

    Raises:
        QueryError: it is not one statement that reads, names an unknown table, or fails.
        StoreUnreachableError: the lake is on S3, which does not answer.
        KeyboardInterrupt: Ctrl-C has stopped the statement.
    """
    with closing(stream(lake_uri, sql, first=_ALL, s3=s3, serving=serving)) as answers:
        return next(answers)


def stream(
    lake_uri: str,
    sql: str,
    *,
    first: int = 1,
    s3: S3Settings = AWS,
    serving: ServingSettings = DEFAULTS,
    stoppable: Callable[[Callable[[], None]], None] | None = None,
) -> Generator[Answer, None, None]:
    """Yield the rows of one statement that reads, some at a time; at least one answer.

    If a file cannot be read before rows were yielded, the statement runs again on the newest
    versions of the tables.

    Args:
        lake_uri: the lake's folder or S3 address.
        sql: the statement, in DuckDB's dialect.
        first: the number of rows to yield first. Later answers have more, up to a limit.
        s3: how to reach a lake on S3.
        serving: the settings of the views.
        stoppable: receives a function by which another thread can stop the running statement.
            DuckDB does not notice signals while it runs.

    Raises:
        QueryError: it is not one statement that reads, names an unknown table, or fails.
        StoreUnreachableError: the lake is on S3, which does not answer.
        KeyboardInterrupt: Ctrl-C has stopped the statement.
    """
    tables = lake_tables(lake_uri, s3)
    shown = {
        name: view
        for name, view in views(policies(), serving.min_authors).items()
        if view.base in tables
    }
    names = [*tables, *shown]
    if asks_for_tables(sql):
        yield Answer(["table"], [(name,) for name in names])
        return
    with duckdb.connect(":memory:") as connection:
        demand_one_read(connection, sql)
    named = _named_in(sql, names)
    opened = dict.fromkeys(shown[name].base if name in shown else name for name in named)
    views_of = {name: shown[name] for name in shown.keys() & named}
    question = _Question(sql, first, views_of, stoppable)
    uris = {name: tables[name] for name in opened}
    parts = _open(uris, s3)
    has_yielded = False
    for is_last in (False, True):
        try:
            for answer in _answers(question, parts):
                has_yielded = True
                yield answer
        except duckdb.Error as error:
            if is_last or has_yielded or not is_of_a_file(error):
                held = [part for each in parts.values() for part in each]
                damaged = damaged_file(error, held, lake_uri, s3, doing="sql")
                raise damaged or _explained(error, names) from None
            # VACUUM may have deleted the file since the table was opened.
            parts = _open(uris, s3)
        else:
            return


@dataclass(frozen=True, slots=True)
class _Question:
    sql: str
    first: int
    shown: Mapping[str, View]
    stoppable: Callable[[Callable[[], None]], None] | None


def _open(tables: Mapping[str, list[str]], s3: S3Settings) -> dict[str, list[Part]]:
    return {name: [open_part(name, uri, s3) for uri in uris] for name, uris in tables.items()}


def _answers(question: _Question, tables: Mapping[str, list[Part]]) -> Iterator[Answer]:
    """Yield the rows. The statement can read only the tables' files."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone='UTC'")
        for name, parts in tables.items():
            _expose(connection, name, parts)
        for name, view in question.shown.items():
            _show(connection, name, view)
        files = [
            f"{part.pinned.uri}/{file.path}"
            for parts in tables.values()
            for part in parts
            if part.reads_files
            for file in part.pinned.files
        ]
        connection.execute("SET allowed_paths = $files", {"files": files})
        for setting in _LOCK:
            connection.execute(setting)
        if question.stoppable:
            question.stoppable(connection.interrupt)
        _unless_ctrl_c(partial(connection.execute, question.sql))
        columns = [column[0] for column in connection.description or []]
        at_once = question.first
        while True:
            rows = _unless_ctrl_c(partial(connection.fetchmany, at_once))
            yield Answer(columns, rows)
            if len(rows) < at_once:
                return
            at_once = max(at_once, min(2 * at_once, _MOST_AT_ONCE))


def _unless_ctrl_c(work: Callable[[], T]) -> T:
    """Run `work`, and turn DuckDB's errors for a stopped statement into KeyboardInterrupt."""
    try:
        return work()
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def _named_in(sql: str, names: list[str]) -> list[str]:
    """Return the tables in a statement. One in a comment is opened too, which costs only time."""
    return [
        name
        for name in names
        if re.search(
            r"\b{}\"?\s*\.\s*\"?{}\b".format(*map(re.escape, name.split("."))), sql, re.IGNORECASE
        )
    ]


def _expose(connection: duckdb.DuckDBPyConnection, name: str, parts: Sequence[Part]) -> None:
    """Create a view `layer.table` of the table, or of the union of its parts."""
    layer, table = name.split(".")
    rows = union(
        [
            part.relation(f"_{layer}_{table}_{number}", in_sql=variable)
            for number, part in enumerate(parts)
        ]
    )
    for source, arrow in rows.arrow.items():
        connection.register(source, arrow)
    for known, value in rows.parameters.items():
        connection.execute(f"SET VARIABLE {quoted(known)} = $value", {"value": value})
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(layer)}")
    connection.execute(f"CREATE VIEW {quoted(layer)}.{quoted(table)} AS FROM {rows.sql}")


def _show(connection: duckdb.DuckDBPyConnection, name: str, view: View) -> None:
    layer, base = (f'"{part}"' for part in view.base.split("."))
    connection.execute(
        f'CREATE VIEW {layer}."{name.split(".")[1]}" AS FROM {layer}.{base} WHERE {view.where}'
    )


def _explained(error: duckdb.Error, tables: list[str]) -> QueryError:
    problem = one_line(error)
    if isinstance(error, duckdb.CatalogException):
        return QueryError(
            problem,
            remedy="Tables: " + (", ".join(tables) or "none yet; `echostream run` makes them"),
        )
    if isinstance(error, duckdb.PermissionException):
        return only_tables()
    return QueryError(
        problem, remedy="Mend the query; DESCRIBE layer.table lists a table's columns"
    )
