"""Add the columns and properties that a table of an older version lacks; refuse other changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql.types import DataType, StructType

from foundation.errors import TableSchemaError
from foundation.logs import get_log
from lakehouse.delta.log import TableLog, in_sql
from schemas.tables import Table

# The program relies on these values. Whoever runs the lake may have changed other properties.
_FIXED = (
    "delta.dataSkippingStatsColumns",
    "delta.enableChangeDataFeed",
    "delta.enableDeletionVectors",
)

_log = get_log("evolution")


@dataclass(frozen=True, slots=True)
class Additions:
    """The columns and properties that a table lacks; a column in a struct has a dotted name."""

    columns: tuple[tuple[str, DataType], ...]
    properties: dict[str, str]

    def statements(self, path: str) -> Iterator[str]:
        """Yield the SQL statements that add them to the table in a folder."""
        if self.columns:
            columns = (f"{_quoted(name)} {kind.simpleString()}" for name, kind in self.columns)
            yield f"ALTER TABLE {in_sql(path)} ADD COLUMNS ({', '.join(columns)})"
        if self.properties:
            properties = (f"'{name}' = '{value}'" for name, value in self.properties.items())
            yield f"ALTER TABLE {in_sql(path)} SET TBLPROPERTIES ({', '.join(properties)})"


def missing(log: TableLog) -> Additions:
    """Return the columns and properties that an existing table lacks; needs no Spark.

    Raises:
        TableSchemaError: additions cannot bring the table to this version's schema.
    """
    table = log.table
    opened = log.open()
    metadata = opened.metadata()
    if tuple(metadata.partition_columns) != table.partition_by:
        raise TableSchemaError(
            f"table {table.name} at {log.path} is partitioned by"
            f" {', '.join(metadata.partition_columns) or 'nothing'}, this version's by"
            f" {', '.join(table.partition_by) or 'nothing'}",
            remedy=_rebuild(table),
        )
    present = StructType.fromJson(json.loads(opened.schema().to_json()))
    columns = tuple(_columns(present, table.schema, log))
    configuration = metadata.configuration
    properties = {
        name: value
        for name, value in table.all_properties().items()
        if name not in configuration or (name in _FIXED and configuration[name] != value)
    }
    return Additions(columns, properties)


def demand_columns(log: TableLog) -> None:
    """Refuse to read a table that lacks columns, which only the job that owns the table adds.

    Raises:
        TableSchemaError: the table lacks columns, or has another schema than this version's.
    """
    if columns := missing(log).columns:
        names = ", ".join(name for name, _ in columns)
        raise TableSchemaError(
            f"table {log.table.name} at {log.path} lacks the columns {names}",
            remedy="Run the job that writes the table first: it adds them",
        )


def log_additions(log: TableLog, additions: Additions) -> None:
    """Log the columns and properties that were added to a table, if there are any."""
    if additions.columns or additions.properties:
        _log.info(
            "evolved",
            table=log.table.name,
            columns=[name for name, _ in additions.columns],
            properties=sorted(additions.properties),
        )


def _columns(
    present: StructType, wanted: StructType, log: TableLog, *, within: str = ""
) -> Iterator[tuple[str, DataType]]:
    """Yield the missing columns by full names; nullability is not compared, since Delta drops it.

    Raises:
        TableSchemaError: a column is unknown to this version, or has another type.
    """
    kinds = {field.name: field.dataType for field in present}
    if newer := kinds.keys() - set(wanted.names):
        names = ", ".join(within + name for name in sorted(newer))
        raise TableSchemaError(
            f"table {log.table.name} at {log.path} has columns that this version does not know:"
            f" {names}",
            remedy="Run the version that wrote it, or a newer one",
        )
    for field in wanted:
        name = within + field.name
        kind = kinds.get(field.name)
        if kind is None:
            yield name, field.dataType
        elif isinstance(kind, StructType) and isinstance(field.dataType, StructType):
            yield from _columns(kind, field.dataType, log, within=f"{name}.")
        elif kind.simpleString() != field.dataType.simpleString():
            raise TableSchemaError(
                f"{name} of table {log.table.name} at {log.path} is {kind.simpleString()},"
                f" this version's is {field.dataType.simpleString()}",
                remedy=_rebuild(log.table),
            )


def _rebuild(table: Table) -> str:
    layer = table.name.partition(".")[0]
    if layer in ("silver", "gold"):
        return f"Move the folder away and run `echostream rebuild {layer}`"
    return "Run the version that wrote it, or move the folder away and start with an empty table"


def _quoted(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))
