"""What Silver holds of a batch: reads of just the days and keys that the batch names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.settings import Settings
from lakehouse import delta
from schemas.tables import QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import AUTHOR, KEY, Held

_EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Outline:
    """A batch seen from outside, by its headers alone; what they say is checked against the payload later."""

    consumed: int
    days: tuple[date, ...] | None  # None: a delete without a day, so any day may be meant
    has_author_deletes: bool
    since: datetime | None  # Kafka's time of the oldest record


def outline(bronze: DataFrame) -> Outline:
    """One cheap look at a batch of Bronze rows."""
    latest = datetime.now(UTC).date() + timedelta(days=3)
    row = bronze.agg(
        F.count(F.lit(1)).alias("consumed"),
        F.collect_set(F.when(F.col("day").between(F.lit(_EARLIEST), F.lit(latest)), F.col("day"))).alias("days"),
        F.coalesce(F.bool_or((F.col("op") == "delete") & F.col("day").isNull()), F.lit(False)).alias("dateless"),
        F.coalesce(F.bool_or(F.col("op") == "delete_author"), F.lit(False)).alias("author_deletes"),
        F.min("kafka_timestamp").alias("since"),
    ).first()
    if row is None:
        return Outline(0, (), has_author_deletes=False, since=None)
    days = None if row["dateless"] else tuple(sorted(row["days"]))
    return Outline(row["consumed"], days, row["author_deletes"], row["since"])


def held_by_silver(spark: SparkSession, bronze: DataFrame, days: Sequence[date] | None, settings: Settings) -> Held:
    """Posts and tombstones that records of the batch can meet."""
    post_keys = F.broadcast(bronze.select("post_key").where("post_key IS NOT NULL").distinct())
    author_keys = F.broadcast(bronze.select("author_key").where("author_key IS NOT NULL").distinct())
    posts = delta.read_days(spark, SILVER_POSTS, settings, days).select(
        *KEY,
        F.col("version").alias("held_version"),
        F.col("event_id").alias("held_event_id"),
        F.col("day").alias("held_day"),
    )
    tombstones = delta.read_days(spark, SILVER_TOMBSTONES, settings, days)
    of_posts = tombstones.where("author_key IS NULL").join(post_keys, on="post_key", how="left_semi")
    of_authors = author_tombstones(spark, settings).join(author_keys, on="author_key", how="left_semi")
    return Held(
        posts=posts.join(post_keys, on="post_key", how="left_semi"),
        post_tombstones=of_posts.groupBy(*KEY).agg(F.max("version").alias("tombstone_version")),
        author_tombstones=of_authors,
    )


def author_tombstones(spark: SparkSession, settings: Settings) -> DataFrame:
    """AUTHOR and author_tombstone_version: the highest one of each author."""
    rows = delta.read(spark, SILVER_TOMBSTONES, settings).where("day IS NULL AND author_key IS NOT NULL")
    return rows.groupBy(*AUTHOR).agg(F.max("version").alias("author_tombstone_version"))


def quarantined_since(spark: SparkSession, since: datetime | None, settings: Settings) -> DataFrame:
    """Coordinates, stage and reason of what is in quarantine already, from some Kafka time on."""
    rows = delta.read(spark, QUARANTINE_POSTS, settings)
    rows = rows if since is None else rows.where(F.col("kafka_timestamp") >= F.lit(since))
    return rows.select(*QUARANTINE_POSTS.key, "stage", "reason")
