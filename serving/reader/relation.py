"""Express the rows of pinned versions as relations for FROM in DuckDB's SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.reader.columns import Column, literal, quoted
from serving.reader.pinned import DataFile, Pinned

# DuckDB's own columns of a scan: the index of the file in the list, and of the row in the file.
_FILE = "file_index"
_ROW = "file_row_number"

InSql = Callable[[str], str]  # writes a parameter's name in SQL

# A deletion vector may have fewer bits than the file has rows. It does not hide the other rows.
_SHOWS = (
    f"CASE WHEN {_ROW} < coalesce(bit_length({{bits}}), 0)"
    f" THEN get_bit({{bits}}, CAST({_ROW} AS INTEGER)) = 0 ELSE true END"
)


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows to select from.

    Attributes:
        sql: a query in brackets, with the table's columns in their order.
        parameters: the values of its parameters.
        arrow: Arrow sources to register in DuckDB, by name.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    arrow: Mapping[str, Any] = field(default_factory=dict, repr=False)


def bound(name: str) -> str:
    """Return the SQL of a statement's parameter."""
    return f"${name}"


def variable(name: str) -> str:
    """Return the SQL of a connection's variable, for views, which cannot have parameters."""
    return f"getvariable({literal(name)})"


def rows_of(
    pinned: Pinned,
    prefix: str,
    *,
    files: Sequence[DataFile] | None = None,
    in_sql: InSql = bound,
) -> Relation:
    """Return the rows of a version on this machine's disk.

    Args:
        pinned: the version.
        prefix: the beginning of the parameters' names, different for each relation of a statement.
        files: the files to read; None reads all.
        in_sql: writes a parameter's name in SQL.
    """
    read = pinned.files if files is None else files
    columns = pinned.columns
    if not read:
        return Relation(_none(columns))
    parameters: dict[str, Any] = {f"{prefix}_files": [f"{pinned.uri}/{file.path}" for file in read]}
    selected = [
        _partition(column, f"{prefix}_values_{number}", in_sql)
        if column.partition
        else _held(column)
        for number, column in enumerate(columns)
    ]
    parameters |= {
        f"{prefix}_values_{number}": [file.partition.get(column.name) for file in read]
        for number, column in enumerate(columns)
        if column.partition
    }
    where = ""
    if any(file.hidden is not None for file in read):
        parameters[f"{prefix}_hidden"] = [file.hidden for file in read]
        bits = f"CAST({in_sql(f'{prefix}_hidden')} AS BLOB[])::BIT[]"
        where = "WHERE " + _SHOWS.format(bits=_of_file(f"({bits})"))
    scan = (
        f"read_parquet({in_sql(f'{prefix}_files')}, schema = {_schema(columns)},"
        " hive_partitioning = false)"
    )
    return Relation(
        " ".join(["(SELECT", ", ".join(selected), "FROM", scan, where, ")"]), parameters
    )


def union(relations: Sequence[Relation]) -> Relation:
    """Return the rows of several relations. A column that one lacks is null in its rows."""
    if len(relations) == 1:
        return relations[0]
    parameters: dict[str, Any] = {}
    arrow: dict[str, Any] = {}
    for relation in relations:
        parameters |= relation.parameters
        arrow |= relation.arrow
    return Relation(
        f"({' UNION ALL BY NAME '.join(f'FROM {each.sql}' for each in relations)})",
        parameters,
        arrow,
    )


def _none(columns: Sequence[Column]) -> str:
    selected = (f"CAST(NULL AS {column.kind}) AS {quoted(column.name)}" for column in columns)
    return f"(SELECT {', '.join(selected)} WHERE false)"


def _held(column: Column) -> str:
    """Return the SQL of a column that is in the files.

    The expression makes DuckDB read a struct as a whole. DuckDB 2.0.0 reads a single field by its
    position in the schema, even if the file has another field there, or none.
    """
    name = quoted(column.name)
    if not column.kind.startswith("STRUCT(") or column.kind.endswith("]"):
        return name
    return f"CASE WHEN {_ROW} >= 0 THEN {name} END AS {name}"


def _partition(column: Column, values: str, in_sql: InSql) -> str:
    """Return the SQL of a partition column. A filter on it skips files."""
    held = f"CAST({in_sql(values)} AS {column.kind}[])"
    return f"{_of_file(held)} AS {quoted(column.name)}"


def _of_file(values: str) -> str:
    return f"{values}[CAST({_FILE} AS BIGINT) + 1]"


def _schema(columns: Sequence[Column]) -> str:
    """Return the schema of the files. A file without a column has null in its rows."""
    fields = (
        f"{literal(column.name)}: {{'name': {literal(column.name)},"
        f" 'type': {literal(column.kind)}, 'default_value': NULL}}"
        for column in columns
        if not column.partition
    )
    return f"MAP {{{', '.join(fields)}}}"
