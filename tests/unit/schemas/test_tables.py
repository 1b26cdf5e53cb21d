"""Tables, refined rows, events, jobs and fates agree: these tests catch a change in only one."""

from dataclasses import replace
from typing import get_args, get_type_hints

import pytest
from pyspark.sql.pandas.types import from_arrow_schema

from foundation.job_names import JobName
from schemas.event import ROUTING_HEADERS, Event
from schemas.reasons import Fate
from schemas.tables import (
    BRONZE_POSTS,
    GOLD_SENTIMENT_HOURLY,
    JOBS,
    OPS_JOBS,
    QUARANTINE_POSTS,
    SENTIMENT,
    SILVER_POSTS,
    SILVER_TOMBSTONES,
    TABLES,
    ops_batches,
)
from transforms import refine
from transforms.refine import REFINED
from transforms.scoring.score import Label

OPS_BATCHES = ops_batches("silver_to_gold")

# As written in shared/design.md, "What rests", and for silver.posts in docs/adr/0006.
DESIGN = {
    "bronze.posts": "topic string, partition int, offset bigint, kafka_timestamp timestamp,"
    " ingest_date date, platform string, op string, post_key string, author_key string, day date,"
    " key binary, headers map<string,binary>, value binary",
    "silver.posts": "owner string, platform string, post_key string, version bigint,"
    " event_id string, day date, created_at timestamp, observed_at timestamp, posted_at timestamp,"
    " author_key string, channel string, reply_to_key string, title string, text string,"
    " lang string, hashtags array<string>, emoji array<string>, key_phrases array<string>,"
    " entities array<struct<text:string,kind:string,confidence:double>>,"
    " metrics map<string,bigint>, sentiment struct<label:string,compound:double,confidence:double,"
    "scorer:string,scorer_version:string,reason:string>, pii map<string,int>,"
    " rights struct<indexable:boolean,may_train:boolean,may_display:boolean,may_export:boolean>,"
    " sanitizer_version string, bronze struct<topic:string,partition:int,offset:bigint>,"
    " processed_at timestamp",
    "silver.tombstones": "owner string, platform string, post_key string, author_key string,"
    " version bigint, day date, reason string, at timestamp, until timestamp",
    "quarantine.posts": "topic string, partition int, offset bigint, kafka_timestamp timestamp,"
    " platform string, stage string, reason string, rule_version int, attempt int, key binary,"
    " headers map<string,binary>, value binary, at timestamp",
    "gold.sentiment_hourly": "owner string, platform string, channel string, hour timestamp,"
    " posts bigint, positive bigint, neutral bigint, negative bigint, mixed bigint,"
    " unscored bigint, compound_sum bigint, compound_sumsq bigint, authors bigint",
    **{
        f"ops.batches.{job}": "query string, batch_id bigint, checkpoint_id string,"
        " started_at timestamp, ended_at timestamp, consumed bigint, new bigint, edited bigint,"
        " deleted bigint, duplicate bigint, stale bigint, suppressed bigint, quarantined bigint,"
        " rows_removed bigint, table_versions map<string,bigint>, input_rows_per_s double,"
        " lag_records bigint, masked map<string,bigint>"
        for job in OPS_JOBS
    },
    # docs/adr/0017
    **{
        f"ops.erasures.{job}": "erasure_id string, cause string, step string, table string,"
        " asked_at timestamp, since timestamp, until timestamp, what map<string,bigint>,"
        " rows bigint, version_before bigint, version_after bigint, at timestamp, key_id string,"
        " signature string"
        for job in JOBS
    },
}
PARTITIONS = {
    "bronze.posts": ("ingest_date", "platform"),
    "silver.posts": ("day",),
    "silver.tombstones": ("day",),
}
PERSONAL = {
    "author_key",
    "post_key",
    "text",
    "title",
    "key",
    "value",
    "headers",
    "reply_to_key",
    "channel",
    "event_id",
    "hashtags",
    "emoji",
    "key_phrases",
    "entities",
    "lang",
    "bronze",
}

# Each field of the event → its column in silver.posts; nothing if it is only in Bronze.
BECOMES = {
    "schema": (),
    "event_id": ("event_id",),
    "op": (),
    "owner": ("owner",),
    "platform": ("platform",),
    "post_id": (),
    "version": ("version",),
    "created_at": ("created_at", "posted_at"),
    "day": ("day",),
    "observed_at": ("observed_at", "posted_at"),
    "author_id": (),
    "author_handle": (),
    "author_name": (),
    "mentions": (),
    "title": ("title", "sentiment", "pii", "lang", "emoji", "key_phrases", "entities"),
    "text": ("text", "sentiment", "pii", "lang", "emoji", "key_phrases", "entities"),
    "lang": ("lang",),
    "url": (),
    "channel": ("channel",),
    "reply_to": (),
    "hashtags": ("hashtags",),
    "metrics": ("metrics",),
    "rights": ("rights",),
    "source": (),
    "keys": ("post_key", "author_key", "reply_to_key", "channel"),
    "reason": (),
    "truncated": (),
    "raw": (),
}
SILVERS_OWN = {"sanitizer_version", "bronze", "processed_at"}


def columns_of(ddl: str) -> dict[str, str]:
    return dict(column.strip().split(" ", 1) for column in ddl.split(", "))


def types_of(schema) -> dict[str, str]:
    return {field.name: field.dataType.simpleString() for field in schema}


def test_every_event_field_has_its_place_in_silver():
    assert set(BECOMES) == set(get_type_hints(Event))
    assert {column for columns in BECOMES.values() for column in columns} | SILVERS_OWN == set(
        SILVER_POSTS.columns
    )


def test_a_refined_row_is_a_silver_row_and_what_decides_on_it():
    expected = {
        name: kind for name, kind in types_of(SILVER_POSTS.schema).items() if name != "bronze"
    }
    deciding = {"stage": "string", "reason": "string", "op": "string"}
    assert columns_of(REFINED) == expected | deciding | columns_of(
        "topic string, partition int, offset bigint"
    )


def test_the_refined_columns_are_the_arrow_batches():
    arrow = from_arrow_schema(refine.REFINED_ARROW)
    assert list(types_of(arrow).items()) == list(columns_of(REFINED).items())


def test_all_tables_are_the_design_s():
    assert {table.name: types_of(table.schema) for table in TABLES} == {
        name: columns_of(ddl) for name, ddl in DESIGN.items()
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
class TestEveryTable:
    def test_columns_stand_in_the_order_of_the_design(self, table):
        assert table.columns == list(columns_of(DESIGN[table.name]))

    def test_partitioning(self, table):
        assert table.partition_by == PARTITIONS.get(table.name, ())

    def test_the_key_is_of_its_columns(self, table):
        assert table.key
        assert set(table.key) <= set(table.columns)

    def test_statistics_are_of_its_columns(self, table):
        """Delta refuses no column, and keeps no statistics of partition columns."""
        assert table.stats
        assert set(table.stats) <= set(table.columns) - set(table.partition_by)

    def test_no_statistics_of_personal_columns(self, table):
        """Statistics would outlive an erasure in the log."""
        assert not PERSONAL & set(table.stats)
        assert table.all_properties()["delta.dataSkippingStatsColumns"] == ",".join(table.stats)

    def test_deletion_vectors_are_silver_s_alone(self, table):
        """Only Silver has them, because edits would otherwise rewrite large days.

        Readers without Spark then need to know them nowhere else.
        """
        hidden = table.all_properties()["delta.enableDeletionVectors"] == "true"
        assert hidden == (table is SILVER_POSTS)

    def test_the_change_feed_is_silver_s_alone(self, table):
        fed = table.all_properties()["delta.enableChangeDataFeed"] == "true"
        assert fed == (table is SILVER_POSTS)

    def test_no_native_id_beyond_bronze(self, table):
        native = {
            "post_id",
            "author_id",
            "author_handle",
            "author_name",
            "mentions",
            "url",
            "reply_to",
            "raw",
        }
        assert not native & set(table.columns)


def test_a_table_s_own_properties_win():
    kept = replace(BRONZE_POSTS, properties={"delta.logRetentionDuration": "interval 90 days"})
    assert kept.all_properties()["delta.logRetentionDuration"] == "interval 90 days"


@pytest.mark.parametrize(
    ("table", "folder"),
    [
        (BRONZE_POSTS, "bronze/posts"),
        (GOLD_SENTIMENT_HOURLY, "gold/sentiment_hourly"),
        (OPS_BATCHES, "ops/batches/silver_to_gold"),
    ],
)
def test_the_folder_follows_from_the_name(table, folder):
    assert table.folder == folder


def test_every_fate_is_a_column_of_ops():
    assert [name for name in OPS_BATCHES.columns if name in set(Fate)] == list(Fate)


def test_quarantine_and_tombstones_name_their_record():
    assert QUARANTINE_POSTS.key == BRONZE_POSTS.key
    assert set(SILVER_POSTS.key) < set(SILVER_TOMBSTONES.key)


def test_jobs_are_the_settings_jobs():
    assert get_args(JobName) == JOBS


def test_sentiment_labels_are_gold_s_columns():
    assert set(get_args(Label)) < set(GOLD_SENTIMENT_HOURLY.columns)
    assert SENTIMENT.names[0] == "label"


def test_what_bronze_reads_of_the_headers_are_its_columns():
    assert set(ROUTING_HEADERS) < set(BRONZE_POSTS.columns)
