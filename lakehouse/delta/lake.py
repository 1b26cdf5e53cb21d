"""The lake: its Delta tables, read and written from Spark here and nowhere else."""

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
from lakehouse.delta.log import TableLog
from schemas.tables import Table

_TXN_APP = "spark.databricks.delta.write.txnAppId"
_TXN_VERSION = "spark.databricks.delta.write.txnVersion"
_USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass(frozen=True, slots=True)
class Txn:
    """Makes a commit happen once: Delta skips one whose (app, version) it has seen."""

    app: str  # <checkpoint id>:<step>: a new checkpoint counts its batches from 0 again
    version: int  # the batch


@dataclass(frozen=True, slots=True)
class Lake:
    """The lake of some settings, under a Spark session.

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
        """Make a table that the caller owns, or add to it what an older version did not have.

        Raises:
            TableSchemaError: it exists, and additions do not make it the table of this version.
            AccessError: its layer's folder cannot be given to the group that may read it.
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
        """Make a table that the caller only reads, so that a stream can begin, or check its schema.

        Raises:
            TableSchemaError: it exists with another schema than this version's.
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
        """Return the rows of some days, and those without a day; None reads all days."""
        rows = self.read(table)
        if days is None:
            return rows
        return rows.where(F.col("day").isin(list(days)) | F.col("day").isNull())

    def append(self, rows: DataFrame, table: Table, *, txn: Txn | None = None) -> None:
        """Add rows, once per transaction id."""
        writer = rows.select(*table.columns).write.format("delta").mode("append")
        if txn:
            writer = writer.option("txnAppId", txn.app).option("txnVersion", txn.version)
        writer.save(self.log(table).path)

    def overwrite(self, rows: DataFrame, table: Table, *, metadata: dict[str, Any]) -> None:
        """Put other rows in place of all that are there, in one commit."""
        writer = rows.select(*table.columns).write.format("delta").mode("overwrite")
        writer.option("userMetadata", json.dumps(metadata)).save(self.log(table).path)

    def merge(self, rows: DataFrame, table: Table, on: Column | str) -> DeltaMergeBuilder:
        """Begin a merge of rows, `s`, into the table, `t`.

        Args:
            rows: the source.
            table: the target.
            on: which rows match; it names columns, days and partitions only, never a key's value.
        """
        return self.target(table).alias("t").merge(rows.alias("s"), on)

    def target(self, table: Table) -> DeltaTable:
        """Return Delta's handle of the table, for its other commands."""
        return DeltaTable.forPath(self.spark, self.log(table).path)

    def set_properties(self, table: Table, values: dict[str, str]) -> None:
        """Set properties in one commit; neither names nor values may be personal."""
        pairs = ", ".join(f"'{name}' = '{value}'" for name, value in values.items())
        self.spark.sql(f"ALTER TABLE delta.`{self.log(table).path}` SET TBLPROPERTIES ({pairs})")

    @contextmanager
    def commit_as(self, *, txn: Txn | None = None, metadata: dict[str, Any]) -> Iterator[None]:
        """Give the next commit a transaction id and metadata; for commands that take no options."""
        values = {_USER_METADATA: json.dumps(metadata)}
        if txn:
            values |= {_TXN_APP: txn.app, _TXN_VERSION: str(txn.version)}
        for name, value in values.items():
            self.spark.conf.set(name, value)
        try:
            yield
        finally:
            # Left set, they would make the session's next command on the table do nothing.
            for name in (_TXN_APP, _TXN_VERSION, _USER_METADATA):
                self.spark.conf.unset(name)

    def stream_rows(self, table: Table) -> DataFrame:
        """Return the table's rows as a stream; it skips commits that delete or change rows."""
        stream = self.spark.readStream.format("delta").option("skipChangeCommits", "true")
        return self._load_stream(stream, table)

    def stream_changes(self, table: Table, *, starting_version: int) -> DataFrame:
        """Return the table's change feed as a stream."""
        stream = self.spark.readStream.format("delta").option("readChangeFeed", "true")
        return self._load_stream(stream.option("startingVersion", starting_version), table)

    def read_changes(self, table: Table, *, first: int, last: int) -> DataFrame:
        """Return the changes of some commits: columns, and _change_type and _commit_version."""
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
