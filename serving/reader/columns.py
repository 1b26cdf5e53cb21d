"""Translate a Delta table's columns to DuckDB's types."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foundation.errors import QueryError

_KINDS = {
    "string": "VARCHAR",
    "long": "BIGINT",
    "integer": "INTEGER",
    "short": "SMALLINT",
    "byte": "TINYINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "timestamp_ntz": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: the name in the schema.
        kind: DuckDB's type.
        partition: whether it is a partition column, whose values are in the log, not in the files.
    """

    name: str
    kind: str
    partition: bool


def columns_of(schema: str, partition_by: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a schema, in its order.

    Args:
        schema: Delta's schema as JSON.
        partition_by: the partition columns.

    Raises:
        QueryError: a column has an unknown type.
    """
    fields = json.loads(schema)["fields"]
    return tuple(
        Column(field["name"], kind_of(field["type"]), field["name"] in partition_by)
        for field in fields
    )


def kind_of(kind: Any) -> str:
    """Return DuckDB's type for Delta's, which is a name or a JSON object."""
    match kind:
        case str() if kind in _KINDS:
            return _KINDS[kind]
        case str() if kind.startswith("decimal("):
            return kind.upper()
        case {"type": "struct", "fields": fields}:
            inner = (f"{quoted(field['name'])} {kind_of(field['type'])}" for field in fields)
            return f"STRUCT({', '.join(inner)})"
        case {"type": "array", "elementType": element}:
            return f"{kind_of(element)}[]"
        case {"type": "map", "keyType": key, "valueType": value}:
            return f"MAP({kind_of(key)}, {kind_of(value)})"
        case _:
            raise QueryError(
                f"a column of type {kind} cannot be read", remedy="Leave it out of the table"
            )


def quoted(name: str) -> str:
    """Quote a name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text as a literal in SQL."""
    return "'" + text.replace("'", "''") + "'"
