"""Delta's OPTIMIZE and VACUUM, and how far back the streams still have to read."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from foundation import clock
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.jobs.checkpoint import Checkpoint, checkpoint
from schemas.stored_names import RESET_STARTING_VERSION
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, Table

PARTITIONS_PER_COMMIT = 50
_MIB = 1024 * 1024
_NULL = "__HIVE_DEFAULT_PARTITION__"
_PREFIX = "spark.databricks.delta"
_LISTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
_NOTHING_OF_IT = -1  # of a commit's files; Delta's own begin of a commit
_MARGIN_H = 1.0  # a file is older than the commit that adds it, by what it took to write

# Commits that no stream has anything to read of.
_WITHOUT_ROWS = ("OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES")
# and what erasures take out of Bronze, its reader passes over
_SKIPPED = {BRONZE_POSTS.name: ("MERGE",)}

Partition = tuple[str | None, ...]  # one value per column that the table is partitioned by


def files_by_partition(spark: SparkSession, table: Table, settings: Settings) -> Counter[Partition]:
    """How many files each partition of the table has now."""
    files = delta.read(spark, table, settings).inputFiles()
    return Counter(partition_of(file, table) for file in files)


def optimize(
    spark: SparkSession, table: Table, settings: Settings, partitions: Sequence[Partition]
) -> None:
    """Put the small files of some partitions together, in one commit that changes no row."""
    size = str(settings.upkeep.target_file_mb * _MIB)
    with conf(
        spark, {f"{_PREFIX}.optimize.maxFileSize": size, f"{_PREFIX}.optimize.minFileSize": size}
    ):
        builder = DeltaTable.forPath(spark, delta_log.path(table, settings)).optimize()
        where = condition(table, partitions)
        (builder.where(where) if table.partition_by else builder).executeCompaction()


def vacuum(spark: SparkSession, table: Table, settings: Settings, *, keep_h: float) -> None:
    """Remove the files that no version of the last so many hours needs."""
    # Spark's own number of tasks for listing folders is 10,000: 40 s a table on two busy cores.
    tasks = str(4 * spark.sparkContext.defaultParallelism)
    # On S3 Delta leaves a vacuum out of the log unless told otherwise: receipts name its version.
    logged = {f"{_PREFIX}.vacuum.logging.enabled": "true"}
    values = {f"{_PREFIX}.retentionDurationCheck.enabled": "false", _LISTING: tasks} | logged
    with conf(spark, values):
        DeltaTable.forPath(spark, delta_log.path(table, settings)).vacuum(keep_h)


def unread_for_h(table: Table, settings: Settings) -> float | None:
    """For how many hours the oldest commit has been waiting that a stream may still have to read, and a margin.

    Zero where no stream reads the table or all is read; None where that cannot be said, so that
    nothing may go.
    """
    job = {BRONZE_POSTS.name: "bronze_to_silver", SILVER_POSTS.name: "silver_to_gold"}.get(
        table.name
    )
    if job is None:
        return 0.0
    mine = checkpoint(job, settings)
    if mine.committed_batch is None and mine.planned_batch is not None:
        return None
    place = _last_read(mine, table)
    if place is None:
        return 0.0
    version, last_file = place
    commits = delta_log.commits_since(table, settings, version)
    if commits and commits[-1]["version"] != version:
        return None
    unread = [
        commit["timestamp"]
        for commit in commits
        if commit["operation"] not in (*_WITHOUT_ROWS, *_SKIPPED.get(table.name, ()))
        and not (commit["version"] == version and last_file + 1 >= _files_of(commit))
    ]
    if not unread:
        return 0.0
    waiting: float = clock.file_s() - min(unread) / 1000
    return max(waiting, 0.0) / 3600 + _MARGIN_H


def _last_read(mine: Checkpoint, table: Table) -> tuple[int, int] | None:
    """The version that the table's reader is at, and the number of the last file that it read there."""
    if mine.committed_batch is not None:
        offset = mine.end_offset(mine.committed_batch)
        is_commit = not offset["isStartingVersion"]  # else it is the n-th file of the whole table
        return int(offset["reservoirVersion"]), int(
            offset["index"]
        ) if is_commit else _NOTHING_OF_IT
    if table is BRONZE_POSTS:  # its reader begins with the rows that are there then
        return None
    return int(max(mine.reset.get(RESET_STARTING_VERSION, 0) - 1, 0)), _NOTHING_OF_IT


def _files_of(commit: Mapping[str, Any]) -> float:
    """How many files a stream reads of a commit: without end where the commit does not say, such as an overwrite."""
    metrics, how = commit.get("operationMetrics") or {}, commit.get("operationParameters") or {}
    if commit["operation"] == "WRITE" and how.get("mode") != "Append":
        return math.inf
    # An UPDATE with vectors writes change files; a DELETE with vectors none, and its stream reads
    # what it hid by file.
    of_update = metrics.get("numAddedChangeFiles") if commit["operation"] == "UPDATE" else None
    return float(
        metrics.get("numFiles") or metrics.get("numTargetChangeFilesAdded") or of_update or math.inf
    )


def partition_of(file: str, table: Table) -> Partition:
    """The partition that a file's path names."""
    named: Mapping[str, str] = dict(
        part.split("=", 1)
        for part in file.split("/")[-1 - len(table.partition_by) : -1]
        if "=" in part
    )
    values = [unquote(named[name]) for name in table.partition_by]
    return tuple(None if value == _NULL else value for value in values)


def condition(table: Table, partitions: Iterable[Partition], *, of: str = "") -> str:
    """What holds for the rows of some partitions, in SQL; nothing in a partition's name is personal.

    Args:
        table: the table.
        partitions: which.
        of: the table's alias, with a dot.
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
    """Settings of the session, for a while."""
    for name, value in values.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in values:
            spark.conf.unset(name)
