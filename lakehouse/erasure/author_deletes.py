"""Delete from Silver, between batches, the posts that their authors' tombstones block."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.logs import get_log
from lakehouse.delta.lake import Lake
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import Task
from lakehouse.silver.lookup import author_tombstones
from schemas.tables import SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import AUTHOR, KEY, blocked_by_author

_log = get_log("author_removals")


def author_deletes_task(lake: Lake, job: Job) -> Task:
    """Return the task that deletes these posts, for the job that owns Silver.

    The deletes are batched, since an author's posts are spread over all days.
    """
    interval_s = job.settings.stream.author_removal_interval_s
    return Task("author_deletes", interval_s, _AuthorDeletes(lake, job).run, may_wait=False)


class _AuthorDeletes:
    def __init__(self, lake: Lake, job: Job) -> None:
        self._lake = lake
        self._job = job
        self._applied_version = -1  # of silver.tombstones; a restarted job checks all again

    def run(self) -> None:
        """Delete the blocked posts, if there are new tombstones."""
        with self._job.writing:
            version = self._lake.log(SILVER_TOMBSTONES).version()
            if version != self._applied_version:
                self._delete_blocked()
                self._applied_version = version

    def _delete_blocked(self) -> None:
        until = F.col("author_tombstone_version")
        posts = self._lake.read(SILVER_POSTS).select(*KEY, "author_key", "version", "day")
        blocked = (
            posts.join(F.broadcast(author_tombstones(self._lake)), on=list(AUTHOR), how="inner")
            .where(blocked_by_author(F.col("version"), F.col("day"), until))
            .select(*KEY, "day")
            .persist()
        )
        try:
            row = blocked.agg(
                F.count(F.lit(1)).alias("rows"), F.collect_set("day").alias("days")
            ).first()
            if row is not None and row["rows"]:
                self._delete(blocked, row["days"])
                _log.info("author_removals", rows=row["rows"])
        finally:
            blocked.unpersist()

    def _delete(self, blocked: DataFrame, days: list[date]) -> None:
        same = F.expr(" AND ".join(f"t.{name} = s.{name}" for name in (*KEY, "day")))
        merge = self._lake.merge(blocked, SILVER_POSTS, same & F.col("t.day").isin(days))
        merge.whenMatchedDelete().execute()
