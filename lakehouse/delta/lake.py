"""Read and write the lake's Delta tables with Spark; no other module does."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.readwriter import DataStreamReader

from foundation.folder_modes import protect
from foundation.settings import Settings
from lakehouse.delta import evolution
from lakehouse.delta.log import TableLog, in_sql
from schemas.tables import Table

_TXN_APP = "spark.databricks.delta.write.txnAppId"
_TXN_VERSION = "spark.databricks.delta.write.txnVersion"
_USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass(frozen=True, slots=True)
class Txn:
    """A commit's transaction id: Delta skips a commit whose (app, version) it has seen."""

    app: str  # <checkpoint id>:<step>; a new checkpoint counts its batches from 0 again
    version: int  # the batch's number


@dataclass(frozen=True, slots=True)
class Lake:
    """The lake that the settings name, read and written in a Spark session.

    >>> lake = Lake(spark, settings)
    >>> lake.append(rows, SILVER_POSTS)
    >>> lake.read(SILVER_POSTS).count()
    >>> lake.log(SILVER_POSTS).version()
    """

    spark: SparkSession
    settings: Settings

    def log(self, table: Table) -> TableLog:
        """Return the table's log, which answers without Spark."""
        return TableLog(table, self.settings)

    def ensure(self, table: Table) -> None:
        """Create a table that the caller owns, or add the columns and properties that it lacks.

        Raises:
            TableSchemaError: additions cannot bring the table to this version's schema.
            AccessError: the layer's folder cannot be given to the group that may read it.
        """
        log = self.log(table)
        if not log.exists():
            self._create(table)
            return
        additions = evolution.missing(log)
        for statement in additions.statements(log.path):
            self.spark.sql(statement)
        evolution.log_additions(log, additions)

    def ensure_source(self, table: Table) -> None:
        """Create a table that the caller only reads, so that a stream can start; or check it.

        Raises:
            TableSchemaError: the table has another schema than this version's.
            AccessError: as of `ensure`.
        """
        log = self.log(table)
        if log.exists():
            evolution.demand_columns(log)
        else:
            self._create(table)

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        """Return the table's rows, now or as of a version."""
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.log(table).path)

    def read_days(self, table: Table, days: Sequence[date] | None) -> DataFrame:
        """Return the rows of these days and those without a day; of all days where it is None."""
        rows = self.read(table)
        if days is None:
            return rows
        return rows.where(F.col("day").isin(list(days)) | F.col("day").isNull())

    def append(self, rows: DataFrame, table: Table, *, txn: Txn | None = None) -> None:
        """Append rows; with a transaction id, at most once."""
        writer = rows.select(*table.columns).write.format("delta").mode("append")
        if txn:
            writer = writer.option("txnAppId", txn.app).option("txnVersion", txn.version)
        writer.save(self.log(table).path)

    def overwrite(self, rows: DataFrame, table: Table, *, metadata: dict[str, Any]) -> None:
        """Replace all rows of the table in one commit, which has the metadata."""
        writer = rows.select(*table.columns).write.format("delta").mode("overwrite")
        writer.option("userMetadata", json.dumps(metadata)).save(self.log(table).path)

    def merge(self, rows: DataFrame, table: Table, on: Column | str) -> DeltaMergeBuilder:
        """Begin a merge of rows, named `s`, into the table, named `t`.

        Args:
            rows: the source.
            table: the target.
            on: which rows match, by columns, days and partitions; logs quote it, so it must not
                contain the value of a key.
        """
        return self.target(table).alias("t").merge(rows.alias("s"), on)

    def target(self, table: Table) -> DeltaTable:
        """Return Delta's handle of the table, for its other commands."""
        return DeltaTable.forPath(self.spark, self.log(table).path)

    def set_properties(self, table: Table, values: dict[str, str]) -> None:
        """Set table properties in one commit; names and values must not be personal data."""
        pairs = ", ".join(f"'{name}' = '{value}'" for name, value in values.items())
        self.spark.sql(f"ALTER TABLE {in_sql(self.log(table).path)} SET TBLPROPERTIES ({pairs})")

    @contextmanager
    def commit_as(self, *, txn: Txn | None = None, metadata: dict[str, Any]) -> Iterator[None]:
        """Give the next commit a transaction id and metadata, for commands without options."""
        values = {_USER_METADATA: json.dumps(metadata)}
        if txn:
            values |= {_TXN_APP: txn.app, _TXN_VERSION: str(txn.version)}
        for name, value in values.items():
            self.spark.conf.set(name, value)
        try:
            yield
        finally:
            # Were they left set, Delta would skip the session's next command on the table.
            for name in (_TXN_APP, _TXN_VERSION, _USER_METADATA):
                self.spark.conf.unset(name)

    def stream_rows(self, table: Table) -> DataFrame:
        """Return the rows that are appended to the table as a stream.

        It skips commits that delete or change rows.
        """
        stream = self.spark.readStream.format("delta").option("skipChangeCommits", "true")
        return self._load_stream(stream, table)

    def stream_changes(self, table: Table, *, starting_version: int) -> DataFrame:
        """Return the table's change data feed as a stream, from a version on."""
        stream = self.spark.readStream.format("delta").option("readChangeFeed", "true")
        return self._load_stream(stream.option("startingVersion", starting_version), table)

    def read_changes(self, table: Table, *, first: int, last: int) -> DataFrame:
        """Return the change data feed of the commits from `first` to `last`.

        The rows have the table's columns, `_change_type` and `_commit_version`.
        """
        return (
            self.spark.read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", first)
            .option("endingVersion", last)
            .load(self.log(table).path)
        )

    def _load_stream(self, stream: DataStreamReader, table: Table) -> DataFrame:
        limits = self.settings.stream
        return (
            stream.option("maxFilesPerTrigger", limits.max_files_per_batch)
            .option("maxBytesPerTrigger", limits.max_bytes_per_batch)
            .load(self.log(table).path)
        )

    def _create(self, table: Table) -> None:
        log = self.log(table)
        log.clear_unborn()
        protect(self.settings, table.name.partition(".")[0])
        builder = DeltaTable.create(self.spark).location(log.path).addColumns(table.schema)
        for name, value in table.all_properties().items():
            builder = builder.property(name, value)
        builder.partitionedBy(*table.partition_by).execute()
