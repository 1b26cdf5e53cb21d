"""Kafka's records become rows of bronze.posts, with the readable headers as columns."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from foundation.key_sources import KeyFile
from schemas.tables import BRONZE_POSTS
from transforms.bronze import to_bronze
from transforms.payloads import At, decrypt

KAFKA_RECORD = (
    "topic string, partition int, offset bigint, timestamp timestamp, key binary, value binary,"
    " headers array<struct<key:string,value:binary>>"
)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TODAY = date(2026, 1, 3)

# headers → op, post_key, author_key, day
HEADERS = {
    "all four": (
        [("op", b"upsert"), ("post_key", b"p"), ("author_key", b"a"), ("day", b"2026-01-02")],
        ("upsert", "p", "a", date(2026, 1, 2)),
    ),
    "null": (None, (None, None, None, None)),
    "none": ([], (None, None, None, None)),
    "no value": ([("op", None), ("day", None)], (None, None, None, None)),
    "twice: the last wins": (
        [("op", b"upsert"), ("post_key", b"p"), ("op", b"delete")],
        ("delete", "p", None, None),
    ),
    "twice: the last has no value": ([("op", b"upsert"), ("op", None)], (None, None, None, None)),
    "not UTF-8": ([("post_key", b"\xff\xfe"), ("op", b"upsert")], ("upsert", None, None, None)),
    "a date that is none": (
        [("day", b"2026-02-30"), ("op", b"upsert")],
        ("upsert", None, None, None),
    ),
    "a date that is not UTF-8": ([("day", b"\xff")], (None, None, None, None)),
    "a date beyond Python's years": ([("day", b"+12026-01-02")], (None, None, None, None)),
    "a date before Python's years": ([("day", b"0000-12-31")], (None, None, None, None)),
    "Python's first date": ([("day", b"0001-01-01")], (None, None, None, date(1, 1, 1))),
    "Python's last date": ([("day", b"9999-12-31")], (None, None, None, date(9999, 12, 31))),
    "empty": ([("op", b""), ("post_key", b"")], ("", "", None, None)),
    "another case": ([("OP", b"upsert")], (None, None, None, None)),
}


@pytest.fixture(scope="module")
def bronze(spark):
    """Return one Kafka record per case. The case's index is the offset."""
    records = [
        (
            "social.reddit.posts.v1",
            1,
            offset,
            AT,
            b"key",
            None if offset == 1 else b"value",
            headers,
        )
        for offset, (headers, _) in enumerate(HEADERS.values())
    ]
    records.append(("another.topic", 0, 0, AT, None, b"value", [("platform", b"reddit")]))
    rows = to_bronze(spark.createDataFrame(records, KAFKA_RECORD), ingest_date=TODAY)
    assert rows.schema.simpleString() == BRONZE_POSTS.schema.simpleString()
    return {(row["topic"], row["offset"]): row for row in rows.collect()}


def test_all_records_become_rows(bronze):
    assert len(bronze) == len(HEADERS) + 1


@pytest.mark.parametrize("case", HEADERS)
def test_headers(bronze, case):
    row = bronze["social.reddit.posts.v1", list(HEADERS).index(case)]
    assert (row["op"], row["post_key"], row["author_key"], row["day"]) == HEADERS[case][1]


def test_the_rest_is_as_received(bronze):
    row = bronze["social.reddit.posts.v1", 0]
    assert (row["partition"], row["offset"], row["key"], row["value"]) == (1, 0, b"key", b"value")
    assert row["kafka_timestamp"].astimezone(UTC) == AT
    assert row["ingest_date"] == TODAY
    assert row["headers"] == dict(HEADERS["all four"][0])


def test_a_null_value_stays_null(bronze):
    assert bronze["social.reddit.posts.v1", 1]["value"] is None
    assert bronze["social.reddit.posts.v1", 1]["headers"] is None


def test_a_payload_that_looks_like_a_stored_one_is_marked(spark):
    """Bytes that seem encrypted under another key must not stop the next job.

    Otherwise anyone who may write to Kafka could stop it.
    """
    values = [b"\0", b"\1\x0fv1-0123456789ab", b"\2", b"", b"{}"]
    records = [("t", 0, at, AT, None, value, []) for at, value in enumerate(values)]
    rows = to_bronze(spark.createDataFrame(records, KAFKA_RECORD), ingest_date=TODAY).collect()
    assert [bytes(row["value"]) for row in rows] == [b"\0\0", b"\0" + values[1], *values[2:]]
    nowhere = KeyFile(Path("none.key"), "payload key")
    assert [decrypt(bytes(row["value"]), nowhere, At("t", 0, 0)) for row in rows] == values


def test_the_raw_headers_keep_the_last_of_two(bronze):
    place = list(HEADERS).index("twice: the last wins")
    assert bronze["social.reddit.posts.v1", place]["headers"] == {"op": b"delete", "post_key": b"p"}


def test_the_platform_comes_from_the_topic_alone(bronze):
    """A platform names a folder, so no header may set it."""
    assert bronze["social.reddit.posts.v1", 0]["platform"] == "reddit"
    assert bronze["another.topic", 0]["platform"] == ""
