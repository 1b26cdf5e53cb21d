"""Compute the exact changes of an aggregate table from a change data feed.

`streaming/silver_to_gold.py` writes them. Sums are integers, so adding and subtracting is exact. A
member that is counted once, such as an author, leaves a group only with its last row there. To know
which row is the last, the source table is read as of the batch's last version, for the batch's
pairs of group and member. No state is kept that could drift or would have to be erased.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MEMBER = "member"
_ADDS = ("insert", "update_postimage")


def signed(contributions: DataFrame, sums: Sequence[str]) -> DataFrame:
    """Return the contributions of a change feed's rows, negative for rows that were taken away."""
    sign = F.when(F.col("_change_type").isin(*_ADDS), 1).otherwise(-1).cast("bigint")
    return contributions.withColumn("sign", sign).withColumns(
        {name: F.col("sign") * F.col(name) for name in sums}
    )


def summarise(
    contributions: DataFrame, key: Sequence[str], sums: Sequence[str], count: str
) -> DataFrame:
    """Return the whole table from all contributions; the deltas of all batches add up to it."""
    return contributions.groupBy(*key).agg(
        *[F.sum(name).alias(name) for name in sums], F.count_distinct(MEMBER).alias(count)
    )


def group_deltas(signed_rows: DataFrame, key: Sequence[str], sums: Sequence[str]) -> DataFrame:
    """Return the batch's change of each sum, by group."""
    return signed_rows.groupBy(*key).agg(*[F.sum(name).alias(name) for name in sums])


def member_deltas(
    signed_rows: DataFrame, source_now: DataFrame, key: Sequence[str], count: str
) -> DataFrame:
    """Return the change of the number of members, by group.

    It is the number of members that the batch brought, less those whose last row it took away.

    Args:
        signed_rows: the batch's contributions, with `sign` and `member`.
        source_now: contributions of the source as of the batch's last version, at least those of
            the touched groups.
        key: the columns that identify a group.
        count: the name of the result's column.
    """
    pairs = (
        signed_rows.where(F.col(MEMBER).isNotNull())
        .groupBy(*key, MEMBER)
        .agg(F.sum("sign").alias("change"))
        .where("change != 0")
    )
    present = (
        source_now.alias("n")
        .join(F.broadcast(pairs.alias("p")), on=_same((*key, MEMBER), "n", "p"), how="inner")
        .groupBy(*[F.col(f"p.{name}").alias(name) for name in (*key, MEMBER)])
        .agg(F.count(F.lit(1)).alias("after"))
    )
    after = F.coalesce(F.col("a.after"), F.lit(0))
    before = after - F.col("p.change")
    came = (before <= 0) & (after > 0)
    went = (before > 0) & (after <= 0)
    change = F.when(came, 1).when(went, -1).otherwise(0).cast("bigint")
    return (
        pairs.alias("p")
        .join(present.alias("a"), on=_same((*key, MEMBER), "p", "a"), how="left")
        .groupBy(*[F.col(f"p.{name}").alias(name) for name in key])
        .agg(F.sum(change).alias(count))
    )


def combine(groups: DataFrame, members: DataFrame, key: Sequence[str], count: str) -> DataFrame:
    """Join the groups' changes of sums and of members; leave out groups that do not change."""
    sums = [name for name in groups.columns if name not in key]
    joined = groups.alias("g").join(members.alias("m"), on=_same(key, "g", "m"), how="left")
    changes = joined.select(
        *[F.col(f"g.{name}").alias(name) for name in (*key, *sums)],
        F.coalesce(F.col(f"m.{count}"), F.lit(0)).alias(count),
    )
    is_change = F.lit(False)
    for name in (*sums, count):
        is_change = is_change | (F.col(name) != 0)
    return changes.where(is_change)


def within_days(time: Column, days: Sequence[date]) -> Column:
    """Return whether a time lies in one of the days.

    The ranges are literals, so that Delta skips files by their minimum and maximum.
    """
    condition = F.lit(False)
    for start, end in _ranges(days):
        condition = condition | (
            (time >= F.lit(start).cast("timestamp")) & (time < F.lit(end).cast("timestamp"))
        )
    return condition


def _ranges(days: Sequence[date], most: int = 100) -> list[tuple[date, date]]:
    """Return the days as half-open ranges; as one wide range if there are more than `most`."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        after = day + timedelta(days=1)
        if ranges and ranges[-1][1] == day:
            ranges[-1] = (ranges[-1][0], after)
        else:
            ranges.append((day, after))
    return ranges if len(ranges) <= most else [(ranges[0][0], ranges[-1][1])]


def _same(key: Sequence[str], left: str, right: str) -> Column:
    condition = F.lit(True)
    for name in key:
        condition = condition & F.col(f"{left}.{name}").eqNullSafe(F.col(f"{right}.{name}"))
    return condition
