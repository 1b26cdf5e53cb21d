"""Turn resolved rows into rows of silver.posts, silver.tombstones and quarantine.posts."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.reasons import RULE_VERSION, Fate
from schemas.tables import COORDINATES, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from transforms.order import KEY

_COORDINATES = COORDINATES.names
_DECIDING = (
    *_COORDINATES,
    "stage",
    "reason",
    "op",
    *KEY,
    "author_key",
    "version",
    "event_id",
    "day",
    "posted_at",
    "pii",
    "processed_at",
)


def numbered(refined: DataFrame) -> DataFrame:
    """Number the refined rows in `row`; the numbers change if the rows are computed again."""
    return refined.withColumn("row", F.monotonically_increasing_id())


def deciding(refined: DataFrame) -> DataFrame:
    """Return numbered rows without their content, which the order rules do not need."""
    return refined.select("row", *_DECIDING)


def in_full(decided: DataFrame, refined: DataFrame) -> DataFrame:
    """Add the content to the rows that were decided on.

    The decisions are broadcast to the content, so that Spark does not sort the content again.
    """
    added = [name for name in decided.columns if name not in refined.columns]
    return refined.join(F.broadcast(decided.select("row", *added)), on="row").drop("row")


def keep_quarantined(refined: DataFrame, quarantined: DataFrame) -> DataFrame:
    """Return the refined rows, but with the stage and reason of those already in quarantine.

    It is for a batch that is repeated after a crash: a verdict that was written does not change.

    Args:
        refined: the batch.
        quarantined: topic, partition, offset, stage and reason of rows of quarantine.posts.
    """
    verdicts = quarantined.withColumnsRenamed({"stage": "old_stage", "reason": "old_reason"})
    is_old = F.col("old_reason").isNotNull()
    kept = [
        F.when(~is_old, F.col(name)).alias(name)
        for name in refined.columns
        if name not in (*_COORDINATES, "stage", "reason", "processed_at", "row")
    ]
    return refined.join(F.broadcast(verdicts), on=_COORDINATES, how="left").select(
        *_COORDINATES,
        F.coalesce("old_stage", "stage").alias("stage"),
        F.coalesce("old_reason", "reason").alias("reason"),
        "processed_at",
        *(("row",) if "row" in refined.columns else ()),
        *kept,
    )


def to_posts(resolved: DataFrame, *, keep: tuple[str, ...] = ()) -> DataFrame:
    """Return rows of silver.posts, with the columns to `keep` besides."""
    return resolved.withColumn("bronze", F.struct(*_COORDINATES)).select(
        *SILVER_POSTS.columns, *keep
    )


def to_tombstones(resolved: DataFrame) -> DataFrame:
    """Return rows of silver.tombstones, for the deletes that need one."""
    is_author = F.col("op") == "delete_author"
    return (
        resolved.where("entombs")
        .withColumn("author_key", F.when(is_author, F.col("author_key")))
        # An author's tombstone has no day: the posts are of any day.
        .withColumn("day", F.when(~is_author, F.coalesce("held_day", "day")))
        .withColumn("reason", F.lit("platform"))
        .withColumnRenamed("processed_at", "at")
        .withColumn("until", F.lit(None).cast("timestamp"))
        .select(*SILVER_TOMBSTONES.columns)
    )


def to_quarantine(bronze: DataFrame, resolved: DataFrame) -> DataFrame:
    """Return rows of quarantine.posts: the Bronze row as it was, with stage and reason."""
    verdicts = resolved.where(F.col("fate") == Fate.QUARANTINED).select(
        *_COORDINATES, "stage", "reason", F.col("processed_at").alias("at")
    )
    return (
        bronze.join(F.broadcast(verdicts), on=_COORDINATES, how="inner")
        .withColumn("rule_version", F.lit(RULE_VERSION))
        .withColumn("attempt", F.lit(1))
        .select(*QUARANTINE_POSTS.columns)
    )
