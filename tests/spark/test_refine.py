"""Spark's Python workers return a row for each Bronze row, in place, good or with a reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import functions as F

from ingestion.platform import AuthorDelete, Post
from lakehouse.spark.materialize import materialized
from schemas.reasons import Fate
from schemas.tables import BRONZE_POSTS
from tests.conftest import INTERPRETED
from tests.support.made_records import RULES, SEEN, bronze_row, post, record
from transforms.bronze import to_bronze
from transforms.pii.options import Options
from transforms.refine import REFINED, Refiner, refine
from transforms.scoring.score import ScorerOptions
from transforms.silver import to_posts, to_quarantine, to_tombstones

AT = datetime(2026, 1, 2, 13, tzinfo=UTC)
REFINER = Refiner(RULES, ScorerOptions())
ROWS = [
    bronze_row(
        record(post(text="A wonderful day, @ann", channel="news", metrics={"score": 3})), offset=0
    ),
    bronze_row(record(post(post_id="t1_b")), offset=1, value=None),
    bronze_row(record(Post(post_id="t1_c", op="delete", version=SEEN)), offset=2),
    bronze_row(record(post(post_id="t1_d", text=None)), offset=3),
    bronze_row(record(post(post_id="t1_e")), offset=4, value=b"{", headers=None, key=None),
    bronze_row(record(AuthorDelete(author_id="Fox", version=SEEN)), offset=5),
    bronze_row(
        record(post(post_id="t1_f")), offset=6, op=None, post_key=None, author_key=None, day=None
    ),
    bronze_row(
        record(post(post_id="t1_g", text="Das neue Update ist wunderbar schnell geworden 🎉")),
        offset=7,
    ),
]


@pytest.fixture(scope="module")
def bronze(spark):
    return spark.createDataFrame(
        [tuple(row[name] for name in BRONZE_POSTS.columns) for row in ROWS], BRONZE_POSTS.schema
    )


@pytest.fixture(scope="module")
def refined(bronze):
    frame = refine(bronze, REFINER, at=AT)
    assert [f"{name} {kind}" for name, kind in frame.dtypes] == REFINED.split(", ")
    rows = frame.collect()
    assert len(rows) == len(ROWS)
    return {row["offset"]: row.asDict(recursive=True) for row in rows}


def test_a_post(refined):
    row = refined[0]
    assert (row["stage"], row["reason"], row["op"], row["text"]) == (
        None,
        None,
        "upsert",
        "A wonderful day, <HANDLE>",
    )
    assert (row["channel"], row["metrics"], row["pii"], row["day"]) == (
        "news",
        {"score": 3},
        {"HANDLE": 1},
        date(2026, 1, 2),
    )
    assert row["observed_at"].astimezone(UTC) == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert (row["sentiment"]["label"], row["sentiment"]["scorer"]) == ("positive", "vader")
    assert row["rights"]["indexable"] is True


@pytest.mark.parametrize(
    ("offset", "stage", "reason"),
    [
        (1, "decode", "null_value"),
        (4, "decode", "malformed_json"),
        (6, "validate", "missing_post_key_header"),
    ],
)
def test_a_bad_record_is_its_reason_and_nothing_else(refined, offset, stage, reason):
    said = {name: value for name, value in refined[offset].items() if value is not None}
    assert said.pop("processed_at").astimezone(UTC) == AT
    assert said == {
        "topic": "social.reddit.posts.v1",
        "partition": 0,
        "offset": offset,
        "stage": stage,
        "reason": reason,
    }


def test_deletes(refined):
    assert [(refined[at]["op"], refined[at]["version"], refined[at]["text"]) for at in (2, 5)] == [
        ("delete", SEEN, None),
        ("delete_author", SEEN, None),
    ]


def test_a_post_without_text_is_not_scored(refined):
    assert refined[3]["reason"] is None
    assert refined[3]["sentiment"]["label"] is None
    assert (refined[3]["sentiment"]["scorer"], refined[3]["sentiment"]["reason"]) == (
        "vader",
        "no_text",
    )


def test_a_post_in_another_language_is_not_scored(refined):
    row = refined[7]
    assert (row["lang"], row["emoji"], row["key_phrases"]) == (
        "de",
        ["🎉"],
        ["wunderbar schnell", "update"],
    )
    assert (
        row["sentiment"]["label"],
        row["sentiment"]["compound"],
        row["sentiment"]["reason"],
    ) == (None, None, "language")


@pytest.fixture
def compiling(spark):
    """Return the session, which here generates code as in production."""
    for name in INTERPRETED:
        spark.conf.unset(name)
    yield spark
    for name, value in INTERPRETED.items():
        spark.conf.set(name, value)


def test_the_next_batch_needs_no_code_of_its_own(compiling, bronze):
    """Compiled code would pile up if a query held a time.

    Spark compiles a query with its literals and keeps the code.
    """
    spark = compiling
    compiled = spark._jvm.org.apache.spark.metrics.source.CodegenMetrics.METRIC_COMPILATION_TIME()

    def write(at):
        with materialized(refine(bronze, REFINER, at=at)) as rows:
            resolved = rows.withColumns(
                {
                    "held_day": F.lit(None).cast("date"),
                    "entombs": F.col("op") != "upsert",
                    "fate": F.when(F.col("reason").isNotNull(), Fate.QUARANTINED),
                }
            )
            for written in (
                to_posts(resolved),
                to_tombstones(resolved),
                to_quarantine(bronze, resolved),
            ):
                assert written.count()
                written.collect()

    nothing = compiled.getCount()
    write(AT)
    before = compiled.getCount()
    assert before > nothing, "Spark compiles nothing here, so that the test would prove nothing"
    write(AT + timedelta(seconds=1))
    assert compiled.getCount() == before


@pytest.mark.parametrize(
    "options", [Options(max_seconds=1e-6), Options(max_chars=3)], ids=["time", "length"]
)
def test_a_text_that_the_sanitizer_cannot_finish_is_quarantined_and_the_batch_goes_on(
    bronze, options
):
    """The alarm works in Spark's worker, where the sanitizer's own cap applies."""
    rows = refine(bronze, Refiner(RULES, ScorerOptions(), options), at=AT).collect()
    assert {row["offset"]: (row["op"], row["reason"]) for row in rows} == {
        0: (None, "sanitizer_failed"),
        1: (None, "null_value"),
        2: ("delete", None),
        3: ("upsert", None),
        4: (None, "malformed_json"),
        5: ("delete_author", None),
        6: (None, "missing_post_key_header"),
        7: (None, "sanitizer_failed"),
    }


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (day, "missing_header")
        for day in (b"+12026-01-02", b"-2026-01-02", b"0000-01-01", b"9999999-01-01")
    ]
    + [(b"2026", "header_mismatch")],  # Spark reads it as 1 January
)
def test_a_day_that_python_does_not_know_stops_nothing(spark, day, reason):
    """Spark's calendar is longer than Python's.

    Anybody may write the header, and one without a date counts as none.
    """
    made = record(post())
    headers = [(name, day if name == "day" else text) for name, text in made.headers]
    records = spark.createDataFrame(
        [
            (
                "social.reddit.posts.v1",
                0,
                0,
                datetime(2026, 1, 2, 12, tzinfo=UTC),
                made.key,
                made.value,
                headers,
            )
        ],
        "topic string, partition int, offset bigint, timestamp timestamp, key binary, value binary,"
        " headers array<struct<key:string,value:binary>>",
    )
    rows = refine(to_bronze(records, ingest_date=date(2026, 1, 2)), REFINER, at=AT).collect()
    assert [row["reason"] for row in rows] == [reason]
