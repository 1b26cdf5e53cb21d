"""Run Delta's OPTIMIZE and VACUUM, and tell how far back streams still have to read."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from pyspark.sql import SparkSession

from foundation import clock
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.delta.log import TableLog
from lakehouse.jobs.checkpoint import Checkpoint, checkpoint
from schemas.stored_names import RESET_STARTING_VERSION
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, Table

PARTITIONS_PER_COMMIT = 50
_MIB = 1024 * 1024
_NULL = "__HIVE_DEFAULT_PARTITION__"
_PREFIX = "spark.databricks.delta"
_LISTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
_NO_FILE = -1  # Delta's number for a stream that has read no file of a commit yet
_MARGIN_H = 1.0  # a file is older than the commit that adds it, by the time that writing took

# Commits in which a stream has nothing to read.
_WITHOUT_ROWS = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES")
# Bronze's reader also skips the commits in which erasures delete rows.
_SKIPPED = {BRONZE_POSTS.name: ("MERGE",)}

# The job whose stream reads a table.
_READERS = {BRONZE_POSTS.name: "bronze_to_silver", SILVER_POSTS.name: "silver_to_gold"}

Partition = tuple[str | None, ...]  # one value per column that the table is partitioned by


def files_by_partition(lake: Lake, table: Table) -> Counter[Partition]:
    """Return the number of files in each partition of the table."""
    files = lake.read(table).inputFiles()
    return Counter(partition_of(file, table) for file in files)


def optimize(lake: Lake, table: Table, partitions: Sequence[Partition]) -> None:
    """Compact the small files of these partitions, in one commit that changes no row."""
    size = str(lake.settings.upkeep.target_file_mb * _MIB)
    sizes = {f"{_PREFIX}.optimize.maxFileSize": size, f"{_PREFIX}.optimize.minFileSize": size}
    with conf(lake.spark, sizes):
        builder = lake.target(table).optimize()
        if table.partition_by:
            builder = builder.where(condition(table, partitions))
        builder.executeCompaction()


def vacuum(lake: Lake, table: Table, *, keep_h: float) -> None:
    """Delete the files that no version of the last `keep_h` hours needs."""
    # By default Spark lists folders in 10,000 tasks, which take 40 s a table on two busy cores.
    tasks = str(4 * lake.spark.sparkContext.defaultParallelism)
    values = {
        f"{_PREFIX}.retentionDurationCheck.enabled": "false",
        _LISTING: tasks,
        # By default Delta does not log a vacuum on S3, but receipts name the vacuum's version.
        f"{_PREFIX}.vacuum.logging.enabled": "true",
    }
    with conf(lake.spark, values):
        lake.target(table).vacuum(keep_h)


def unread_for_h(table: Table, settings: Settings) -> float | None:
    """Return the age in hours of the oldest commit that a stream may still have to read.

    It is zero if no stream reads the table or the stream has read all. It is None if nobody can
    tell; then no file may be deleted.
    """
    job = _READERS.get(table.name)
    if job is None:
        return 0.0
    job_checkpoint = checkpoint(job, settings)
    if job_checkpoint.committed_batch is None and job_checkpoint.planned_batch is not None:
        return None
    position = _last_read(job_checkpoint, table)
    if position is None:
        return 0.0
    version, last_file = position
    commits = TableLog(table, settings).commits_since(version)
    if commits and commits[-1]["version"] != version:
        return None
    skipped = (*_WITHOUT_ROWS, *_SKIPPED.get(table.name, ()))
    unread = [
        commit["timestamp"]
        for commit in commits
        if commit["operation"] not in skipped
        and not (commit["version"] == version and last_file + 1 >= _files_of(commit))
    ]
    if not unread:
        return 0.0
    waiting_s: float = clock.file_s() - min(unread) / 1000
    return max(waiting_s, 0.0) / 3600 + _MARGIN_H


def _last_read(checkpoint: Checkpoint, table: Table) -> tuple[int, int] | None:
    """Return the reader's version of the table and its last file there; None before it begins."""
    if checkpoint.committed_batch is not None:
        offset = checkpoint.end_offset(checkpoint.committed_batch)
        version = int(offset["reservoirVersion"])
        if offset["isStartingVersion"]:  # then its index counts the files of the whole table
            return version, _NO_FILE
        return version, int(offset["index"])
    if table is BRONZE_POSTS:  # its reader begins with the rows that are there at that time
        return None
    first = checkpoint.reset.get(RESET_STARTING_VERSION, 0)
    return int(max(first - 1, 0)), _NO_FILE


def _files_of(commit: Mapping[str, Any]) -> float:
    """Return how many files of a commit a stream reads; infinite if the commit does not say."""
    metrics = commit.get("operationMetrics") or {}
    parameters = commit.get("operationParameters") or {}
    if commit["operation"] == "WRITE" and parameters.get("mode") != "Append":
        return math.inf  # such as an overwrite
    # An UPDATE with deletion vectors writes change files. A DELETE with them writes none, so its
    # stream reads the hidden rows by file.
    of_update = metrics.get("numAddedChangeFiles") if commit["operation"] == "UPDATE" else None
    return float(
        metrics.get("numFiles") or metrics.get("numTargetChangeFilesAdded") or of_update or math.inf
    )


def partition_of(file: str, table: Table) -> Partition:
    """Return the partition that a file's path names."""
    named: Mapping[str, str] = dict(
        part.split("=", 1)
        for part in file.split("/")[-1 - len(table.partition_by) : -1]
        if "=" in part
    )
    values = [unquote(named[name]) for name in table.partition_by]
    return tuple(None if value == _NULL else value for value in values)


def condition(table: Table, partitions: Iterable[Partition], *, of: str = "") -> str:
    """Return the SQL condition for the rows of these partitions, whose names are not personal.

    Args:
        table: the table.
        partitions: the partitions.
        of: the table's alias with a dot, if it has one.
    """
    return " OR ".join(f"({_is_in(table, values, of)})" for values in partitions)


def _is_in(table: Table, values: Partition, of: str) -> str:
    terms = []
    for name, value in zip(table.partition_by, values, strict=True):
        quoted = None if value is None else value.replace("'", "''")
        terms.append(f"{of}{name} IS NULL" if quoted is None else f"{of}{name} = '{quoted}'")
    return " AND ".join(terms)


@contextmanager
def conf(spark: SparkSession, values: Mapping[str, str]) -> Iterator[None]:
    """Give the session this conf until the block ends."""
    for name, value in values.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in values:
            spark.conf.unset(name)
