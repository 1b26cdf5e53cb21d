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

from foundation.folder_modes import protect
from foundation.settings import Settings
from lakehouse.delta import evolution
from lakehouse.delta import log as delta_log
from lakehouse.delta.log import path
from schemas.tables import Table

_TXN_APP = "spark.databricks.delta.write.txnAppId"
_TXN_VERSION = "spark.databricks.delta.write.txnVersion"
_USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass(frozen=True, slots=True)
class Txn:
    """Makes a commit happen once: Delta skips one whose (app, version) it has seen."""

    app: str  # <checkpoint id>:<step>: a new checkpoint counts its batches from 0 again
    version: int  # the batch


def ensure(spark: SparkSession, table: Table, settings: Settings) -> None:
    """Make a table that the caller owns, or add to it what an older version did not have.

    Raises:
        TableSchemaError: it exists, and additions do not make it the table of this version.
        AccessError: its layer's folder cannot be given to the group that may read it.
    """
    if delta_log.exists(table, settings):
        evolution.evolve(spark, table, settings)
    else:
        _create(spark, table, settings)


def ensure_source(spark: SparkSession, table: Table, settings: Settings) -> None:
    """Make a table that the caller only reads, so that a stream of it can begin, or find it as it should be.

    Raises:
        TableSchemaError: it exists with another schema than this version's.
        AccessError: as of `ensure`.
    """
    if delta_log.exists(table, settings):
        evolution.demand_columns(table, settings)
    else:
        _create(spark, table, settings)


def _create(spark: SparkSession, table: Table, settings: Settings) -> None:
    delta_log.clear_unborn(table, settings)
    protect(settings, table.name.partition(".")[0])
    builder = DeltaTable.create(spark).location(path(table, settings)).addColumns(table.schema)
    for name, value in table.all_properties().items():
        builder = builder.property(name, value)
    builder.partitionedBy(*table.partition_by).execute()


def read(
    spark: SparkSession, table: Table, settings: Settings, *, version: int | None = None
) -> DataFrame:
    """The table now, or as it was at a version."""
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(path(table, settings))


def read_days(
    spark: SparkSession, table: Table, settings: Settings, days: Sequence[date] | None
) -> DataFrame:
    """The rows of some days, and those without a day; None reads all days."""
    rows = read(spark, table, settings)
    return (
        rows if days is None else rows.where(F.col("day").isin(list(days)) | F.col("day").isNull())
    )


def append(rows: DataFrame, table: Table, settings: Settings, *, txn: Txn | None = None) -> None:
    """Add rows, once per transaction id."""
    writer = rows.select(*table.columns).write.format("delta").mode("append")
    if txn:
        writer = writer.option("txnAppId", txn.app).option("txnVersion", txn.version)
    writer.save(path(table, settings))


def overwrite(
    rows: DataFrame, table: Table, settings: Settings, *, metadata: dict[str, Any]
) -> None:
    """Put other rows in place of all that are there, in one commit."""
    writer = rows.select(*table.columns).write.format("delta").mode("overwrite")
    writer.option("userMetadata", json.dumps(metadata)).save(path(table, settings))


def set_properties(
    spark: SparkSession, table: Table, settings: Settings, values: dict[str, str]
) -> None:
    """Set properties in one commit; neither names nor values may be personal."""
    pairs = ", ".join(f"'{name}' = '{value}'" for name, value in values.items())
    spark.sql(f"ALTER TABLE delta.`{path(table, settings)}` SET TBLPROPERTIES ({pairs})")


def target(spark: SparkSession, table: Table, settings: Settings) -> DeltaTable:
    """The table as the target of a merge; `delta.`-conditions hold column names and days only, never a key."""
    return DeltaTable.forPath(spark, path(table, settings))


@contextmanager
def commit_as(
    spark: SparkSession, *, txn: Txn | None = None, metadata: dict[str, Any]
) -> Iterator[None]:
    """For commands that take no options (MERGE): the next commit has this transaction id and these metadata."""
    once = {_TXN_APP: txn.app, _TXN_VERSION: str(txn.version)} if txn else {}
    for name, value in (once | {_USER_METADATA: json.dumps(metadata)}).items():
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


def stream_changes(
    spark: SparkSession, table: Table, settings: Settings, *, starting_version: int
) -> DataFrame:
    """The table's change feed as a stream."""
    return (
        spark.readStream.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", starting_version)
        .option("maxFilesPerTrigger", settings.stream.max_files_per_batch)
        .option("maxBytesPerTrigger", settings.stream.max_bytes_per_batch)
        .load(path(table, settings))
    )


def read_changes(
    spark: SparkSession, table: Table, settings: Settings, *, first: int, last: int
) -> DataFrame:
    """The changes of some commits, the last one included: columns and _change_type, _commit_version."""
    return (
        spark.read.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", first)
        .option("endingVersion", last)
        .load(path(table, settings))
    )
