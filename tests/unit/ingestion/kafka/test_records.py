import json
from datetime import date
from typing import Any

import jsonschema_rs
import orjson
import pytest

from foundation.keys import PseudonymKey
from ingestion.kafka.records import Record, RecordMaker, verbatim
from ingestion.platform import AuthorDelete, Post, Unmappable
from schemas.event import CE_HEADERS, MAX_RECORD_BYTES, ROUTING_HEADERS, json_schema

SEEN = 1_767_225_600_000_000  # 2026-01-01
KEY = PseudonymKey(1, b"0" * 32)
MAKER = RecordMaker(platform="reddit", owner="public", key=KEY)
VALID = jsonschema_rs.validator_for(json_schema())


def post(**fields: Any) -> Post:
    return Post(
        **{
            "post_id": "t1_a",
            "created_at": SEEN - 5_000_000,
            "author_id": "Fox",
            "text": "hi",
            **fields,
        }
    )


def event_of(
    item: Post | AuthorDelete | Unmappable, maker: RecordMaker = MAKER, observed_at: int = SEEN
) -> Any:
    return orjson.loads(maker.make(item, observed_at=observed_at).value)


def headers_of(record: Record) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


@pytest.mark.parametrize(
    "item",
    [
        post(
            title="T",
            mentions=("a",),
            hashtags=("h",),
            metrics={"score": -3},
            reply_to="t3_b",
            raw={"n": 10**30},
        ),
        Post(post_id="t1_a", op="delete", version=SEEN),
        AuthorDelete(author_id="Fox", version=SEEN, raw={}),
        Unmappable(detail="name", raw=[None]),
        Unmappable(detail="not JSON", raw="{broken"),
    ],
)
def test_every_record_keeps_the_contract(item: Any):
    record = MAKER.make(item, observed_at=SEEN)
    event = orjson.loads(record.value)
    assert [error.message for error in VALID.iter_errors(event)] == []
    headers = headers_of(record)
    assert set(CE_HEADERS) <= set(headers)
    expected = {
        "op": event["op"],
        "post_key": event["keys"]["post"],
        "author_key": event["keys"]["author"],
    }
    assert {name: headers.get(name) for name in ROUTING_HEADERS} == {
        **expected,
        "day": event["day"],
    }
    assert "Fox" not in str(headers)


def test_the_schema_does_refuse():
    assert not VALID.is_valid({**event_of(post()), "version": "1"})


def test_the_same_content_has_the_same_id_and_other_content_another():
    base = event_of(post(metrics={"score": 1}))["event_id"]
    assert event_of(post(metrics={"score": 2}, version=9), observed_at=SEEN + 1)["event_id"] == base
    others = [
        post(text="ho"),
        post(title="hi", text=None),
        post(channel="c"),
        post(author_id=None),
        post(post_id="t1_b"),
        post(op="delete"),
    ]
    ids = {event_of(other)["event_id"] for other in others}
    assert len(ids | {base}) == len(others) + 1


def test_keys_depend_on_secret_owner_and_platform_alone():
    base = event_of(post())["keys"]
    assert (
        event_of(post(text="other"), RecordMaker("reddit", "public", PseudonymKey(1, b"0" * 32)))[
            "keys"
        ]
        == base
    )
    assert event_of(post(author_id="fOX"))["keys"]["author"] == base["author"]
    for maker in (
        RecordMaker("bluesky", "public", KEY),
        RecordMaker("reddit", "tenant", KEY),
        RecordMaker("reddit", "public", PseudonymKey(1, b"1" * 32)),
    ):
        keys = event_of(post(), maker)["keys"]
        assert keys["post"] != base["post"]
        assert keys["author"] != base["author"]


def test_create_and_delete_of_a_post_share_the_record_key_and_the_day():
    made = MAKER.make(post(), observed_at=SEEN)
    gone = MAKER.make(
        Post(post_id="t1_a", op="delete", created_at=SEEN - 5_000_000), observed_at=SEEN + 10**12
    )
    assert made.key == gone.key
    assert headers_of(made)["day"] == headers_of(gone)["day"] == "2025-12-31"


def test_author_deletes_travel_on_their_own_topic_keyed_by_author():
    record = MAKER.make(AuthorDelete(author_id="Fox", version=SEEN), observed_at=SEEN)
    assert record.kind == "authors"
    assert record.key.decode() == event_of(post())["keys"]["author"]


def test_a_profile_channel_gets_a_pseudonym_and_a_subreddit_none():
    assert event_of(post(channel="u_Fox", channel_is_profile=True))["keys"]["channel"].startswith(
        "v1:"
    )
    assert event_of(post(channel="beans"))["keys"]["channel"] is None


@pytest.mark.parametrize(
    ("item", "day"),
    [
        (post(day=date(2020, 2, 2)), "2020-02-02"),
        (post(day=date(1999, 1, 1)), "2005-06-23"),
        (post(created_at=SEEN + 10**15), "2026-01-02"),
        (post(created_at=2**62), "2026-01-02"),
        (post(created_at=None), "2026-01-01"),
        (post(created_at=None, op="delete"), None),
    ],
)
def test_the_day_is_clamped_to_the_platform_s_lifetime(item: Post, day: str | None):
    assert event_of(item)["day"] == day


def test_rights_are_the_policy_s_and_an_author_can_only_narrow_them():
    assert event_of(post())["rights"]["indexable"] is True
    event = event_of(post(rights={"indexable": False, "may_train": True}))
    assert event["rights"]["indexable"] is False
    assert event["rights"]["may_train"] is False


def test_a_record_too_large_goes_without_raw():
    event = event_of(post(raw={"x": "y" * MAX_RECORD_BYTES}))
    assert (event["op"], event["text"], event["raw"], event["truncated"]) == (
        "upsert",
        "hi",
        None,
        True,
    )


def test_a_text_too_large_for_any_record_goes_to_quarantine_and_keeps_its_key():
    record = MAKER.make(post(text="\x01" * MAX_RECORD_BYTES), observed_at=SEEN)
    event = orjson.loads(record.value)
    assert len(record.value) <= MAX_RECORD_BYTES
    assert (event["op"], event["reason"], event["text"]) == ("unmappable", "text_too_long", None)
    assert headers_of(record)["op"] == "unmappable"
    assert headers_of(record)["post_key"] == KEY.post_key("public", "reddit", "t1_a")
    assert VALID.is_valid(event)


def test_a_lone_surrogate_in_the_text_travels_as_its_escape():
    value = MAKER.make(post(text="a\ud83d"), observed_at=SEEN).value
    assert rb"a\ud83d" in value
    assert json.loads(value)["text"] == "a\ud83d"


def test_a_lone_surrogate_elsewhere_in_the_payload_does_not_spoil_the_record():
    raw = {"flair": "x\ud83d"}
    event = event_of(post(raw=raw))
    assert json.loads(event["raw"]) == raw


def test_integers_of_any_size_survive_in_raw():
    assert verbatim({"id": 12345678901234567890123}) == '{"id":12345678901234567890123}'
