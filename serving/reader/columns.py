"""A Delta table's columns as DuckDB knows them."""

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
    """A column.

    Attributes:
        name: as the schema says it.
        kind: its type, in DuckDB's words.
        partition: whether the log has its values, and the files have not.
    """

    name: str
    kind: str
    partition: bool


def columns_of(schema: str, partition_by: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a schema, in its order.

    Args:
        schema: Delta's, as JSON.
        partition_by: the columns whose values the log has.

    Raises:
        QueryError: one has a type that is not known here.
    """
    fields = json.loads(schema)["fields"]
    return tuple(
        Column(field["name"], kind_of(field["type"]), field["name"] in partition_by)
        for field in fields
    )


def kind_of(kind: Any) -> str:
    """Return Delta's type, a name or a JSON object, in DuckDB's words."""
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
    """Return a name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as a literal in SQL."""
    return "'" + text.replace("'", "''") + "'"
