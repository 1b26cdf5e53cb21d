"""Bytes that no producer of ours would send go to quarantine, with their coordinates.

The good records beside them are processed normally.
"""

from dataclasses import replace

import orjson
import pytest

from foundation.keys import load_key
from ingestion.kafka.records import RecordMaker
from ingestion.platform import Post, Unmappable
from ingestion.platforms import reddit
from tests.support.bad_records import CAP, DAY, MIB, NOW, POISON, padded
from tests.support.kafka import send
from tests.support.lake import FATES, ops, rows_of

TOPIC = "social.reddit.posts.v1"


def maker(home):
    return RecordMaker(platform="reddit", owner="public", key=load_key(home.key_file))


def made(home, number: int, text: str):
    """Return a good record."""
    post = Post(
        op="upsert",
        post_id=f"t3_poison{number}",
        version=0,
        created_at=NOW - DAY,
        author_id="ann",
        text=text,
        channel="tests",
        raw={"id": number},
    )
    return maker(home).make(post, observed_at=NOW)


def submission(number, **changes):
    """Return a payload in Reddit's wire format."""
    data = {
        "name": f"t3_drift{number}",
        "id": f"drift{number}",
        "author": "ann",
        "title": "Drift",
        "selftext": "A post.",
        "created_utc": (NOW - DAY) / 1_000_000,
        "edited": False,
        "subreddit": "tests",
        "permalink": f"/r/tests/comments/drift{number}/drift/",
        "score": 1,
    }
    return {"kind": "t3", "data": data | changes}


@pytest.fixture(scope="module")
def outcome(home, in_session):
    """The records sent, where they are in Kafka, and what became of them."""
    poisoned = {}
    neighbours = {}

    def good(record):
        (at,) = send(home, TOPIC, (b"k", record.value, record.headers))
        neighbours[at] = orjson.loads(record.value)

    for number, (name, (stage, reason, spoil)) in enumerate(POISON.items()):
        # All records have one key, so that they are neighbours in one partition.
        good(made(home, 2 * number, f"I am the good neighbour number {number}."))
        bad = made(home, 2 * number + 1, f"This neighbour number {number} is poison.")
        value, headers = spoil(bad.value, list(bad.headers))
        (at,) = send(home, TOPIC, (b"k", value, headers))
        poisoned[at] = (name, stage, reason, value, headers)
    # Unusual records pass: the largest one, and one with a platform's new field. A field of another
    # type does not.
    largest = made(home, 1000, "I am as large as a record may be.")
    good(replace(largest, value=padded(largest.value, MIB)))
    good(
        maker(home).make(
            reddit.PLATFORM.map(submission(1, brand_new={"a": [1]}), None), observed_at=NOW
        )
    )
    changed = reddit.PLATFORM.map(submission(2, selftext=["A", "post."]), None)
    assert isinstance(changed, Unmappable)
    bad = maker(home).make(changed, observed_at=NOW)
    (at,) = send(home, TOPIC, (b"k", bad.value, bad.headers))
    poisoned[at] = ("a payload's changed type", "map", "unmappable", bad.value, list(bad.headers))
    done = in_session(home, "run", "--available-now", sanitizer__max_text_chars=str(CAP))
    assert (done.code, done.error) == (0, "")
    return poisoned, neighbours


def test_every_poison_is_in_quarantine_under_its_reason_at_its_coordinates(home, outcome):
    poisoned, _ = outcome
    rows = rows_of(home, "quarantine.posts")
    found = {(r["topic"], r["partition"], r["offset"]): (r["stage"], r["reason"]) for r in rows}
    assert len(found) == len(rows)
    names = {at: name for at, (name, *_) in poisoned.items()}
    assert {names.get(at, "?"): verdict for at, verdict in found.items()} == {
        name: (stage, reason) for name, stage, reason, *_ in poisoned.values()
    }
    assert set(found) == set(poisoned)


def test_there_are_enough_kinds_and_reasons(outcome):
    poisoned, _ = outcome
    assert len(poisoned) >= 50
    assert len({reason for _, _, reason, *_ in poisoned.values()}) >= 30


def test_a_new_field_of_the_platform_is_kept_in_raw(home, outcome):
    _, neighbours = outcome
    (at,) = [at for at, event in neighbours.items() if "brand_new" in (event["raw"] or "")]
    (row,) = [
        r for r in rows_of(home, "bronze.posts") if (r["topic"], r["partition"], r["offset"]) == at
    ]
    assert orjson.loads(orjson.loads(row["value"])["raw"])["data"]["brand_new"] == {"a": [1]}


def test_quarantine_holds_the_bytes_as_they_came(home, outcome):
    poisoned, _ = outcome
    for row in rows_of(home, "quarantine.posts"):
        name, *_, value, headers = poisoned[row["topic"], row["partition"], row["offset"]]
        assert (row["key"], row["value"]) == (b"k", value), name
        assert dict(row["headers"] or []) == dict(headers), name  # the last of both


def test_every_neighbour_is_in_silver_with_its_content(home, outcome):
    _, neighbours = outcome
    rows = {
        (r["bronze"]["topic"], r["bronze"]["partition"], r["bronze"]["offset"]): r
        for r in rows_of(home, "silver.posts")
    }
    assert set(rows) == set(neighbours)
    for at, event in neighbours.items():
        row = rows[at]
        assert (row["text"], row["channel"], row["event_id"]) == (
            event["text"],
            event["channel"],
            event["event_id"],
        )
        assert (row["post_key"], row["author_key"]) == (
            event["keys"]["post"],
            event["keys"]["author"],
        )
        assert (row["posted_at"], row["day"].isoformat()) == (event["created_at"], event["day"])


def test_all_of_it_is_accounted_for(home, outcome):
    poisoned, neighbours = outcome
    batches = ops(home, "bronze_to_silver")
    assert sum(row["consumed"] for row in batches) == len(poisoned) + len(neighbours)
    assert {fate: sum(row[fate] for row in batches) for fate in FATES} == dict.fromkeys(
        FATES, 0
    ) | {
        "new": len(neighbours),
        "quarantined": len(poisoned),
    }
    assert sum(row["posts"] for row in rows_of(home, "gold.sentiment_hourly")) == len(neighbours)


def test_a_flood_of_poison_stops_the_run_until_it_is_accepted(home, outcome, in_session):
    poisoned, _ = outcome
    flood = [(b"k", b"{}", made(home, number, "").headers) for number in range(2000, 2040)]
    send(home, TOPIC, *flood)
    limits = {"breaker__batches": "1", "breaker__min_records": "40"}
    stopped = in_session(home, "run", "--available-now", **limits)
    assert stopped.code == 1
    assert "error: bronze_to_silver stopped before batch" in stopped.error
    assert "40 of 40 records" in stopped.error
    assert "missing_id on social.reddit.posts.v1" in stopped.error
    assert "--accept-poison" in stopped.error
    assert "Traceback" not in stopped.error
    assert len(rows_of(home, "quarantine.posts")) == len(poisoned)
    accepted = in_session(
        home, "run", "--available-now", "--jobs", "bronze_to_silver", "--accept-poison", **limits
    )
    assert accepted.code == 0, accepted.error
    assert len(rows_of(home, "quarantine.posts")) == len(poisoned) + len(flood)


def test_the_batch_commands_say_what_they_did(home, outcome, in_session):
    compacted = in_session(home, "compact")
    assert (compacted.code, compacted.error) == (0, "")
    (line,) = [line for line in compacted.out.splitlines() if line.startswith("silver.posts: ")]
    assert line.endswith("deleted files that were replaced more than 168 h ago")
    replayed = in_session(home, "replay-quarantine")
    assert (replayed.code, replayed.error) == (0, "")
    assert replayed.out == "no record was quarantined by older rules\n"
