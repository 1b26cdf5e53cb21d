"""What an author left behind: the posts in Silver that the author's tombstone blocks, removed between batches."""

import math
import time

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.logs import get_log
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.jobs.job import Job
from lakehouse.silver.lookup import author_tombstones
from schemas.tables import SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import AUTHOR, KEY, blocked_by_author

_log = get_log("author_removals")


class AuthorDeletesTask:
    """Runs within the job that owns Silver; batched, since an author's posts are spread over all days."""

    def __init__(self, spark: SparkSession, job: Job) -> None:
        self._spark = spark
        self._job = job
        self._applied_version = -1  # of silver.tombstones; a restart looks once again
        self._looked_at = -math.inf

    def run(self, force: bool) -> None:
        """Remove what is due, at most once per interval unless it is forced."""
        settings = self._job.settings
        if (
            not force
            and time.monotonic() - self._looked_at < settings.stream.author_removal_interval_s
        ):
            return
        self._looked_at = time.monotonic()
        with self._job.writing:
            version = delta_log.version(SILVER_TOMBSTONES, settings)
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
