"""What an author left behind: the posts in Silver that the author's tombstone blocks, removed between batches."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.logs import get_log
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import Task
from lakehouse.silver.lookup import author_tombstones
from schemas.tables import SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import AUTHOR, KEY, blocked_by_author

_log = get_log("author_removals")


def author_deletes_task(spark: SparkSession, job: Job) -> Task:
    """Return the removals of the job that owns Silver; batched, since an author's posts are spread over all days."""
    interval_s = job.settings.stream.author_removal_interval_s
    return Task("author_deletes", interval_s, _AuthorDeletes(spark, job).run, may_wait=False)


class _AuthorDeletes:
    def __init__(self, spark: SparkSession, job: Job) -> None:
        self._spark = spark
        self._job = job
        self._applied_version = -1  # of silver.tombstones; a restart looks once again

    def run(self) -> None:
        """Remove what is due."""
        with self._job.writing:
            version = delta_log.version(SILVER_TOMBSTONES, self._job.settings)
            if version != self._applied_version:
                self._remove()
                self._applied_version = version

    def _remove(self) -> None:
        tombstones = author_tombstones(self._spark, self._job.settings)
        until = F.col("author_tombstone_version")
        posts = delta.read(self._spark, SILVER_POSTS, self._job.settings)
        blocked = (
            posts.select(*KEY, "author_key", "version", "day")
            .join(F.broadcast(tombstones), on=list(AUTHOR), how="inner")
            .where(blocked_by_author(F.col("version"), F.col("day"), until))
            .select(*KEY, "day")
            .persist()
        )
        try:
            found = blocked.agg(
                F.count(F.lit(1)).alias("rows"), F.collect_set("day").alias("days")
            ).first()
            if found is not None and found["rows"]:
                self._delete(blocked, found["days"])
                _log.info("author_removals", rows=found["rows"])
        finally:
            blocked.unpersist()

    def _delete(self, blocked: DataFrame, days: list[object]) -> None:
        same = " AND ".join(f"t.{name} = s.{name}" for name in (*KEY, "day"))
        (
            delta.target(self._spark, SILVER_POSTS, self._job.settings)
            .alias("t")
            .merge(blocked.alias("s"), F.expr(same) & F.col("t.day").isin(days))
            .whenMatchedDelete()
            .execute()
        )
