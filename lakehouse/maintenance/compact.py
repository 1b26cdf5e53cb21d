"""Small files put together: of one table, and of a job's own tables between its batches."""

from pyspark.sql import SparkSession

from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import FirstRun, Task
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


def compaction_task(spark: SparkSession, job: Job) -> Task:
    """Return the compaction of the tables that a job alone writes; one that has just started has little to do."""

    def run() -> None:
        settings = job.settings
        ops = [ops_batches(job.name), ops_erasures(job.name)]
        for table in (*job.owns, *(table for table in ops if delta_log.exists(table, settings))):
            with job.writing:  # a batch may come between two tables
                compact_files(spark, table, settings)

    interval_s = job.settings.upkeep.interval_s
    return Task("compaction", interval_s, run, first_run=FirstRun.AFTER_INTERVAL)
