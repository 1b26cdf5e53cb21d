"""Look up the posts and tombstones that a batch can meet, by its days and keys only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.delta.expiry_marks import expiry_marks
from lakehouse.delta.lake import Lake
from schemas.epoch import to_datetime
from schemas.tables import QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import AUTHOR, KEY, SilverState, resolve
from transforms.silver import deciding


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A batch as it came in, counted before it is processed."""

    consumed: int
    since: datetime | None  # Kafka's time of the oldest record

    @staticmethod
    def observed() -> tuple[Column, Column]:
        """Return the columns to observe on a batch of Bronze rows."""
        count = F.count(F.lit(1)).alias("consumed")
        since = F.min(F.unix_micros("kafka_timestamp")).alias("since")
        return count, since

    @classmethod
    def from_observed(cls, values: Mapping[str, Any]) -> "BatchInput":
        """Return the input whose observed values these are."""
        micros = values["since"]
        since = None if micros is None else to_datetime(micros)
        return cls(values["consumed"], since)


@dataclass(frozen=True, slots=True)
class BatchScope:
    """The days and deletes that a batch can meet in the lake."""

    days: tuple[date, ...] | None  # None: a delete names no day, so it may mean any
    has_author_deletes: bool


def batch_scope(refined: DataFrame) -> BatchScope:
    """Return the scope of a batch of refined rows, by one cheap query.

    A bad record has no op, so it meets nothing.
    """
    is_dateless = (F.col("op") == "delete") & F.col("day").isNull()
    is_author_delete = F.col("op") == "delete_author"
    row = refined.agg(
        F.collect_set("day").alias("days"),
        F.coalesce(F.bool_or(is_dateless), F.lit(False)).alias("dateless"),
        F.coalesce(F.bool_or(is_author_delete), F.lit(False)).alias("author_deletes"),
    ).collect()[0]
    days = None if row["dateless"] else tuple(sorted(row["days"]))
    return BatchScope(days, row["author_deletes"])


def lookup_silver(lake: Lake, records: DataFrame, days: Sequence[date] | None) -> SilverState:
    """Return the posts and tombstones that records can meet.

    Args:
        lake: the lake.
        records: rows with post_key and author_key.
        days: the days of the posts and tombstones; None reads all days.
    """
    post_keys = F.broadcast(records.select("post_key").where("post_key IS NOT NULL").distinct())
    author_keys = F.broadcast(
        records.select("author_key").where("author_key IS NOT NULL").distinct()
    )
    posts = lake.read_days(SILVER_POSTS, days).select(
        *KEY,
        F.col("version").alias("held_version"),
        F.col("event_id").alias("held_event_id"),
        F.col("day").alias("held_day"),
    )
    tombstones = lake.read_days(SILVER_TOMBSTONES, days)
    of_posts = tombstones.where("author_key IS NULL").join(
        post_keys, on="post_key", how="left_semi"
    )
    of_authors = author_tombstones(lake).join(author_keys, on="author_key", how="left_semi")
    return SilverState(
        posts=posts.join(post_keys, on="post_key", how="left_semi"),
        post_tombstones=of_posts.groupBy(*KEY).agg(F.max("version").alias("tombstone_version")),
        author_tombstones=of_authors,
        expired=expiry_marks(lake.settings, "silver.post"),
    )


def resolve_batch(lake: Lake, refined: DataFrame) -> DataFrame:
    """Return the decisions on a batch of refined, numbered rows, in view of Silver's rows."""
    scope = batch_scope(refined)
    state = lookup_silver(lake, refined, scope.days)
    author_deletes = None
    if scope.has_author_deletes:
        author_deletes = author_deletes_of(refined)
    return resolve(deciding(refined), state, author_deletes=author_deletes)


def author_deletes_of(refined: DataFrame) -> DataFrame:
    """Return AUTHOR and version of each delete of an author among refined rows."""
    return refined.where("op = 'delete_author'").select(*AUTHOR, "version")


def author_tombstones(lake: Lake) -> DataFrame:
    """Return AUTHOR and author_tombstone_version, the highest version of each author."""
    rows = lake.read(SILVER_TOMBSTONES).where("day IS NULL AND author_key IS NOT NULL")
    return rows.groupBy(*AUTHOR).agg(F.max("version").alias("author_tombstone_version"))


def quarantined_since(lake: Lake, since: datetime | None) -> DataFrame:
    """Return coordinates (topic, partition, offset), stage and reason of quarantined records.

    They are the records from a Kafka time on; all records without one.
    """
    rows = lake.read(QUARANTINE_POSTS)
    rows = rows if since is None else rows.where(F.col("kafka_timestamp") >= F.lit(since))
    return rows.select(*QUARANTINE_POSTS.key, "stage", "reason")
