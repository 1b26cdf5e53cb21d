"""Questions to the lake in SQL: DuckDB over Delta, read-only, without a JVM."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from foundation.errors import QueryError
from foundation.policies import policies
from foundation.sections import S3Settings, ServingSettings
from serving.catalog import AWS, lake_tables
from serving.reader.columns import quoted
from serving.reader.failures import damaged_file, is_of_a_file
from serving.reader.parts import Part, one_line, open_part
from serving.reader.relation import union, variable
from serving.statement import demand_no_files, only_tables
from serving.views import View, views

DEFAULTS = ServingSettings()

_READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_LOCK = (
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
        demand_no_files(connection, sql)
    named = _named_in(sql, names)
    opened = dict.fromkeys(shown[name].base if name in shown else name for name in named)
    question = _Question(sql, limit, {name: shown[name] for name in shown.keys() & named})
    uris = {name: tables[name] for name in opened}
    try:
        return _answer(question, _open(uris, s3))
    except duckdb.Error as error:
        if not is_of_a_file(error):
            raise _explained(error, names) from None
    # It may be one that VACUUM took since the table was opened.
    parts = _open(uris, s3)
    try:
        return _answer(question, parts)
    except duckdb.Error as error:
        held = [part for each in parts.values() for part in each]
        damaged = damaged_file(error, held, lake_uri, s3, doing="sql")
        raise damaged or _explained(error, names) from None


@dataclass(frozen=True, slots=True)
class _Question:
    sql: str
    limit: int | None
    shown: Mapping[str, View]


def _open(tables: Mapping[str, list[str]], s3: S3Settings) -> dict[str, list[Part]]:
    return {name: [open_part(name, uri, s3) for uri in uris] for name, uris in tables.items()}


def _answer(question: _Question, tables: Mapping[str, list[Part]]) -> Answer:
    """Return the rows; the statement can read the tables' files alone."""
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
        done = connection.execute(question.sql)
        limit = question.limit
        rows = done.fetchall() if limit is None else done.fetchmany(limit + 1)
        columns = [column[0] for column in done.description or []]
        return Answer(columns, rows[:limit], cut=limit is not None and len(rows) > limit)


def _refuse_all_but_one_read(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(one_line(error), remedy="Mend the query") from None
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


def _expose(connection: duckdb.DuckDBPyConnection, name: str, parts: Sequence[Part]) -> None:
    """Make a view `layer.table` over the table, or over the union of its parts."""
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
