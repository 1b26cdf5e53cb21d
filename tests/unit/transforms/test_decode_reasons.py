"""Bytes that are no event get the reason of the one thing that is wrong."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ingestion.platform import Post, Unmappable
from schemas.event import MAX_RECORD_BYTES
from schemas.reasons import Reason
from tests.support.changed_records import (
    AUTHOR_DELETE,
    DELETE,
    SINCE,
    Bad,
    extra,
    fields,
    keys,
    micros,
    nested,
    padded,
    without,
)
from tests.support.made_records import DAY, MAX_CHARS, RULES, SEEN, envelope, post, record
from transforms.decode import BadRecordError, decode

YEAR = 366 * DAY
DECODE = "decode"
VALIDATE = "validate"
OTHER_KEY = "v1:" + "a" * 26

CASES = {
    # bytes → JSON object
    "null": Bad(DECODE, Reason.NULL_VALUE, value=lambda _: None),
    "empty": Bad(DECODE, Reason.EMPTY_VALUE, value=lambda _: b""),
    "white space": Bad(DECODE, Reason.EMPTY_VALUE, value=lambda _: b" \t\r\n"),
    "not UTF-8": Bad(DECODE, Reason.NOT_UTF8, value=lambda v: v.replace(b'"good"', b'"\xff"')),
    "UTF-16": Bad(DECODE, Reason.NOT_UTF8, value=lambda v: v.decode().encode("utf-16")),
    "over-long UTF-8": Bad(
        DECODE, Reason.NOT_UTF8, value=lambda v: v.replace(b'"good"', b'"\xc0\xaf"')
    ),
    "surrogate in UTF-8": Bad(
        DECODE, Reason.NOT_UTF8, value=lambda v: v.replace(b'"good"', b'"\xed\xa0\x80"')
    ),
    "truncated": Bad(DECODE, Reason.MALFORMED_JSON, value=lambda v: v[: len(v) // 2]),
    "truncated in an escape": Bad(
        DECODE, Reason.MALFORMED_JSON, value=lambda _: b'{"text":"\\ud800'
    ),
    "two documents": Bad(DECODE, Reason.MALFORMED_JSON, value=lambda v: v + v),
    "BOM": Bad(DECODE, Reason.MALFORMED_JSON, value=lambda v: b"\xef\xbb\xbf" + v),
    "a byte over the limit": Bad(
        DECODE, Reason.RECORD_TOO_LARGE, value=lambda v: padded(v, MAX_RECORD_BYTES + 1)
    ),
    "NaN": Bad(DECODE, Reason.NUMBER_OUT_OF_RANGE, value=extra(b"NaN")),
    "infinity": Bad(DECODE, Reason.NUMBER_OUT_OF_RANGE, value=extra(b"-Infinity")),
    "beyond a double": Bad(DECODE, Reason.NUMBER_OUT_OF_RANGE, value=extra(b"1e400")),
    "400 digits": Bad(DECODE, Reason.NUMBER_OUT_OF_RANGE, value=extra(b"1" * 400)),
    "5000 digits": Bad(DECODE, Reason.NUMBER_OUT_OF_RANGE, value=extra(b"1" * 5000)),
    "raw control character": Bad(DECODE, Reason.MALFORMED_JSON, value=extra(b'"\x00"')),
    "an array": Bad(DECODE, Reason.NOT_AN_OBJECT, value=lambda v: b"[" + v + b"]"),
    "a string": Bad(DECODE, Reason.NOT_AN_OBJECT, value=lambda _: b'"post"'),
    "JSON null": Bad(DECODE, Reason.NOT_AN_OBJECT, value=lambda _: b"null"),
    "a field twice": Bad(
        DECODE, Reason.DUPLICATE_FIELD, value=lambda v: v[:-1] + b',"op":"upsert"}'
    ),
    "a field twice, spelt apart": Bad(
        DECODE, Reason.DUPLICATE_FIELD, value=lambda v: v[:-1] + b',"\\u006fp":"x"}'
    ),
    "a field twice, nested": Bad(
        DECODE,
        Reason.DUPLICATE_FIELD,
        value=lambda v: v.replace(b'"metrics":{}', b'"metrics":{"a":1,"a":1}'),
    ),
    "a field twice, in an array": Bad(
        DECODE, Reason.DUPLICATE_FIELD, value=extra(b'[{"a":1,"a":1}]')
    ),
    "254 deep": Bad(DECODE, Reason.TOO_DEEP, value=extra(nested(254))),
    "1,000 deep": Bad(DECODE, Reason.TOO_DEEP, value=extra(nested(1000))),
    "1,100 deep": Bad(DECODE, Reason.TOO_DEEP, value=extra(nested(1100))),
    "10,000 deep": Bad(DECODE, Reason.TOO_DEEP, value=extra(nested(10_000))),
    "10,000 deep, with an escape": Bad(
        DECODE, Reason.TOO_DEEP, value=extra(b'["\\u0041",' + nested(10_000) + b"]")
    ),
    "half a surrogate pair": Bad(DECODE, Reason.UNSTORABLE_TEXT, value=extra(b'"\\ud83d"')),
    "half a surrogate pair as name": Bad(
        DECODE, Reason.UNSTORABLE_TEXT, value=extra(b'{"\\udc00":1}')
    ),
    # object → event
    "schema 99": Bad(VALIDATE, Reason.UNKNOWN_SCHEMA_VERSION, value=fields(schema=99)),
    "schema 0": Bad(VALIDATE, Reason.UNKNOWN_SCHEMA_VERSION, value=fields(schema=0)),
    "schema 2.0": Bad(VALIDATE, Reason.UNKNOWN_SCHEMA_VERSION, value=fields(schema=2.0)),
    "schema 99 of another shape": Bad(
        VALIDATE, Reason.UNKNOWN_SCHEMA_VERSION, value=lambda _: b'{"schema":99}'
    ),
    "unknown op": Bad(
        VALIDATE, Reason.UNKNOWN_OP, value=fields(op="upsurt"), envelope={"op": "upsurt"}
    ),
    "unknown platform": Bad(
        VALIDATE,
        Reason.UNKNOWN_PLATFORM,
        value=fields(platform="orkut"),
        envelope={"topic": "social.orkut.posts.v1"},
    ),
    "no post_id": Bad(VALIDATE, Reason.MISSING_ID, value=without("post_id")),
    "post_id null": Bad(VALIDATE, Reason.MISSING_ID, value=fields(post_id=None)),
    "post_id empty": Bad(VALIDATE, Reason.MISSING_ID, value=fields(post_id="")),
    "post key null": Bad(VALIDATE, Reason.MISSING_ID, value=keys(post=None)),
    "author_id null, of an author delete": Bad(
        VALIDATE, Reason.MISSING_ID, item=AUTHOR_DELETE, value=fields(author_id=None)
    ),
    "author key null, of an author delete": Bad(
        VALIDATE, Reason.MISSING_ID, item=AUTHOR_DELETE, value=keys(author=None)
    ),
    "no event_id": Bad(VALIDATE, Reason.MISSING_FIELD, value=without("event_id")),
    "no schema": Bad(VALIDATE, Reason.MISSING_FIELD, value=without("schema")),
    "no right": Bad(VALIDATE, Reason.MISSING_FIELD, value=without("may_train", inside="rights")),
    "no day": Bad(VALIDATE, Reason.MISSING_FIELD, value=fields(day=None), envelope={"day": None}),
    "an empty object": Bad(VALIDATE, Reason.MISSING_ID, value=lambda _: b"{}"),
    "version a string": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(version="0")),
    "version true": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(version=True)),
    "version 0.5": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(version=0.5)),
    "version null": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(version=None)),
    "schema true": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(schema=True)),
    "schema a string": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(schema="1")),
    "text a number": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(text=1)),
    "a mention null": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(mentions=[None])),
    "keys an array": Bad(VALIDATE, Reason.WRONG_TYPE, value=fields(keys=[])),
    "version below nought": Bad(VALIDATE, Reason.INVALID_VALUE, value=fields(version=-1)),
    "version beyond 63 bits": Bad(VALIDATE, Reason.INVALID_VALUE, value=fields(version=2**63)),
    "version beyond 64 bits": Bad(
        VALIDATE,
        Reason.INVALID_VALUE,
        value=lambda v: v.replace(b'"version":0', b'"version":%d' % 10**30),
    ),
    "metric beyond 63 bits": Bad(
        VALIDATE, Reason.INVALID_VALUE, value=fields(metrics={"score": 2**64 - 1})
    ),
    "event_id empty": Bad(VALIDATE, Reason.INVALID_VALUE, value=fields(event_id="")),
    "owner with a slash": Bad(VALIDATE, Reason.INVALID_VALUE, value=fields(owner="a/b")),
    "owner with a line's end": Bad(VALIDATE, Reason.INVALID_VALUE, value=fields(owner="public\n")),
    "day not a date": Bad(VALIDATE, Reason.INVALID_VALUE, value=fields(day="2.1.2026")),
    "post key in clear": Bad(VALIDATE, Reason.INVALID_VALUE, value=keys(post="t1_a")),
    "another platform's topic": Bad(
        VALIDATE, Reason.WRONG_TOPIC, envelope={"topic": "social.bluesky.posts.v1"}
    ),
    "another system's topic": Bad(VALIDATE, Reason.WRONG_TOPIC, envelope={"topic": "orders"}),
    "a post on the authors' topic": Bad(
        VALIDATE, Reason.WRONG_TOPIC, envelope={"topic": "social.reddit.authors.v1"}
    ),
    "an author delete on the posts' topic": Bad(
        VALIDATE,
        Reason.WRONG_TOPIC,
        item=AUTHOR_DELETE,
        envelope={"topic": "social.reddit.posts.v1"},
    ),
    "no post_key header": Bad(
        VALIDATE, Reason.MISSING_POST_KEY_HEADER, envelope={"post_key": None}
    ),
    "another post_key header": Bad(
        VALIDATE, Reason.HEADER_MISMATCH, envelope={"post_key": OTHER_KEY}
    ),
    "another author_key header": Bad(
        VALIDATE, Reason.HEADER_MISMATCH, envelope={"author_key": OTHER_KEY}
    ),
    "no author_key header": Bad(VALIDATE, Reason.MISSING_HEADER, envelope={"author_key": None}),
    "no author_key header, of an author delete": Bad(
        VALIDATE, Reason.MISSING_HEADER, item=AUTHOR_DELETE, envelope={"author_key": None}
    ),
    "another op header": Bad(VALIDATE, Reason.HEADER_MISMATCH, envelope={"op": "delete"}),
    "no op header": Bad(VALIDATE, Reason.MISSING_HEADER, envelope={"op": None}),
    "another day header": Bad(VALIDATE, Reason.HEADER_MISMATCH, envelope={"day": date(2026, 1, 1)}),
    "no day header": Bad(VALIDATE, Reason.MISSING_HEADER, envelope={"day": None}),
    "a day that the calendar lacks": Bad(
        VALIDATE, Reason.MISSING_HEADER, value=fields(day="2026-02-30"), envelope={"day": None}
    ),
    "a day header without a day": Bad(
        VALIDATE,
        Reason.HEADER_MISMATCH,
        item=Post(post_id="t1_a", op="delete", version=SEEN),
        envelope={"day": date(2026, 1, 2)},
    ),
    "an author without a pseudonym": Bad(
        VALIDATE, Reason.KEY_MISMATCH, value=keys(author=None), envelope={"author_key": None}
    ),
    "a pseudonym without an author": Bad(
        VALIDATE, Reason.KEY_MISMATCH, value=fields(author_id=None)
    ),
    "a reply without a pseudonym": Bad(
        VALIDATE, Reason.KEY_MISMATCH, value=fields(reply_to="t1_b")
    ),
    "a pseudonym without a reply": Bad(
        VALIDATE, Reason.KEY_MISMATCH, value=keys(reply_to=OTHER_KEY)
    ),
    "a profile's pseudonym without a channel": Bad(
        VALIDATE, Reason.KEY_MISMATCH, value=keys(channel=OTHER_KEY)
    ),
    "an author delete of a post": Bad(
        VALIDATE, Reason.KEY_MISMATCH, item=AUTHOR_DELETE, value=fields(post_id="t1_a")
    ),
    "another key": Bad(VALIDATE, Reason.UNKNOWN_KEY_ID, value=keys(key_id="v2-0123456789ab")),
    "created a year ahead": Bad(
        VALIDATE, Reason.CREATED_IN_FUTURE, value=fields(created_at=SEEN + YEAR)
    ),
    "created in 64 bits ahead": Bad(
        VALIDATE, Reason.CREATED_IN_FUTURE, value=fields(created_at=2**63 - 1)
    ),
    "created 1970": Bad(VALIDATE, Reason.CREATED_BEFORE_1990, value=fields(created_at=0)),
    "created in seconds": Bad(
        VALIDATE, Reason.CREATED_IN_WRONG_UNIT, value=fields(created_at=SEEN // 1_000_000)
    ),
    "created in milliseconds": Bad(
        VALIDATE, Reason.CREATED_IN_WRONG_UNIT, value=fields(created_at=SEEN // 1000)
    ),
    "created in nanoseconds": Bad(
        VALIDATE, Reason.CREATED_IN_WRONG_UNIT, value=fields(created_at=SEEN * 1000)
    ),
    "created in milliseconds taken for seconds": Bad(
        VALIDATE, Reason.CREATED_IN_WRONG_UNIT, value=fields(created_at=SEEN // 1000 * 1_000_000)
    ),
    "created in 64 bits ago": Bad(
        VALIDATE, Reason.CREATED_BEFORE_1990, value=fields(created_at=-(2**63))
    ),
    "observed before the platform": Bad(
        VALIDATE, Reason.OBSERVED_OUT_OF_RANGE, value=fields(observed_at=micros(SINCE) - 1)
    ),
    "observed two days after Kafka": Bad(
        VALIDATE, Reason.OBSERVED_OUT_OF_RANGE, envelope={"kafka_timestamp": SEEN - DAY - 1}
    ),
    "no Kafka timestamp": Bad(
        VALIDATE, Reason.OBSERVED_OUT_OF_RANGE, envelope={"kafka_timestamp": -1}
    ),
    "version two days ahead": Bad(
        VALIDATE, Reason.VERSION_OUT_OF_RANGE, value=fields(version=SEEN + DAY + 1)
    ),
    "delete of the far future": Bad(
        VALIDATE, Reason.VERSION_OUT_OF_RANGE, item=replace(DELETE, version=SEEN + YEAR)
    ),
    "day before the platform": Bad(
        VALIDATE,
        Reason.DAY_OUT_OF_RANGE,
        value=fields(day=(SINCE - timedelta(1)).isoformat()),
        envelope={"day": SINCE - timedelta(1)},
    ),
    "day after it was seen": Bad(
        VALIDATE,
        Reason.DAY_OUT_OF_RANGE,
        value=fields(day="2026-01-04"),
        envelope={"day": date(2026, 1, 4)},
    ),
    "text too long": Bad(VALIDATE, Reason.TEXT_TOO_LONG, item=post(text="x" * (MAX_CHARS + 1))),
    "title and text too long together": Bad(
        VALIDATE, Reason.TEXT_TOO_LONG, item=post(title="x" * MAX_CHARS, text="y")
    ),
    "NUL in the channel": Bad(VALIDATE, Reason.CONTROL_CHARACTER, value=fields(channel="r/\0")),
    "a control character in the language": Bad(
        VALIDATE, Reason.CONTROL_CHARACTER, value=fields(lang="e\x9bn")
    ),
    "a control character in a hashtag": Bad(
        VALIDATE, Reason.CONTROL_CHARACTER, value=fields(hashtags=["a", "\x7f"])
    ),
    "a control character in a metric's name": Bad(
        VALIDATE, Reason.CONTROL_CHARACTER, value=fields(metrics={"sc\x01ore": 1})
    ),
    "a control character in the event's id": Bad(
        VALIDATE, Reason.CONTROL_CHARACTER, value=fields(event_id="\x1b")
    ),
    # the producer could not map it
    "unmappable": Bad("map", Reason.UNMAPPABLE, item=Unmappable(detail="name", raw={})),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_poison(case):
    with pytest.raises(BadRecordError) as bad:
        case.decode()
    assert (bad.value.stage, bad.value.reason) == (case.stage, case.reason)
    assert str(bad.value) == case.reason.value  # never content
    assert bad.value.__suppress_context__ or bad.value.__context__ is None


def test_every_reason_is_reached():
    """Three reasons come later, in the refine stage, and one before, at decryption."""
    later = {
        Reason.PAYLOAD_DAMAGED,
        Reason.SANITIZER_FAILED,
        Reason.ANALYSIS_FAILED,
        Reason.SCORER_FAILED,
    }
    assert {case.reason for case in CASES.values()} == set(Reason) - later


def test_the_worst_of_several_faults_is_named():
    made = record(post())
    value = without("post_id")(fields(version="0", owner="a/b")(made.value))
    with pytest.raises(BadRecordError) as bad:
        decode(value, envelope(made), RULES)
    assert bad.value.reason is Reason.MISSING_ID
