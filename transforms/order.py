"""Decide which record of a post counts, and give each record its fate.

For each post the highest version wins. At the same version a delete wins over an upsert, and among
upserts the first in Kafka's order. A record that a tombstone blocks takes no part. The outcome does
not depend on where batches begin and end.
"""

from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.reasons import Fate
from transforms.expiry_rules import Limits, expired

KEY = ("owner", "platform", "post_key")
AUTHOR = ("owner", "platform", "author_key")


@dataclass(frozen=True, slots=True)
class SilverState:
    """The rows of Silver about the posts and authors of a batch.

    Attributes:
        posts: KEY, held_version, held_event_id, held_day.
        post_tombstones: KEY, tombstone_version: the highest one.
        author_tombstones: AUTHOR, author_tombstone_version: the highest one.
        expired: up to when posts have expired, by platform: older records are suppressed.
    """

    posts: DataFrame
    post_tombstones: DataFrame
    author_tombstones: DataFrame
    expired: Limits = field(default_factory=dict)


def resolve(
    refined: DataFrame, state: SilverState, *, author_deletes: DataFrame | None = None
) -> DataFrame:
    """Add `fate`, `held_day` and the due steps, `action` and `entombs`, to the rows.

    `action` is append (a new row), update or remove (of the row in Silver), or null. `entombs` is
    true if a tombstone is due.

    Args:
        refined: the batch.
        state: the rows of Silver about it.
        author_deletes: the batch's own author deletes (AUTHOR, version); None if it has none. They
            block at once, so that a retry after a crash, which meets them as tombstones, decides
            the same.
    """
    joined = (
        refined.join(state.posts, on=list(KEY), how="left")
        .join(state.post_tombstones, on=list(KEY), how="left")
        .join(state.author_tombstones, on=list(AUTHOR), how="left")
        .transform(_with_author_block, author_deletes)
    )
    return joined.transform(_with_rank, state.expired).transform(_with_fate).transform(_with_action)


def blocked_by_author(version: Column, day: Column, until: Column) -> Column:
    """Return whether an author's tombstone of version `until` blocks a post.

    The day counts too: posts as created have version 0, and an author may come back.
    """
    return (version <= until) & (day <= F.timestamp_micros(until).cast("date"))


def _with_author_block(joined: DataFrame, author_deletes: DataFrame | None) -> DataFrame:
    if author_deletes is None:
        return joined.withColumn("blocked_until", F.col("author_tombstone_version"))
    incoming = author_deletes.groupBy(*AUTHOR).agg(F.max("version").alias("incoming_version"))
    both = F.greatest("author_tombstone_version", "incoming_version")
    return joined.join(F.broadcast(incoming), on=list(AUTHOR), how="left").withColumn(
        "blocked_until", both
    )


def _with_rank(joined: DataFrame, expired_limits: Limits) -> DataFrame:
    """Add `is_blocked`, and `rank` among the post's records that are not blocked."""
    is_upsert = F.col("op") == "upsert"
    by_post = F.col("version") <= F.col("tombstone_version")
    by_author = blocked_by_author(F.col("version"), F.col("day"), F.col("blocked_until"))
    by_tombstone = F.coalesce(by_post, F.lit(False)) | F.coalesce(by_author, F.lit(False))
    blocked = joined.withColumn(
        "is_blocked", is_upsert & (by_tombstone | expired("posted_at", expired_limits))
    )
    # Records without a post (bad ones, author deletes) and blocked ones are ranked apart, and this
    # rank is not used.
    contest = (*KEY, "contends")
    order = (F.desc("version"), F.desc(F.col("op") == "delete"), "topic", "partition", "offset")
    ranking = Window.partitionBy(*contest).orderBy(*order)
    sightings = Window.partitionBy(*contest, "event_id").orderBy(
        F.desc("version"), "topic", "partition", "offset"
    )
    return (
        blocked.withColumn(
            "contends",
            F.col("op").isin("upsert", "delete") & ~F.col("is_blocked") & F.col("reason").isNull(),
        )
        .withColumn("rank", F.row_number().over(ranking))
        .withColumn("winner_event_id", F.first("event_id").over(ranking))
        .withColumn("sighting", F.row_number().over(sightings))
    )


def _with_fate(ranked: DataFrame) -> DataFrame:
    version = F.col("version")
    held_version = F.col("held_version")
    is_held = held_version.isNotNull()
    same_content = F.col("event_id") == F.col("held_event_id")
    is_known = F.col("author_tombstone_version").isNotNull() | (F.col("sighting") > 1)
    author_delete = F.when(is_known, Fate.DUPLICATE).otherwise(Fate.DELETED)
    loser = F.when(
        (F.col("event_id") == F.col("winner_event_id"))
        | (F.col("sighting") > 1)
        | F.coalesce(same_content, F.lit(False)),
        Fate.DUPLICATE,
    ).otherwise(Fate.STALE)
    winning_delete = (
        F.when(is_held & (held_version > version), Fate.STALE)
        .when(~is_held & F.col("tombstone_version").isNotNull(), Fate.DUPLICATE)
        .otherwise(Fate.DELETED)
    )
    winning_upsert = (
        F.when(~is_held, Fate.NEW)
        .when(same_content, Fate.DUPLICATE)
        .when(version > held_version, Fate.EDITED)
        .otherwise(Fate.STALE)
    )
    return ranked.withColumn(
        "fate",
        F.when(F.col("reason").isNotNull(), Fate.QUARANTINED)
        .when(F.col("op") == "delete_author", author_delete)
        .when(F.col("is_blocked"), Fate.SUPPRESSED)
        .when(F.col("rank") > 1, loser)
        .when(F.col("op") == "delete", winning_delete)
        .otherwise(winning_upsert),
    )


def _with_action(judged: DataFrame) -> DataFrame:
    wins = (F.col("rank") == 1) & F.col("contends")
    is_upsert = F.col("op") == "upsert"
    is_delete = F.col("op") == "delete"
    version = F.col("version")
    held_version = F.col("held_version")
    action = (
        F.when(~F.coalesce(wins, F.lit(False)), None)
        .when(is_upsert & held_version.isNull(), "append")
        # Update even if only the version is newer: otherwise a late record could slip in between.
        .when(is_upsert & (version > held_version), "update")
        .when(is_delete & (version >= held_version), "remove")
    )
    entombs_post = (
        wins
        & is_delete
        & (F.col("fate") != Fate.STALE)
        & (version > F.coalesce(F.col("tombstone_version"), F.lit(-1)))
    )
    entombs_author = (
        (F.col("op") == "delete_author")
        & (F.col("sighting") == 1)
        & (version > F.coalesce(F.col("author_tombstone_version"), F.lit(-1)))
    )
    entombs = F.coalesce(entombs_post, F.lit(False)) | F.coalesce(entombs_author, F.lit(False))
    return judged.withColumn("action", action).withColumn("entombs", entombs)
