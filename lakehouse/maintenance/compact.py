"""Compact the small files of a table, and of a job's own tables between its batches."""

from foundation.logs import get_log
from lakehouse.delta.lake import Lake
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import FirstRun, Task
from lakehouse.maintenance import optimize
from schemas.tables import Table, ops_batches, ops_erasures

_log = get_log("compaction")


def compact_files(lake: Lake, table: Table) -> tuple[int, int]:
    """Compact the partitions with too many files; return the table's files before and after.

    No row changes, so streams read nothing again. Readers that have opened the table keep its old
    files.
    """
    files = optimize.files_by_partition(lake, table)
    min_files = lake.settings.upkeep.min_files
    crowded = sorted((values for values, count in files.items() if count >= min_files), key=str)
    for start in range(0, len(crowded), optimize.PARTITIONS_PER_COMMIT):
        partitions = crowded[start : start + optimize.PARTITIONS_PER_COMMIT]
        optimize.optimize(lake, table, partitions)
    after = optimize.files_by_partition(lake, table) if crowded else files
    _log.info("compacted", table=table.name, before=files.total(), after=after.total())
    return files.total(), after.total()


def compaction_task(lake: Lake, job: Job) -> Task:
    """Return the task that compacts the tables that a job alone writes.

    Its first run comes one interval after the start, since a job that has just started has little
    to compact.
    """

    def run() -> None:
        ops = (ops_batches(job.name), ops_erasures(job.name))
        for table in (*job.owns, *(table for table in ops if lake.log(table).exists())):
            with job.writing:  # released between tables, so that a batch may run
                compact_files(lake, table)

    interval_s = job.settings.upkeep.interval_s
    return Task("compaction", interval_s, run, first_run=FirstRun.AFTER_INTERVAL)
