"""Resolved rows are written to Silver, its tombstones and quarantine."""

from datetime import UTC, date, datetime

import pytest

from schemas.reasons import RULE_VERSION, Fate
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from transforms.refine import REFINED
from transforms.silver import keep_quarantined, to_posts, to_quarantine, to_tombstones

AT = datetime(2026, 1, 2, 13, tzinfo=UTC)
D1 = date(2026, 1, 1)
D2 = date(2026, 1, 2)
RESOLVED = f"{REFINED}, fate string, held_day date, action string, entombs boolean"
REFINED_NAMES = [column.split(" ", 1)[0] for column in REFINED.split(", ")]
POST = {
    "op": "upsert",
    "owner": "public",
    "platform": "reddit",
    "post_key": "p",
    "author_key": "a",
    "version": 5,
    "event_id": "e",
    "day": D2,
    "title": "T",
    "text": "good",
    "hashtags": ["fun"],
    "metrics": {"score": 1},
    "sentiment": ("positive", 0.5, None, "vader", "3", None),
    "pii": {},
    "rights": (True, False, True, False),
    "sanitizer_version": "1",
    "processed_at": AT,
}
DELETE = {
    "op": "delete",
    "owner": "public",
    "platform": "reddit",
    "post_key": "p",
    "author_key": "a",
    "version": 7,
    "processed_at": AT,
}
AUTHOR_DELETE = {
    "op": "delete_author",
    "owner": "public",
    "platform": "reddit",
    "author_key": "a",
    "version": 9,
    "processed_at": AT,
}
BAD = {
    "stage": "decode",
    "reason": "null_value",
    "fate": Fate.QUARANTINED.value,
    "processed_at": AT,
}


def frame(spark, ddl, *rows):
    """Return rows at offsets from 0, with null for missing values."""
    names = [column.split(" ", 1)[0] for column in ddl.split(", ")]
    said = [
        {"topic": "t", "partition": 0, "offset": at, "entombs": False} | row
        for at, row in enumerate(rows)
    ]
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in said], ddl)


def local(time):
    return time.astimezone(UTC)


def test_posts_are_silver_rows_that_say_where_they_come_from(spark):
    resolved = frame(
        spark, RESOLVED, POST | {"action": "append"}, POST | {"post_key": None, "action": "update"}
    )
    posts = to_posts(resolved, keep=("action",))
    assert posts.columns == [*SILVER_POSTS.columns, "action"]
    assert to_posts(resolved).schema.simpleString() == SILVER_POSTS.schema.simpleString()
    first, second = sorted(posts.collect(), key=lambda row: row["bronze"]["offset"])
    assert first["bronze"].asDict() == {"topic": "t", "partition": 0, "offset": 0}
    assert local(first["processed_at"]) == AT
    said = first.asDict(recursive=True)
    assert {name: said[name] for name in ("text", "version", "day", "metrics")} == {
        "text": "good",
        "version": 5,
        "day": D2,
        "metrics": {"score": 1},
    }
    assert (second["post_key"], second["action"]) == (None, "update")


def test_tombstones_are_for_what_entombs(spark):
    resolved = frame(
        spark,
        RESOLVED,
        DELETE | {"entombs": True, "day": D2, "held_day": D1},
        DELETE | {"entombs": True, "day": D2, "post_key": "q"},
        DELETE | {"entombs": True, "post_key": "r"},
        DELETE | {"entombs": False, "post_key": "s"},
        AUTHOR_DELETE | {"entombs": True},
        AUTHOR_DELETE | {"entombs": True, "day": D2, "author_key": "b"},
        POST,
        BAD,
    )
    tombstones = to_tombstones(resolved)
    assert tombstones.schema.simpleString() == SILVER_TOMBSTONES.schema.simpleString()
    rows = tombstones.collect()
    assert {(row["post_key"], row["author_key"], row["version"], row["day"]) for row in rows} == {
        ("p", None, 7, D1),  # the day of the row that it removes
        ("q", None, 7, D2),
        ("r", None, 7, None),
        (None, "a", 9, None),
        (None, "b", 9, None),  # found because it has no day
    }
    assert {(row["owner"], row["reason"], local(row["at"]), row["until"]) for row in rows} == {
        ("public", "platform", AT, None)
    }


@pytest.fixture(scope="module")
def bronze(spark):
    rows = [
        ("t", 0, 0, AT, D2, "reddit", "upsert", "p", "a", D2, b"k", {"h": b"x"}, b"v"),
        ("t", 0, 1, AT, D2, "reddit", None, None, None, None, None, None, None),
        ("t", 1, 0, AT, D2, "reddit", "upsert", "q", "a", D2, b"k", {}, b"another partition"),
        ("u", 0, 1, AT, D2, "x", "upsert", "q", "a", D2, b"k", {}, b"another topic"),
    ]
    return spark.createDataFrame(rows, BRONZE_POSTS.schema)


def test_quarantine_is_the_record_as_it_was_and_why(spark, bronze):
    resolved = frame(
        spark,
        RESOLVED,
        BAD | {"offset": 0, "reason": "wrong_type", "stage": "validate"},
        BAD | {"offset": 1},
        POST | {"offset": 0, "partition": 1, "fate": Fate.NEW.value},
    )
    quarantine = to_quarantine(bronze, resolved)
    assert quarantine.schema.simpleString() == QUARANTINE_POSTS.schema.simpleString()
    first, second = sorted(quarantine.collect(), key=lambda row: row["offset"])
    assert first.asDict() | {
        "kafka_timestamp": local(first["kafka_timestamp"]),
        "at": local(first["at"]),
    } == {
        "topic": "t",
        "partition": 0,
        "offset": 0,
        "kafka_timestamp": AT,
        "platform": "reddit",
        "stage": "validate",
        "reason": "wrong_type",
        "rule_version": RULE_VERSION,
        "attempt": 1,
        "key": b"k",
        "headers": {"h": b"x"},
        "value": b"v",
        "at": AT,
    }
    assert (second["offset"], second["reason"], second["value"], second["headers"]) == (
        1,
        "null_value",
        None,
        None,
    )


def test_a_verdict_that_was_written_stands(spark):
    """A row stays in quarantine after a retry succeeds, for example one of a worker that failed."""
    refined = frame(
        spark,
        REFINED,
        POST,
        POST | {"post_key": "q"},
        {"stage": "decode", "reason": "null_value", "processed_at": AT},
        {"stage": "decode", "reason": "not_utf8"},
    )
    quarantined = spark.createDataFrame(
        [
            ("t", 0, 1, "refine", "scorer_failed"),
            ("t", 0, 2, "decode", "empty_value"),
            ("u", 0, 0, "x", "y"),
        ],
        "topic string, partition int, offset bigint, stage string, reason string",
    )
    kept = keep_quarantined(refined, quarantined)
    assert sorted(kept.columns) == sorted(REFINED_NAMES)
    rows = {
        row["offset"]: {n: v for n, v in row.asDict(recursive=True).items() if v is not None}
        for row in kept.collect()
    }
    assert [local(rows[at].pop("processed_at")) for at in (0, 1, 2)] == [AT] * 3
    here = {"topic": "t", "partition": 0}
    assert rows[1] == here | {"offset": 1, "stage": "refine", "reason": "scorer_failed"}
    assert rows[2] == here | {"offset": 2, "stage": "decode", "reason": "empty_value"}
    assert rows[3] == here | {"offset": 3, "stage": "decode", "reason": "not_utf8"}
    assert (rows[0]["text"], rows[0]["version"], rows[0]["metrics"]) == ("good", 5, {"score": 1})
    assert "reason" not in rows[0]
