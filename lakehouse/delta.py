"""Delta tables: the only place that reads and writes them from Spark."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from foundation.errors import TableSchemaError
from foundation.settings import Settings
from schemas.tables import Table

_TXN_APP = "spark.databricks.delta.write.txnAppId"
_TXN_VERSION = "spark.databricks.delta.write.txnVersion"
_USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass(frozen=True, slots=True)
class Txn:
    """Makes a commit happen once: Delta skips one whose (app, version) it has seen."""

    app: str  # <checkpoint id>:<step>: a new checkpoint counts its batches from 0 again
    version: int  # the batch


def path(table: Table, settings: Settings) -> str:
    """The table's folder."""
    return f"{settings.lake_uri}/{table.folder}"


def exists(spark: SparkSession, table: Table, settings: Settings) -> bool:
    """Whether the table has been made."""
    return DeltaTable.isDeltaTable(spark, path(table, settings))


def ensure(spark: SparkSession, table: Table, settings: Settings) -> None:
    """Make the table where it is not, and refuse one of another schema.

    Raises:
        TableSchemaError: it exists with other columns or another partitioning.
    """
    if not exists(spark, table, settings):
        builder = DeltaTable.create(spark).location(path(table, settings)).addColumns(table.schema)
        for name, value in table.all_properties().items():
            builder = builder.property(name, value)
        builder.partitionedBy(*table.partition_by).execute()
        return
    found = _fields(spark.read.format("delta").load(path(table, settings)).schema)
    partitioning = tuple(DeltaTable.forPath(spark, path(table, settings)).detail().collect()[0]["partitionColumns"])
    if found != _fields(table.schema) or partitioning != table.partition_by:
        differing = ", ".join(sorted({name for name, _ in set(found) ^ set(_fields(table.schema))}))
        raise TableSchemaError(
            f"table {table.name} at {path(table, settings)} has another schema: {differing or 'partitioning'}",
            remedy="Run the version that wrote it, or move the folder away and rebuild the table",
        )


def _fields(schema: StructType) -> list[tuple[str, str]]:
    """Names and types, without whether null is allowed: Delta does not keep that."""
    return [(field.name, field.dataType.simpleString()) for field in schema]


def read(spark: SparkSession, table: Table, settings: Settings, *, version: int | None = None) -> DataFrame:
    """The table now, or as it was at a version."""
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(path(table, settings))


def read_days(spark: SparkSession, table: Table, settings: Settings, days: Sequence[date] | None) -> DataFrame:
    """The rows of some days, and those without a day; None reads all days."""
    rows = read(spark, table, settings)
    return rows if days is None else rows.where(F.col("day").isin(list(days)) | F.col("day").isNull())


def append(rows: DataFrame, table: Table, settings: Settings, *, txn: Txn | None = None) -> None:
    """Add rows, once per transaction id."""
    writer = rows.select(*table.columns).write.format("delta").mode("append")
    if txn:
        writer = writer.option("txnAppId", txn.app).option("txnVersion", txn.version)
    writer.save(path(table, settings))


def overwrite(rows: DataFrame, table: Table, settings: Settings, *, metadata: dict[str, Any]) -> None:
    """Put other rows in place of all that are there, in one commit."""
    writer = rows.select(*table.columns).write.format("delta").mode("overwrite")
    writer.option("userMetadata", json.dumps(metadata)).save(path(table, settings))


def version(spark: SparkSession, table: Table, settings: Settings) -> int:
    """The table's newest version."""
    return int(last_commit(spark, table, settings)["version"])


def last_commit(spark: SparkSession, table: Table, settings: Settings) -> dict[str, Any]:
    """What Delta says of the newest commit: version, operation, operationMetrics, userMetadata."""
    commit: dict[str, Any] = DeltaTable.forPath(spark, path(table, settings)).history(1).collect()[0].asDict()
    return commit


def newest_metadata(spark: SparkSession, table: Table, settings: Settings, name: str) -> Any:
    """What the newest commit that says something of this name in its user metadata says; None where none does."""
    commits = DeltaTable.forPath(spark, path(table, settings)).history()
    said = commits.select("version", F.get_json_object("userMetadata", f"$.{name}").alias("said")).where(
        "said IS NOT NULL"
    )
    rows = said.orderBy(F.desc("version")).limit(1).collect()
    return json.loads(rows[0]["said"]) if rows else None


def properties(spark: SparkSession, table: Table, settings: Settings) -> dict[str, str]:
    """The table's properties."""
    found: dict[str, str] = DeltaTable.forPath(spark, path(table, settings)).detail().collect()[0]["properties"]
    return found


def set_property(spark: SparkSession, table: Table, settings: Settings, name: str, value: str) -> None:
    """Set one property; neither name nor value may be personal."""
    spark.sql(f"ALTER TABLE delta.`{path(table, settings)}` SET TBLPROPERTIES ('{name}' = '{value}')")


def target(spark: SparkSession, table: Table, settings: Settings) -> DeltaTable:
    """The table as the target of a merge; `delta.`-conditions hold column names and days only, never a key."""
    return DeltaTable.forPath(spark, path(table, settings))


@contextmanager
def commit_as(spark: SparkSession, *, txn: Txn, metadata: dict[str, Any]) -> Iterator[None]:
    """For commands that take no options (MERGE): the next commit has this transaction id and these metadata."""
    for name, value in ((_TXN_APP, txn.app), (_TXN_VERSION, str(txn.version)), (_USER_METADATA, json.dumps(metadata))):
        spark.conf.set(name, value)
    try:
        yield
    finally:
        # Left set, they would make the session's next command on the table do nothing, in silence.
        for name in (_TXN_APP, _TXN_VERSION, _USER_METADATA):
            spark.conf.unset(name)


def stream_rows(spark: SparkSession, table: Table, settings: Settings) -> DataFrame:
    """The table's rows as a stream; commits that delete rows are not for this reader."""
    return (
        spark.readStream.format("delta")
        .option("skipChangeCommits", "true")
        .option("maxFilesPerTrigger", settings.stream.max_files_per_batch)
        .option("maxBytesPerTrigger", settings.stream.max_bytes_per_batch)
        .load(path(table, settings))
    )


def stream_changes(spark: SparkSession, table: Table, settings: Settings, *, starting_version: int) -> DataFrame:
    """The table's change feed as a stream."""
    return (
        spark.readStream.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", starting_version)
        .option("maxFilesPerTrigger", settings.stream.max_files_per_batch)
        .option("maxBytesPerTrigger", settings.stream.max_bytes_per_batch)
        .load(path(table, settings))
    )


def read_changes(spark: SparkSession, table: Table, settings: Settings, *, first: int, last: int) -> DataFrame:
    """The changes of some commits, the last one included: columns and _change_type, _commit_version."""
    return (
        spark.read.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", first)
        .option("endingVersion", last)
        .load(path(table, settings))
    )
