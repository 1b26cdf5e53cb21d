"""A table of an older version, brought to the schema of this one: additions are made, anything else is refused."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql.types import DataType, StructType

from foundation.errors import TableSchemaError
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta.log import open_table, path
from schemas.tables import Table

# These must be as the program says. Of the others, whoever runs the lake may have set a value of
# their own.
_FIXED = (
    "delta.dataSkippingStatsColumns",
    "delta.enableChangeDataFeed",
    "delta.enableDeletionVectors",
)

_log = get_log("evolution")


@dataclass(frozen=True, slots=True)
class Additions:
    """What a table lacks: columns, those within structs by a dotted name, and properties."""

    columns: tuple[tuple[str, DataType], ...]
    properties: dict[str, str]


def missing(table: Table, settings: Settings) -> Additions:
    """Return what an existing table lacks; needs no Spark.

    Raises:
        TableSchemaError: it cannot be brought to this version's schema by additions.
    """
    log = open_table(table, settings)
    metadata = log.metadata()
    if tuple(metadata.partition_columns) != table.partition_by:
        raise TableSchemaError(
            f"table {table.name} at {path(table, settings)} is partitioned by"
            f" {', '.join(metadata.partition_columns) or 'nothing'}, this version's by"
            f" {', '.join(table.partition_by) or 'nothing'}",
            remedy=_rebuild(table),
        )
    found = StructType.fromJson(json.loads(log.schema().to_json()))
    columns = tuple(_columns(found, table.schema, table, settings))
    has = metadata.configuration
    properties = {
        name: value
        for name, value in table.all_properties().items()
        if name not in has or (name in _FIXED and has[name] != value)
    }
    return Additions(columns, properties)


def demand_columns(table: Table, settings: Settings) -> None:
    """Refuse to read a table that lacks columns; the job that owns it adds them.

    Raises:
        TableSchemaError: it lacks some, or is no table of this version.
    """
    if columns := missing(table, settings).columns:
        raise TableSchemaError(
            f"table {table.name} at {path(table, settings)} has yet no {', '.join(name for name, _ in columns)}",
            remedy="Run the job that writes the table first: it adds what an older version did not have",
        )


def evolve(spark: SparkSession, table: Table, settings: Settings) -> None:
    """Add to a table what an older version did not have; only the job that owns the table may.

    Raises:
        TableSchemaError: as of `missing`.
    """
    additions = missing(table, settings)
    target = f"delta.`{path(table, settings)}`"
    if additions.columns:
        columns = ", ".join(
            f"{_quoted(name)} {kind.simpleString()}" for name, kind in additions.columns
        )
        spark.sql(f"ALTER TABLE {target} ADD COLUMNS ({columns})")
    if additions.properties:
        properties = ", ".join(
            f"'{name}' = '{value}'" for name, value in additions.properties.items()
        )
        spark.sql(f"ALTER TABLE {target} SET TBLPROPERTIES ({properties})")
    if additions.columns or additions.properties:
        names = [name for name, _ in additions.columns]
        _log.info(
            "evolved", table=table.name, columns=names, properties=sorted(additions.properties)
        )


def _columns(
    found: StructType, wanted: StructType, table: Table, settings: Settings, *, within: str = ""
) -> Iterator[tuple[str, DataType]]:
    """The columns that are wanted and missing, by full names; compares without nullability, which Delta drops."""
    has = {field.name: field.dataType for field in found}
    if newer := has.keys() - set(wanted.names):
        names = ", ".join(within + name for name in sorted(newer))
        raise TableSchemaError(
            f"table {table.name} at {path(table, settings)} has columns that this version does not know: {names}",
            remedy="Run the version that wrote it, or a newer one",
        )
    for field in wanted:
        name = within + field.name
        there = has.get(field.name)
        if there is None:
            yield name, field.dataType
        elif isinstance(there, StructType) and isinstance(field.dataType, StructType):
            yield from _columns(there, field.dataType, table, settings, within=f"{name}.")
        elif there.simpleString() != field.dataType.simpleString():
            raise TableSchemaError(
                f"{name} of table {table.name} at {path(table, settings)} is {there.simpleString()}, this version's is"
                f" {field.dataType.simpleString()}",
                remedy=_rebuild(table),
            )


def _rebuild(table: Table) -> str:
    layer = table.name.partition(".")[0]
    if layer in ("silver", "gold"):
        return f"Move the folder away and run `echostream rebuild {layer}`"
    return "Run the version that wrote it, or move the folder away and begin anew"


def _quoted(name: str) -> str:
    return ".".join(f"`{part}`" for part in name.split("."))
