"""What Silver holds of a batch: reads of just the days and keys that the batch names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.settings import Settings
from lakehouse.delta import tables as delta
from lakehouse.delta.expiry_marks import expiry_marks
from schemas.tables import QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import AUTHOR, KEY, SilverState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BatchInput:
    """What came in with a batch, counted before anything is done with it."""

    consumed: int
    since: datetime | None  # Kafka's time of the oldest record

    @staticmethod
    def observed() -> tuple[Column, Column]:
        """What is to be observed of a batch of Bronze rows."""
        return F.count(F.lit(1)).alias("consumed"), F.min(F.unix_micros("kafka_timestamp")).alias(
            "since"
        )

    @classmethod
    def from_observed(cls, seen: Mapping[str, Any]) -> "BatchInput":
        """The values of `observed`."""
        since = seen["since"]
        return cls(
            seen["consumed"], None if since is None else _EPOCH + timedelta(microseconds=since)
        )


@dataclass(frozen=True, slots=True)
class BatchScope:
    """Where a batch can meet what the lake holds."""

    days: tuple[date, ...] | None  # None: a delete without a day, so any day may be meant
    has_author_deletes: bool


def batch_scope(refined: DataFrame) -> BatchScope:
    """One cheap look at a batch of refined rows; what is bad has no op, and meets nothing."""
    row = refined.agg(
        F.collect_set("day").alias("days"),
        F.coalesce(
            F.bool_or((F.col("op") == "delete") & F.col("day").isNull()), F.lit(False)
        ).alias("dateless"),
        F.coalesce(F.bool_or(F.col("op") == "delete_author"), F.lit(False)).alias("author_deletes"),
    ).collect()[0]
    return BatchScope(
        None if row["dateless"] else tuple(sorted(row["days"])), row["author_deletes"]
    )


def lookup_silver(
    spark: SparkSession, records: DataFrame, days: Sequence[date] | None, settings: Settings
) -> SilverState:
    """Posts and tombstones that the records (post_key, author_key) can meet."""
    post_keys = F.broadcast(records.select("post_key").where("post_key IS NOT NULL").distinct())
    author_keys = F.broadcast(
        records.select("author_key").where("author_key IS NOT NULL").distinct()
    )
    posts = delta.read_days(spark, SILVER_POSTS, settings, days).select(
        *KEY,
        F.col("version").alias("held_version"),
        F.col("event_id").alias("held_event_id"),
        F.col("day").alias("held_day"),
    )
    tombstones = delta.read_days(spark, SILVER_TOMBSTONES, settings, days)
    of_posts = tombstones.where("author_key IS NULL").join(
        post_keys, on="post_key", how="left_semi"
    )
    of_authors = author_tombstones(spark, settings).join(
        author_keys, on="author_key", how="left_semi"
    )
    return SilverState(
        posts=posts.join(post_keys, on="post_key", how="left_semi"),
        post_tombstones=of_posts.groupBy(*KEY).agg(F.max("version").alias("tombstone_version")),
        author_tombstones=of_authors,
        expired=expiry_marks(settings, "silver.post"),
    )


def author_tombstones(spark: SparkSession, settings: Settings) -> DataFrame:
    """AUTHOR and author_tombstone_version: the highest one of each author."""
    rows = delta.read(spark, SILVER_TOMBSTONES, settings).where(
        "day IS NULL AND author_key IS NOT NULL"
    )
    return rows.groupBy(*AUTHOR).agg(F.max("version").alias("author_tombstone_version"))


def quarantined_since(spark: SparkSession, since: datetime | None, settings: Settings) -> DataFrame:
    """Coordinates, stage and reason of what is in quarantine already, from some Kafka time on."""
    rows = delta.read(spark, QUARANTINE_POSTS, settings)
    rows = rows if since is None else rows.where(F.col("kafka_timestamp") >= F.lit(since))
    return rows.select(*QUARANTINE_POSTS.key, "stage", "reason")
