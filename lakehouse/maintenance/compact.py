"""Small files put together: of one table, and of a job's own tables between its batches."""

import time

from pyspark.sql import SparkSession

from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.jobs.job import Job
from lakehouse.maintenance import optimize
from schemas.tables import Table, ops_batches, ops_erasures

_log = get_log("compaction")


def compact_files(spark: SparkSession, table: Table, settings: Settings) -> tuple[int, int]:
    """Put the files of crowded partitions together; how many the table had, and has now.

    No row changes, so no stream sees anything of it, and who has opened the table reads the old
    files on.
    """
    files = optimize.files_by_partition(spark, table, settings)
    crowded = sorted(
        (values for values, count in files.items() if count >= settings.upkeep.min_files), key=str
    )
    for start in range(0, len(crowded), optimize.PARTITIONS_PER_COMMIT):
        optimize.optimize(
            spark, table, settings, crowded[start : start + optimize.PARTITIONS_PER_COMMIT]
        )
    after = optimize.files_by_partition(spark, table, settings) if crowded else files
    _log.info("compacted", table=table.name, before=files.total(), after=after.total())
    return files.total(), after.total()


class CompactionTask:
    """Runs within a job, on the tables that it alone writes."""

    def __init__(self, spark: SparkSession, job: Job) -> None:
        self._spark = spark
        self._job = job
        # of the interval: a job that has just started has little to do
        self._began = time.monotonic()

    def run(self, _force: bool) -> None:
        """Compact, at most once per interval; it can always be put off."""
        settings = self._job.settings
        if time.monotonic() - self._began < settings.upkeep.interval_s:
            return
        self._began = time.monotonic()
        ops = [ops_batches(self._job.name), ops_erasures(self._job.name)]
        for table in (*self._job.owns, *(each for each in ops if delta_log.exists(each, settings))):
            with self._job.writing:  # a batch may come between two tables
                compact_files(self._spark, table, settings)
