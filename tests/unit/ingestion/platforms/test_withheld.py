"""A post not known to be public is stored nowhere: not in the refusal, so not in quarantine."""

import json
from typing import Any

import pytest

from foundation.keys import PseudonymKey
from ingestion.kafka.records import RecordMaker
from ingestion.platform import Ignored, Post, Unmappable, withhold
from ingestion.platforms import PLATFORMS

SEEN = 1_767_225_600_000_000
SAID = "hush, this is between us"
AT = "2025-12-31T10:00:00Z"
STATUS = {
    "id": "1",
    "uri": "https://a.example/users/b/statuses/1",
    "created_at": AT,
    "content": SAID,
    "account": {"acct": "b", "uri": "https://a.example/users/b"},
}
DIRECT = STATUS | {"visibility": "direct"}
PUBLIC = STATUS | {"visibility": "public"}
MESSAGE = {"kind": "t4", "data": {"name": "t4_a", "body": SAID, "author": "b", "dest": "c"}}

PRIVATE: list[tuple[str, Any]] = [
    # Mastodon: frames and wrappers in another form, and a status without its audience
    ("mastodon", {"event": "update", "payload": DIRECT}),
    ("mastodon", {"event": "status.update", "payload": [DIRECT]}),
    ("mastodon", {"event": "update", "payload": json.dumps([DIRECT])}),
    ("mastodon", {"event": "conversation", "payload": json.dumps({"last_status": DIRECT})}),
    ("mastodon", {"event": "delete", "payload": json.dumps(DIRECT)}),
    ("mastodon", {"toot": DIRECT}),
    ("mastodon", {"orderedItems": [DIRECT]}),
    ("mastodon", STATUS),
    ("mastodon", STATUS | {"visibility": 5}),
    ("mastodon", STATUS | {"visibility": "private", "id": None, "uri": None}),
    ("mastodon", json.dumps(DIRECT)),
    # Reddit: private messages and modmail outside their Listing, and a comment without a subreddit
    ("reddit", {"data": {"children": [MESSAGE]}}),
    ("reddit", {"message": MESSAGE["data"]}),
    (
        "reddit",
        {"messages": {"1": {"bodyMarkdown": SAID}}, "conversations": {"1": {"subject": SAID}}},
    ),
    ("reddit", {"kind": "t1", "data": {"body": SAID, "name": "t1_a"}}),
    ("reddit", {"kind": "t1", "data": {"body": SAID, "name": "t1_a", "subreddit_type": "private"}}),
    ("reddit", {"kind": "Listing", "data": {"messages": [MESSAGE]}}),
    ("reddit", {"kind": ["t1"], "data": SAID}),
    # X: protected or unknown authors, and messages
    ("x", {"id": "x", "text": SAID, "user": {"screen_name": "b", "protected": True}}),
    ("x", {"id": "x", "text": SAID}),
    ("x", {"direct_message_events": [{"id": "1", "event_type": "MessageCreate", "text": SAID}]}),
    ("x", [SAID]),
    # Facebook and Instagram: messages, conversations, and posts with a limited audience
    ("facebook", {"id": "1_2", "message": SAID, "privacy": {"value": "SELF"}}),
    ("facebook", {"id": "1_2", "message": SAID}),
    ("facebook", {"message": SAID, "created_time": AT, "from": {"name": "b"}}),
    ("facebook", {"id": "t_5", "messages": {"data": [{"id": "m_1", "message": SAID}]}}),
    (
        "facebook",
        {"object": "page", "entry": [{"messaging": [{"message": {"mid": "m_1", "text": SAID}}]}]},
    ),
    ("instagram", {"mid": "aWdfZAG1", "text": SAID}),
    ("instagram", {"id": "17", "text": SAID, "to": {"data": []}, "timestamp": AT}),
    ("instagram", {"id": "aWdf", "text": SAID}),
    (
        "instagram",
        {
            "object": "instagram",
            "entry": [{"messaging": [{"message": {"mid": "1", "text": SAID}}]}],
        },
    ),
    # LinkedIn: all but PUBLIC, a missing visibility, and an audience
    ("linkedin", {"commentary": SAID, "id": "x", "visibility": "CONNECTIONS"}),
    ("linkedin", {"commentary": SAID, "id": "urn:li:share:1", "lifecycleState": "PUBLISHED"}),
    (
        "linkedin",
        {"commentary": SAID, "visibility": "PUBLIC", "distribution": {"feedDistribution": "NONE"}},
    ),
    ("linkedin", {"message": {"text": SAID}, "actor": "urn:li:person:a"}),
    ("linkedin", {"action": "COMMENT_DELETE", "text": SAID}),
    # Bluesky: other collections and other services
    (
        "bluesky",
        {
            "kind": "commit",
            "commit": {"collection": "chat.bsky.convo.message", "record": {"text": SAID}},
        },
    ),
    ("bluesky", {"kind": "chat", "message": {"text": SAID}}),
    ("bluesky", {"$type": "message", "payload": {"$type": "a#note", "note": {"text": SAID}}}),
    ("bluesky", {"convo": {"lastMessage": {"text": SAID}}}),
    # all: something private inside a public but broken post
    (
        "facebook",
        {
            "id": "1_3",
            "message": 5,
            "privacy": {"value": "EVERYONE"},
            "attachments": [{"message": SAID}],
        },
    ),
    ("mastodon", {"visibility": "public", "content": 5, "note": {"content": SAID}}),
    (
        "reddit",
        {
            "kind": "t3",
            "data": {"subreddit_type": "public", "crosspost_parent_list": [{"selftext": SAID}]},
        },
    ),
    ("x", {"id": "x", "text": "a", "user": {"protected": False}, "quoted": {"text": SAID}}),
    (
        "x",
        {
            "data": {"id": "x", "text": "a", "author_id": "5"},
            "includes": {"users": [{"id": "5", "protected": False}], "media": [{"text": SAID}]},
        },
    ),
    (
        "linkedin",
        {
            "commentary": 5,
            "visibility": "PUBLIC",
            "lifecycleState": "PUBLISHED",
            "x": {"commentary": SAID},
        },
    ),
    (
        "bluesky",
        {
            "kind": "commit",
            "commit": {"collection": "app.bsky.feed.post", "record": {"value": {"text": SAID}}},
        },
    ),
    (
        "bluesky",
        {
            "kind": "commit",
            "commit": {
                "collection": "app.bsky.feed.post",
                "record": {"$type": "chat.bsky.convo.message", "text": SAID},
            },
        },
    ),
    ("hackernews", {"type": "story", "id": "x", "title": {"email": SAID}}),
    ("hackernews", {"type": "story", "id": "x", "kids": [{"about": SAID}]}),
    # Hacker News has no private posts
    ("hackernews", {"hits": [{"comment_text": SAID}]}),
    ("hackernews", DIRECT | {"type": "story"}),
    # your own data has no public posts
    ("custom", {"id": "x", "text": SAID}),
    ("custom", {"id": "x", "text": SAID, "time": "yesterday"}),
    ("custom", SAID),
]


@pytest.mark.parametrize(("platform", "document"), PRIVATE)
def test_nothing_of_it_travels(platform: str, document: Any):
    maker = RecordMaker(platform=platform, owner="public", key=PseudonymKey(1, b"0" * 32))
    for payload in PLATFORMS[platform].payloads(document):
        mapped = PLATFORMS[platform].map(payload, SEEN)
        assert not isinstance(mapped, Post)
        assert SAID not in repr(mapped)
        if not isinstance(mapped, Ignored):
            assert SAID.encode() not in maker.make(mapped, observed_at=SEEN).value


KEPT: list[tuple[str, Any]] = [
    ("mastodon", PUBLIC | {"uri": "broken"}),
    ("reddit", {"kind": "t1", "data": {"body": SAID, "subreddit_type": "public"}}),
    ("x", {"id": "x", "text": SAID, "user": {"screen_name": "b", "protected": False}}),
    (
        "x",
        {
            "id": "x",
            "text": SAID,
            "user": {"protected": False},
            "entities": {"hashtags": [{"text": "a"}]},
        },
    ),
    (
        "x",
        {
            "data": {"id": "x", "text": SAID, "author_id": "5", "note_tweet": {"text": SAID}},
            "includes": {"users": [{"id": "5", "protected": False}]},
        },
    ),
    (
        "mastodon",
        PUBLIC | {"uri": "broken", "poll": {"options": [{"title": "a"}]}, "account": {"note": "b"}},
    ),
    ("facebook", {"id": "1_2", "message": SAID, "privacy": {"value": "EVERYONE"}}),
    (
        "linkedin",
        {"commentary": SAID, "id": "x", "visibility": "PUBLIC", "lifecycleState": "PUBLISHED"},
    ),
    (
        "bluesky",
        {
            "kind": "commit",
            "commit": {"collection": "app.bsky.feed.post", "record": {"text": SAID}},
        },
    ),
    ("hackernews", {"id": "x", "type": "comment", "text": SAID, "by": "b", "kids": [1, 2]}),
]


@pytest.mark.parametrize(("platform", "payload"), KEPT)
def test_what_says_itself_that_it_is_public_is_kept_for_repair(platform: str, payload: Any):
    mapped = PLATFORMS[platform].map(payload, SEEN)
    assert isinstance(mapped, Unmappable)
    assert (mapped.raw, mapped.is_withheld) == (payload, False)


def test_a_status_inside_another_under_any_name_is_not_kept_in_it():
    outer, *inner = PLATFORMS["mastodon"].payloads(
        PUBLIC | {"content": "all may know", "thread": [DIRECT]}
    )
    assert SAID not in repr(outer)
    assert [PLATFORMS["mastodon"].map(status, SEEN) for status in inner] == [
        Ignored(kind="direct status")
    ]


@pytest.mark.parametrize(
    ("payload", "kind", "size"),
    [
        ({"a": "é"}, "object", 11),
        ([1], "array", 3),
        ("é", "text", 2),
        (5, "number", 1),
        (None, "null", 4),
    ],
)
def test_a_refusal_says_what_it_was_and_how_large(payload: Any, kind: str, size: int):
    said = {"withheld": True, "field": "id", "kind": kind, "bytes": size}
    assert withhold("id", payload) == Unmappable(detail="id", raw=said, is_withheld=True)
