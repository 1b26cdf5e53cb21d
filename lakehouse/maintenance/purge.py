"""Rewrite the files in which deletion vectors hide rows (docs/adr/0020)."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.errors import PurgeError
from lakehouse.delta.lake import Lake
from lakehouse.maintenance import optimize
from lakehouse.maintenance.optimize import Partition
from lakehouse.spark.materialize import materialized
from schemas.stored_names import PURGE
from schemas.tables import Table

_WITHOUT_VECTORS = {"spark.databricks.delta.merge.deletionVectors.persistent": "false"}


def purge(lake: Lake, table: Table) -> int:
    """Rewrite the files in which deletion vectors hide rows; return how many there were.

    Where rows must be deleted for good, call this before the retention of a vacuum begins.

    A merge sets one row of each such file to its own values, without vectors. Delta's commands do
    not do it: `REORG TABLE … APPLY (PURGE)` of Delta 4.0.0 calls a method that Spark 4.0.2 lacks,
    and OPTIMIZE skips a file that is alone in its partition.

    Raises:
        PurgeError: files still hide rows.
    """
    files = lake.log(table).files_with_hidden_rows()
    names = [file.rpartition("/")[2] for file in files]
    partitions = sorted({optimize.partition_of(file, table) for file in files}, key=str)
    for start in range(0, len(partitions), optimize.PARTITIONS_PER_COMMIT):
        chunk = partitions[start : start + optimize.PARTITIONS_PER_COMMIT]
        with materialized(_row_per_file(lake, table, names, chunk)) as rows:
            _rewrite(lake, table, rows, chunk)
    if left := lake.log(table).files_with_hidden_rows():
        raise PurgeError(
            f"{len(left)} files of {table.name} still hold deleted rows",
            remedy="Run it again; if the error stays, report it with the log",
        )
    return len(files)


def _row_per_file(
    lake: Lake, table: Table, files: Sequence[str], partitions: Sequence[Partition]
) -> DataFrame:
    """Return the key of one row of each of the files that lie in these partitions."""
    rows = lake.read(table)
    if table.partition_by:
        rows = rows.where(optimize.condition(table, partitions))
    rows = rows.withColumn("file", F.col("_metadata.file_name"))
    rows = rows.where(F.col("file").isin(list(files)))
    return rows.groupBy("file").agg(F.first(F.struct(*table.key)).alias("row")).select("row.*")


def _rewrite(lake: Lake, table: Table, keys: DataFrame, partitions: Sequence[Partition]) -> None:
    """Rewrite the files of these rows, in a commit marked as a purge; no row changes."""
    same = " AND ".join(f"t.{name} = s.{name}" for name in table.key)
    if table.partition_by:
        same += f" AND ({optimize.condition(table, partitions, of='t.')})"
    merge = lake.merge(F.broadcast(keys), table, same)
    with optimize.conf(lake.spark, _WITHOUT_VECTORS), lake.commit_as(metadata={PURGE: True}):
        merge.whenMatchedUpdate(set={table.key[0]: f"t.{table.key[0]}"}).execute()
