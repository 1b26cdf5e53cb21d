"""Rows that deletion vectors hide, taken out of their files. docs/adr/0020."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.errors import PurgeError
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.maintenance import optimize
from lakehouse.spark.materialize import materialized
from schemas.stored_names import PURGE
from schemas.tables import Table

_WITHOUT_VECTORS = {"spark.databricks.delta.merge.deletionVectors.persistent": "false"}


def purge(spark: SparkSession, table: Table, settings: Settings) -> int:
    """Write the files anew in which vectors hide rows; how many there were.

    Before the clock of a vacuum begins, wherever rows must go for good. By a merge that puts one
    row of each such file
    in its own place, without vectors: `REORG TABLE … APPLY (PURGE)` of Delta 4.0.0 calls what Spark
        4.0.2 has no more,
    and OPTIMIZE passes over a file that is alone in its partition.

    Raises:
        PurgeError: there are hidden rows still.
    """
    files = delta_log.files_with_hidden_rows(table, settings)
    partitions = sorted({optimize.partition_of(file, table) for file in files}, key=str)
    names = [file.rpartition("/")[2] for file in files]
    for start in range(0, len(partitions), optimize.PARTITIONS_PER_COMMIT):
        some = partitions[start : start + optimize.PARTITIONS_PER_COMMIT]
        with materialized(_one_row_of_each(spark, table, settings, names, some)) as rows:
            _write_again(spark, table, settings, rows, some)
    if left := delta_log.files_with_hidden_rows(table, settings):
        raise PurgeError(
            f"{len(left)} files of {table.name} still hold rows that are to go",
            remedy="Run it again; should it stay so, report this with the log",
        )
    return len(files)


def _one_row_of_each(
    spark: SparkSession,
    table: Table,
    settings: Settings,
    files: Sequence[str],
    partitions: Sequence[optimize.Partition],
) -> DataFrame:
    """The key of a row of each of the files that lie in these partitions."""
    rows = delta.read(spark, table, settings)
    rows = rows.where(optimize.condition(table, partitions)) if table.partition_by else rows
    rows = rows.withColumn("file", F.col("_metadata.file_name")).where(
        F.col("file").isin(list(files))
    )
    return rows.groupBy("file").agg(F.first(F.struct(*table.key)).alias("row")).select("row.*")


def _write_again(
    spark: SparkSession,
    table: Table,
    settings: Settings,
    keys: DataFrame,
    partitions: Sequence[optimize.Partition],
) -> None:
    """The files of these rows; no row changes, and the commit says so."""
    same = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
    if table.partition_by:
        same += f" AND ({optimize.condition(table, partitions, of='t.')})"
    merge = (
        delta.target(spark, table, settings).alias("t").merge(F.broadcast(keys).alias("s"), same)
    )
    with optimize.conf(spark, _WITHOUT_VECTORS), delta.commit_as(spark, metadata={PURGE: True}):
        merge.whenMatchedUpdate(set={table.key[0]: f"t.{table.key[0]}"}).execute()
