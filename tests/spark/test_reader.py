"""The reader without Spark returns the same rows as Spark, from deletion vectors by Spark."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.maintenance.purge import purge
from schemas.tables import SILVER_POSTS
from serving.reader.reader import Reader
from serving.sql import query

AT = datetime(2026, 11, 29, 23, 59, 59, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory) -> Lake:
    lake = Lake(spark, Settings(home=tmp_path_factory.mktemp("home")))
    lake.ensure(SILVER_POSTS)
    lake.append(made(lake, range(2_000)), SILVER_POSTS)
    return lake


def made(lake: Lake, numbers: Sequence[int]) -> DataFrame:
    """Return posts of three days and of no day. Half of them have all nested values."""
    known = {
        "owner": F.lit("public"),
        "platform": F.lit("reddit"),
        "post_key": F.format_string("key %d", "id"),
        "version": F.col("id"),
        "day": F.when(F.col("id") % 4 > 0, F.expr("date'2026-11-27' + int(id % 4)")),
        "posted_at": F.lit(AT) + F.expr("make_dt_interval(0, 0, 0, id / 1000)"),
        "text": F.format_string("text %d — ü", "id"),
        "hashtags": F.array(F.lit("a"), F.lit(None)),
        "metrics": F.when(F.col("id") % 2 == 0, F.create_map(F.lit("score"), F.col("id"))),
        "rights": F.when(
            F.col("id") % 2 == 0,
            F.struct(*(F.lit(name == "may_display").alias(name) for name in RIGHTS)),
        ),
    }
    rows = lake.spark.range(numbers[0], numbers[-1] + 1, numPartitions=2)
    return rows.select(
        *(
            known.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name)
            for field in SILVER_POSTS.schema
        )
    )


RIGHTS = ("indexable", "may_train", "may_display", "may_export")


def by_spark(lake: Lake) -> list[tuple]:
    rows = lake.read(SILVER_POSTS).select(
        "post_key",
        "version",
        F.col("day").cast("string"),
        F.unix_micros("posted_at"),
        "text",
        "hashtags",
        "metrics",
        F.to_json("rights", {"ignoreNullFields": "false"}),
    )
    return [tuple(row) for row in rows.orderBy("version").collect()]


BY_DUCKDB = (
    "SELECT post_key, version, CAST(day AS VARCHAR), epoch_us(posted_at), text, hashtags, metrics,"
    " CAST(to_json(rights) AS VARCHAR) FROM silver.posts ORDER BY version"
)


def same(lake: Lake, reader: Reader) -> bool:
    expected = by_spark(lake)
    assert query(lake.settings.lake_uri, BY_DUCKDB).rows == expected

    def followed(now):
        read = now.relation("silver.posts")
        return now.rows(BY_DUCKDB.replace("silver.posts", "posts"), None, posts=read)

    return reader.answer(followed) == expected


def test_what_spark_hides_is_hidden_step_by_step(lake):
    """Hide few rows, then most of them, merge, delete whole days, and purge the vectors."""
    reader = Reader(lake.settings.lake_uri)
    assert same(lake, reader)
    table = lake.target(SILVER_POSTS)
    table.delete("version IN (0, 7, 1999)")
    assert vectors(lake) > 0
    assert same(lake, reader)
    table.delete("version % 10 > 0 AND version > 500")
    assert same(lake, reader)
    edits = made(lake, range(480, 520)).withColumn("text", F.lit("edited"))
    on = "t.post_key = s.post_key AND t.day <=> s.day"
    lake.merge(edits, SILVER_POSTS, on).whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    assert same(lake, reader)
    table.delete("day = '2026-11-28' OR day IS NULL")
    assert same(lake, reader)
    lake.append(made(lake, range(3_000, 3_100)), SILVER_POSTS)
    assert same(lake, reader)
    assert vectors(lake) > 0
    assert purge(lake, SILVER_POSTS) > 0
    assert vectors(lake) == 0
    assert same(lake, reader)
    reader.close()


def vectors(lake: Lake) -> int:
    return len(lake.log(SILVER_POSTS).files_with_hidden_rows())


def test_pruning_by_statistics_loses_no_row(lake):
    """Spark truncates times in statistics to milliseconds."""
    reader = Reader(lake.settings.lake_uri)
    first = AT + timedelta(seconds=3)
    for at in (first, first + timedelta(microseconds=1), AT + timedelta(seconds=3.099)):
        for since, until in ((at, None), (None, at)):
            counts = {count(reader, since, until, prunes=prunes) for prunes in (True, False)}
            assert len(counts) == 1
    assert count(reader, AT + timedelta(seconds=3.099), None, prunes=True) == 1
    reader.close()


def count(reader, since, until, *, prunes):
    def work(now):
        read = now.relation(
            "silver.posts",
            (lambda file: file.may_have("posted_at", since, until)) if prunes else None,
        )
        asked = (
            "SELECT count(*) FROM posts WHERE posted_at >= coalesce($since, posted_at)"
            " AND posted_at < coalesce($until, posted_at + INTERVAL 1 DAY)"
        )
        return now.rows(asked, {"since": since, "until": until}, posts=read)

    ((found,),) = reader.answer(work)
    return found
