"""Decoding takes and cleans an event's bytes, and raises only a bad record's error."""

from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foundation.policies import policies
from ingestion.platform import Post
from schemas.event import MAX_RECORD_BYTES
from schemas.reasons import Reason
from tests.support.changed_records import (
    AUTHOR_DELETE,
    DELETE,
    SINCE,
    Bytes,
    Sample,
    extra,
    fields,
    micros,
    nested,
    padded,
)
from tests.support.made_records import DAY, KEY, MAX_CHARS, RULES, SEEN, envelope, post, record
from transforms.decode import BadRecordError, Envelope, decode, posted_at

# The same texts in every run, independent of a slow machine's clock.
PROPERTY = settings(deadline=None, derandomize=True, database=None, max_examples=300)


def rewritten(option: int) -> Callable[[bytes], bytes]:
    return lambda value: orjson.dumps(orjson.loads(value), option=option)


GOOD = {
    "a post": Sample(),
    "a delete": Sample(item=DELETE),
    "a delete without a day": Sample(item=Post(post_id="t1_a", op="delete", version=SEEN)),
    "an author delete": Sample(item=AUTHOR_DELETE),
    "no author": Sample(item=post(author_id=None)),
    "no text": Sample(item=post(text=None)),
    "an unknown field": Sample(value=extra(b'{"a":[1,{"b":null}]}')),
    "white space around": Sample(value=lambda v: b"\n " + v + b" \r\n"),
    "white space within": Sample(value=rewritten(orjson.OPT_INDENT_2)),
    "another order of fields": Sample(value=rewritten(orjson.OPT_SORT_KEYS)),
    "253 deep": Sample(value=extra(nested(253))),
    "a float that is whole": Sample(value=fields(version=0.0)),
    "schema 1.0": Sample(value=fields(schema=1.0)),
    "a record at the size limit": Sample(value=lambda v: padded(v, MAX_RECORD_BYTES)),
    "tab and line's end": Sample(item=post(text="a\tb\r\nc")),
    "a whole surrogate pair": Sample(value=extra(b'"\\ud83d\\ude00"')),
    "the longest text": Sample(item=post(title="x" * 100, text="😀" * (MAX_CHARS - 100))),
    "created a day ahead": Sample(value=fields(created_at=SEEN + DAY)),
    "created in 1990": Sample(value=fields(created_at=micros(date(1990, 1, 1)))),
    "observed on the platform's first day": Sample(
        item=Post(post_id="t1_a", op="delete"), value=fields(observed_at=micros(SINCE))
    ),
    "observed a day after Kafka": Sample(envelope={"kafka_timestamp": SEEN - DAY}),
    "version a day ahead": Sample(value=fields(version=SEEN + DAY)),
    "the platform's first day": Sample(
        value=fields(day=SINCE.isoformat()), envelope={"day": SINCE}
    ),
    "the day after it was seen": Sample(
        value=fields(day="2026-01-03"), envelope={"day": date(2026, 1, 3)}
    ),
    "the largest metric": Sample(value=fields(metrics={"score": 2**63 - 1, "down": -(2**63)})),
}


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD)
def test_good_neighbours_pass(case):
    event = case.decode()
    made = orjson.loads(case.value(record(case.item).value))
    assert event == made


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\0b\x08c", "abc"),
        ("ann\0@example.org", "ann@example.org"),  # before the sanitizer looks for addresses
        ("one\x0btwo\x0cthree\x85four", "one\ntwo\nthree\nfour"),
        ("\x1b[31mred\x9b0m", "[31mred0m"),
        ("\0", ""),
        (None, None),
    ],
)
def test_title_and_text_are_cleaned_of_control_characters(text, clean):
    event = Sample(item=post(title=text, text=text)).decode()
    assert (event["title"], event["text"]) == (clean, clean)


def decodes_or_is_bad(value: Bytes, said: Envelope) -> None:
    try:
        decode(value, said, RULES)
    except BadRecordError as bad:
        assert bad.reason in Reason  # noqa: PT017  # either outcome is right; only another exception is not


@PROPERTY
@given(value=st.none() | st.binary(max_size=200))
def test_no_bytes_raise_anything_else(value):
    decodes_or_is_bad(value, envelope(record(post())))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted(orjson.loads(record(post()).value)))


@PROPERTY
@given(changes=st.dictionaries(NAMES, JSON, min_size=1, max_size=3))
@example(changes={"day": "2026-02-30"})
@example(changes={"created_at": -(2**63), "observed_at": 2**63 - 1})
def test_no_field_raises_anything_else(changes):
    made = record(post())
    value = orjson.dumps(
        orjson.loads(made.value) | {name: _storable(field) for name, field in changes.items()}
    )
    decodes_or_is_bad(value, envelope(made))


def _storable(field: Any) -> Any:
    """Return the event as orjson can write it."""
    match field:
        case int() if not -(2**63) <= field < 2**64:
            return float(field % 2**900)
        case list():
            return [_storable(each) for each in field]
        case dict():
            return {name: _storable(each) for name, each in field.items()}
    return field


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (SEEN - 1, SEEN - 1),
        (SEEN + 60_000_000, SEEN + 60_000_000),  # clocks differ by a minute
        (SEEN + 60_000_001, SEEN),
        (micros(SINCE), micros(SINCE)),
        (micros(SINCE) - 1, SEEN),  # before the platform existed
        (None, SEEN),
    ],
)
def test_posted_at_is_created_at_where_it_can_be_believed(created, expected):
    event = orjson.loads(record(post()).value) | {"created_at": created}
    assert posted_at(event, policies()["reddit"]) == expected


def test_the_key_id_is_the_key_s():
    assert orjson.loads(record(post()).value)["keys"]["key_id"] == KEY.key_id == RULES.key_id
