from datetime import date
from typing import Any

import pytest

from foundation.keys import PseudonymKey
from foundation.policies import policies
from ingestion.kafka.records import RecordMaker
from ingestion.parsing.json_fields import value_at
from ingestion.platform import AuthorDelete, Ignored, Post, Unmappable, withhold
from ingestion.platforms.bluesky import PLATFORM
from transforms.decode import Envelope, Rules, decode, posted_at

DID = "did:plc:aaaabbbbccccddddeeeeffff"
ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
SEEN = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
TID_TIME = SEEN - 3_600_000_000  # on the last day of 2025


def tid(micros: int, clock: int = 5) -> str:
    number = (micros << 10) | clock
    digits = ""
    for _ in range(13):
        number, digit = divmod(number, 32)
        digits = ALPHABET[digit] + digits
    return digits


RKEY = tid(TID_TIME)


def line(
    operation: str = "create",
    collection: str = "app.bsky.feed.post",
    rkey: str = RKEY,
    **record: Any,
) -> Any:
    commit: dict[str, Any] = {
        "rev": "r",
        "operation": operation,
        "collection": collection,
        "rkey": rkey,
    }
    if operation != "delete":
        base = {
            "$type": collection,
            "text": "Guten Tag",
            "createdAt": "2025-12-31T23:00:00.5Z",
            "langs": ["de", "en"],
        }
        commit |= {"cid": "c", "record": {**base, **record}}
    return {"did": DID, "time_us": SEEN, "kind": "commit", "commit": commit}


def account(**fields: Any) -> Any:
    return {
        "did": DID,
        "time_us": SEEN,
        "kind": "account",
        "account": {"did": DID, "seq": 1, **fields},
    }


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post)
    return answer


def test_a_created_post():
    payload = line()
    assert mapped_post(payload) == Post(
        post_id=f"{DID}/app.bsky.feed.post/{RKEY}",
        created_at=SEEN - 3_599_500_000,
        day=date(2025, 12, 31),
        author_id=DID,
        text="Guten Tag",
        lang="de",
        url=f"https://bsky.app/profile/{DID}/post/{RKEY}",
        raw=payload,
    )


def test_an_update_has_the_same_id_and_day_and_a_version():
    created, updated, gone = (
        mapped_post(line(operation)) for operation in ("create", "update", "delete")
    )
    assert (created.version, updated.version, gone.version) == (0, SEEN, SEEN)
    assert created.post_id == updated.post_id == gone.post_id
    assert created.day == updated.day == gone.day == date(2025, 12, 31)
    assert (gone.op, gone.text, gone.created_at) == ("delete", None, None)


@pytest.mark.parametrize(
    "rkey",
    ["self", "1" * 13, tid(SEEN + 2 * 86_400_000_000), tid(1_000_000), tid(SEEN).upper()],
    ids=["no TID", "not base32", "two days ahead", "1970", "upper case"],
)
def test_a_record_key_without_a_believable_time_gives_no_day(rkey: str):
    assert mapped_post(line(rkey=rkey)).day is None
    assert mapped_post(line("delete", rkey=rkey)).day is None


@pytest.mark.parametrize(
    ("declared", "micros"),
    [
        ("2026-01-01T00:00:00Z", SEEN),
        ("2025-12-31T23:59:59.123456789z", SEEN - 876_544),
        ("2026-01-01T02:00:00+02:00", SEEN),
        ("2026-01-01T00:00:00", SEEN),
        ("yesterday", SEEN),
        (17, SEEN),
        (None, SEEN),
        ("0001-01-01T00:00:00+14:00", SEEN),
        ("0000-01-01T00:00:00Z", SEEN),
        ("1776-07-04T00:00:00Z", SEEN),
        ("1970-01-01T00:00:00Z", SEEN),
        ("1985-10-26T01:21:00Z", SEEN),
        ("2026-01-01T00:00:00.000001Z", SEEN),
        ("2027-12-25T00:00:00Z", SEEN),
        ("9999-12-31T23:59:59Z", SEEN),
        ("2025-06-30T23:59:60Z", SEEN),
        ("2023-05-01T12:00:00Z", 1_682_942_400_000_000),
    ],
)
def test_any_iso_time_is_read_and_nonsense_is_when_it_was_seen(declared: Any, micros: int):
    assert mapped_post(line(createdAt=declared)).created_at == micros


@pytest.mark.parametrize(
    "declared", ["1776-07-04T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("rkey", [RKEY, "self"])
def test_an_absurd_time_is_no_reason_for_quarantine(declared: str, rkey: str):
    """The time may be absurd in the post or its record key; neither breaks its time or its day."""
    maker = RecordMaker(platform="bluesky", owner="public", key=PseudonymKey(1, b"0" * 32))
    made = maker.make(mapped_post(line(rkey=rkey, createdAt=declared)), observed_at=SEEN)
    headers = {name: text.decode() for name, text in made.headers}
    day = "2025-12-31" if rkey == RKEY else "2026-01-01"
    assert headers["day"] == day
    envelope = Envelope(
        topic="social.bluesky.posts.v1",
        kafka_timestamp=SEEN,
        op="upsert",
        post_key=headers["post_key"],
        author_key=headers["author_key"],
        day=date.fromisoformat(day),
    )
    rules = Rules(policies=policies(), key_id=maker.key.key_id, max_text_chars=1000)
    assert posted_at(decode(made.value, envelope, rules), policies()["bluesky"]) == SEEN


@pytest.mark.parametrize(
    ("payload", "seen_at"),
    [
        (line(), SEEN),
        (account(active=True), SEEN),
        ({**line(), "time_us": True}, None),
        ({**line(), "time_us": 2**70}, None),
        ({"$type": "message", "payload": {"time": "2026-01-01T00:00:00Z"}}, SEEN),
        ({"$type": "message", "payload": {}}, None),
        (["x"], None),
    ],
)
def test_a_line_says_itself_when_it_was_seen(payload: Any, seen_at: int | None):
    assert PLATFORM.seen_at
    assert PLATFORM.seen_at(payload) == seen_at


def test_facets_give_hashtags_and_mentions_by_utf8_offsets():
    text = "żółw @ada.example #Łódź"
    start = len("żółw ".encode())
    hash_start = len("żółw @ada.example ".encode())
    facets = [
        {
            "index": {"byteStart": start, "byteEnd": start + 12},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:ada"}],
        },
        {
            "index": {"byteStart": hash_start, "byteEnd": len(text.encode())},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "Łódź"}],
        },
        {
            "index": {"byteStart": 900, "byteEnd": 2},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:bob"}],
        },
    ]
    post = mapped_post(line(text=text, facets=facets, tags=["extra", "Łódź", 4]))
    assert post.hashtags == ("Łódź", "extra")
    assert post.mentions == ("did:plc:ada", "ada.example", "did:plc:bob")


def test_a_reply_points_to_its_parent_in_the_form_of_a_post_id():
    parent = {"uri": f"at://did:plc:other/app.bsky.feed.post/{RKEY}", "cid": "c"}
    root = {"uri": "at://did:plc:root/app.bsky.feed.post/x", "cid": "c"}
    assert mapped_post(line(reply={"parent": parent, "root": root})).reply_to == (
        f"did:plc:other/app.bsky.feed.post/{RKEY}"
    )


def test_the_self_label_forbids_display_beyond_bluesky():
    labels = {
        "$type": "com.atproto.label.defs#selfLabels",
        "values": [{"val": "nudity"}, {"val": "!no-unauthenticated"}],
    }
    assert mapped_post(line(labels=labels)).rights == {
        "indexable": False,
        "may_display": False,
        "may_export": False,
    }
    assert mapped_post(line(labels={"values": [{"val": "nudity"}]})).rights == {}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (line(collection="app.bsky.feed.like"), "app.bsky.feed.like"),
        (line("delete", collection="app.bsky.graph.follow"), "app.bsky.graph.follow"),
        ({"did": DID, "time_us": SEEN, "kind": "identity", "identity": {}}, "identity"),
        (account(active=True), "account"),
        (account(active=False, status="deactivated"), "account"),
    ],
)
def test_what_is_no_post_is_ignored_by_kind(payload: Any, kind: str):
    assert PLATFORM.map(payload, None) == Ignored(kind=kind)


def test_a_deleted_account_deletes_its_author():
    payload = account(active=False, status="deleted")
    assert PLATFORM.map(payload, None) == AuthorDelete(author_id=DID, version=SEEN, raw=payload)


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        ({**line(), "did": None}, "did"),
        ({**line(), "did": "did:plc:a/b"}, "did"),
        ({**line(), "time_us": "1"}, "time_us"),
        ({**line(), "time_us": 2**70}, "time_us"),
        ({**line(), "commit": []}, "commit"),
        ({"kind": "commit", "did": DID, "time_us": SEEN, "commit": {}}, "collection"),
        (line(rkey="a/b"), "rkey"),
        (line("rename"), "operation"),
        (line(text=None), "text"),
        ({"kind": "weather"}, "kind"),
        ([], "kind"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    is_public = (
        isinstance(payload, dict)
        and value_at(payload, "commit", "collection") == "app.bsky.feed.post"
    )
    kept = Unmappable(detail=detail, raw=payload)
    assert PLATFORM.map(payload, None) == (kept if is_public else withhold(detail, payload))


def test_a_line_without_time_takes_the_recorded_observation():
    payload = {name: value for name, value in line("delete").items() if name != "time_us"}
    assert mapped_post(payload, SEEN).version == SEEN


def test_lists_and_wrappers_hold_lines():
    assert list(PLATFORM.payloads([line(), {"status": 200, "body": [line("delete")]}])) == [
        line(),
        line("delete"),
    ]
