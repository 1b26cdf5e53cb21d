"""Make records and stored state as rows for the order rules, and run the rules on them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pyspark.sql import Row, SparkSession

from transforms.order import AUTHOR, SilverState, resolve

D1 = date(2026, 1, 1)
D2 = date(2026, 1, 2)
D3 = date(2026, 1, 3)
NOON = 1_767_355_200_000_000  # of D2, in microseconds: a version that is also a time

REFINED = (
    "topic string, partition int, offset bigint, reason string, op string, owner string,"
    " platform string,"
    " post_key string, author_key string, version bigint, event_id string, day date"
)
HELD_POSTS = (
    "owner string, platform string, post_key string, held_version bigint, held_event_id string,"
    " held_day date"
)
POST_TOMBSTONES = "owner string, platform string, post_key string, tombstone_version bigint"
AUTHOR_TOMBSTONES = (
    "owner string, platform string, author_key string, author_tombstone_version bigint"
)


def held(
    spark: SparkSession,
    posts: Iterable[tuple[Any, ...]] = (),
    tombstones: Iterable[tuple[Any, ...]] = (),
    authors: Iterable[tuple[Any, ...]] = (),
) -> SilverState:
    """Return Silver's state, from rows of these columns."""
    return SilverState(
        spark.createDataFrame(list(posts), HELD_POSTS),
        spark.createDataFrame(list(tombstones), POST_TOMBSTONES),
        spark.createDataFrame(list(authors), AUTHOR_TOMBSTONES),
    )


def resolved(
    spark: SparkSession, records: Sequence[tuple[Any, ...]], before: SilverState
) -> list[Row]:
    """Resolve one batch, and return each record with its fate."""
    refined = spark.createDataFrame(records, REFINED)
    author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
    rows = resolve(refined, before, author_deletes=author_deletes).collect()
    assert len(rows) == len(records)
    return rows
