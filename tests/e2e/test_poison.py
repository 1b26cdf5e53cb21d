"""Bytes that no producer of ours would send, beside good neighbours: each ends in quarantine, at its coordinates."""

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from foundation.keys import load_key
from ingestion.platform import Post
from ingestion.records import RecordMaker
from tests.commands import echostream
from tests.kafka import send
from tests.lake import FATES, ops, rows_of

TOPIC = "social.reddit.posts.v1"
DAY = 86_400_000_000
CAP = 500
NOW = time.time_ns() // 1000
Headers = list[tuple[str, bytes]]


def changed(**fields: Any) -> Callable[[bytes, Headers], tuple[bytes, Headers]]:
    return lambda value, headers: (orjson.dumps(orjson.loads(value) | fields), headers)


def without(field: str) -> Callable[[bytes, Headers], tuple[bytes, Headers]]:
    return lambda value, headers: (orjson.dumps({k: v for k, v in orjson.loads(value).items() if k != field}), headers)


# The reasons are written out: they are a promise to whoever reads the quarantine.
POISON: dict[str, tuple[str, str, Callable[[bytes, Headers], tuple[bytes | None, Headers]]]] = {
    "empty": ("decode", "empty_value", lambda _, headers: (b"", headers)),
    "null": ("decode", "null_value", lambda _, headers: (None, headers)),
    "white space": ("decode", "empty_value", lambda _, headers: (b" \n\t", headers)),
    "not UTF-8": ("decode", "not_utf8", lambda value, headers: (value.replace(b"poison", b"\xff\xfe"), headers)),
    "truncated": ("decode", "malformed_json", lambda value, headers: (value[:-7], headers)),
    "array at the root": ("decode", "not_an_object", lambda value, headers: (b"[" + value + b"]", headers)),
    "a field twice": ("decode", "duplicate_field", lambda value, headers: (b'{"op":"delete",' + value[1:], headers)),
    "far too deep": ("decode", "too_deep", lambda _, headers: (b'{"a":' * 9000 + b"1" + b"}" * 9000, headers)),
    "no post_key header": (
        "validate",
        "missing_post_key_header",
        lambda value, headers: (value, [h for h in headers if h[0] != "post_key"]),
    ),
    "no headers at all": ("validate", "missing_post_key_header", lambda value, _: (value, [])),
    "no id": ("validate", "missing_id", changed(post_id=None)),
    "no id field": ("validate", "missing_id", without("post_id")),
    "no owner field": ("validate", "missing_field", without("owner")),
    "a text for a number": ("validate", "wrong_type", changed(version="7")),
    "unknown op": ("validate", "unknown_op", changed(op="upsurt")),
    "unknown platform": ("validate", "unknown_platform", changed(platform="orkut")),
    "another platform's": ("validate", "wrong_topic", changed(platform="x")),
    "unknown schema version": ("validate", "unknown_schema_version", changed(schema=99)),
    "text over the cap": ("validate", "text_too_long", changed(text="x" * (CAP + 1))),
    "a year ahead": ("validate", "created_in_future", changed(created_at=NOW + 365 * DAY)),
    "of 1970": ("validate", "created_before_1990", changed(created_at=0)),
    "version from the future": ("validate", "version_out_of_range", changed(version=NOW + 30 * DAY)),
    "a header of another post": (
        "validate",
        "header_mismatch",
        lambda value, headers: (value, [(n, b"v1:other" if n == "post_key" else t) for n, t in headers]),
    ),
}  # fmt: skip


def made(home, number: int, text: str):
    """A good record."""
    maker = RecordMaker(platform="reddit", owner="public", key=load_key(home.key_file))
    post = Post(
        op="upsert", post_id=f"t3_poison{number}", version=0, created_at=NOW - DAY, author_id="ann", text=text,
        channel="tests", raw={"id": number},
    )  # fmt: skip
    return maker.make(post, observed_at=NOW)


@pytest.fixture(scope="module")
def outcome(home):
    """What was sent where, and what came of it."""
    poisoned, neighbours = {}, {}
    for number, (name, (stage, reason, spoil)) in enumerate(POISON.items()):
        good = made(home, 2 * number, f"I am the good neighbour {number} of what is {name}.")
        bad = made(home, 2 * number + 1, f"This neighbour number {number} is poison.")
        value, headers = spoil(bad.value, list(bad.headers))
        # One key, so that both lie side by side in one partition.
        at_good, at_bad = send(home, TOPIC, (b"k", good.value, good.headers), (b"k", value, headers))
        neighbours[at_good] = orjson.loads(good.value)
        poisoned[at_bad] = (name, stage, reason, value, headers)
    done = echostream(home, "run", "--available-now", sanitizer__max_text_chars=str(CAP))
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


def test_quarantine_holds_the_bytes_as_they_came(home, outcome):
    poisoned, _ = outcome
    for row in rows_of(home, "quarantine.posts"):
        name, *_, value, headers = poisoned[row["topic"], row["partition"], row["offset"]]
        assert (row["key"], row["value"]) == (b"k", value), name
        assert sorted(row["headers"] or []) == sorted(headers), name


def test_every_neighbour_is_in_silver_with_its_content(home, outcome):
    _, neighbours = outcome
    rows = {
        (r["bronze"]["topic"], r["bronze"]["partition"], r["bronze"]["offset"]): r
        for r in rows_of(home, "silver.posts")
    }
    assert set(rows) == set(neighbours)
    for at, event in neighbours.items():
        row = rows[at]
        assert (row["text"], row["channel"], row["event_id"]) == (event["text"], event["channel"], event["event_id"])
        assert (row["post_key"], row["author_key"]) == (event["keys"]["post"], event["keys"]["author"])
        assert (row["posted_at"], row["day"].isoformat()) == (event["created_at"], event["day"])


def test_all_of_it_is_accounted_for(home, outcome):
    poisoned, neighbours = outcome
    batches = ops(home, "bronze_to_silver")
    assert sum(row["consumed"] for row in batches) == len(poisoned) + len(neighbours)
    assert {fate: sum(row[fate] for row in batches) for fate in FATES} == dict.fromkeys(FATES, 0) | {
        "new": len(neighbours),
        "quarantined": len(poisoned),
    }
    assert sum(row["posts"] for row in rows_of(home, "gold.sentiment_hourly")) == len(neighbours)
