"""Compute the contribution of each row of silver.posts to gold.sentiment_hourly."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

SUMS = (
    "posts",
    "positive",
    "neutral",
    "negative",
    "mixed",
    "unscored",
    "compound_sum",
    "compound_sumsq",
)


def to_contributions(posts: DataFrame) -> DataFrame:
    """Return, for each post, its group's key, its share of each sum, and its author as `member`."""
    label = F.col("sentiment.label")
    # Without a label a post is unscored, even if the scorer had a value and abstained.
    scored = F.when(label.isNotNull(), F.col("sentiment.compound"))
    compound = F.coalesce(F.round(scored * 10_000).cast("bigint"), F.lit(0))
    return posts.select(
        *[column for column in posts.columns if column.startswith("_")],
        "owner",
        "platform",
        "channel",
        F.date_trunc("hour", "posted_at").alias("hour"),
        F.lit(1).cast("bigint").alias("posts"),
        *[
            _one_if(label.eqNullSafe(name)).alias(name)
            for name in ("positive", "neutral", "negative", "mixed")
        ],
        _one_if(label.isNull()).alias("unscored"),
        compound.alias("compound_sum"),
        (compound * compound).alias("compound_sumsq"),
        F.col("author_key").alias("member"),
    )


def _one_if(condition: Column) -> Column:
    return F.when(condition, 1).otherwise(0).cast("bigint")
