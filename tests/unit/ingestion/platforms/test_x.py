from datetime import date
from typing import Any

import pytest

from ingestion.parsing.json_fields import value_at
from ingestion.platform import Ignored, Post, Unmappable, withhold
from ingestion.platforms.x import PLATFORM

# The ids of 2024-05-06T07:08:09.500Z, and of an edit twenty minutes later.
CREATED_US = 1_714_979_289_500_000
EDITED_US = CREATED_US + 1_200_000_000
SEEN_US = CREATED_US + 3_600_000_000


def snowflake(micros: int, sequence: int = 0) -> str:
    return str(((micros // 1000 - 1_288_834_974_657) << 22) + sequence)


ID = snowflake(CREATED_US)
EDIT = snowflake(EDITED_US)
OTHER = snowflake(CREATED_US, 7)
USER = {"id": "501", "username": "otter_ray", "name": "Otter"}


def tweet(**fields: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "edit_history_tweet_ids": [ID],
        "text": "Nice &amp; calm @heron #river",
        "author_id": "501",
        "created_at": "2024-05-06T07:08:09.000Z",
        "lang": "en",
        "public_metrics": {"like_count": 3, "retweet_count": 1},
        **fields,
    }


def v1(**fields: Any) -> dict[str, Any]:
    return {
        "id": int(ID),
        "id_str": ID,
        "created_at": "Mon May 06 07:08:09 +0000 2024",
        "text": "Nice &amp; calm…",
        "user": {
            "id": 501,
            "id_str": "501",
            "screen_name": "otter_ray",
            "name": "Otter",
            "protected": False,
        },
        "in_reply_to_status_id_str": None,
        "retweet_count": 1,
        "favorite_count": 3,
        "lang": "en",
        **fields,
    }


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post), answer
    return answer


def answers(document: Any) -> list[Any]:
    return [PLATFORM.map(payload, None) for payload in PLATFORM.payloads(document)]


def test_a_post_with_includes_knows_its_author_and_keeps_nobody_else():
    document = {
        "data": [tweet()],
        "includes": {"users": [USER, {"id": "9", "username": "stranger"}]},
        "meta": {},
    }
    (payload,) = PLATFORM.payloads(document)
    assert mapped_post(payload) == Post(
        post_id=ID,
        created_at=CREATED_US - 500_000,
        day=date(2024, 5, 6),
        author_id="501",
        author_handle="otter_ray",
        author_name="Otter",
        mentions=("heron",),
        text="Nice & calm @heron #river",
        lang="en",
        url=f"https://x.com/i/status/{ID}",
        hashtags=("river",),
        metrics={"like_count": 3, "retweet_count": 1},
        raw={"data": tweet(), "includes": {"users": [USER]}},
    )
    assert list(PLATFORM.payloads(payload)) == [payload], "what was taken apart stays as it is"


def test_id_and_text_are_enough():
    post = mapped_post({"id": ID, "text": "hi"})
    assert (post.post_id, post.created_at, post.day, post.author_id) == (
        ID,
        CREATED_US,
        date(2024, 5, 6),
        None,
    )


def test_v1_says_the_same_in_its_own_way():
    post = mapped_post(v1(favorite_count=3))
    assert (post.post_id, post.author_id, post.author_handle, post.author_name) == (
        ID,
        "501",
        "otter_ray",
        "Otter",
    )
    assert (post.created_at, post.text, post.lang) == (CREATED_US - 500_000, "Nice & calm…", "en")
    assert post.metrics == {"retweet_count": 1, "like_count": 3}


def test_v1_without_the_id_as_text_keeps_every_digit():
    payload = {name: value for name, value in v1().items() if name != "id_str"}
    assert mapped_post(payload).post_id == ID


@pytest.mark.parametrize(
    "payload",
    [
        tweet(note_tweet={"text": "the whole"}),
        v1(full_text="the whole"),
        v1(extended_tweet={"full_text": "the whole"}, truncated=True),
    ],
)
def test_the_whole_text_wins(payload: Any):
    assert mapped_post(payload).text == "the whole"


def test_entities_of_the_whole_text_count_as_well():
    note = {
        "text": "…",
        "entities": {"mentions": [{"username": "far_end"}], "hashtags": [{"tag": "last"}]},
    }
    post = mapped_post(tweet(note_tweet=note))
    assert (post.mentions, post.hashtags) == (("far_end",), ("last",))


def test_entities_of_v1():
    entities = {
        "user_mentions": [{"screen_name": "heron", "name": "H"}],
        "hashtags": [{"text": "river"}],
    }
    post = mapped_post(v1(entities=entities))
    assert (post.mentions, post.hashtags) == (("heron",), ("river",))


def test_an_edit_belongs_to_the_first_id_and_has_the_time_of_its_own():
    edit = mapped_post(
        tweet(id=EDIT, edit_history_tweet_ids=[ID, EDIT], created_at="2024-05-06T07:28:09.500Z")
    )
    assert (edit.post_id, edit.version, edit.created_at, edit.day) == (
        ID,
        EDITED_US,
        CREATED_US,
        date(2024, 5, 6),
    )
    old = mapped_post(tweet(edit_history_tweet_ids=[ID, EDIT]))
    assert (old.post_id, old.version) == (ID, 0), "the old text under the whole chain is no edit"


@pytest.mark.parametrize(("number", "day"), [("1234567890", None), (str(2**63 - 1), None)])
def test_ids_without_a_believable_time_give_no_day(number: str, day: None):
    post = mapped_post({"id": number, "text": "x"}, SEEN_US)
    assert (post.day, post.created_at) == (day, None)


@pytest.mark.parametrize("lang", ["und", "zxx", "qme"])
def test_no_language_is_none(lang: str):
    assert mapped_post(tweet(lang=lang)).lang is None


def test_replies():
    assert (
        mapped_post(tweet(referenced_tweets=[{"type": "replied_to", "id": OTHER}])).reply_to
        == OTHER
    )
    assert mapped_post(v1(in_reply_to_status_id_str=OTHER)).reply_to == OTHER


def test_included_posts_are_posts_and_included_users_are_not():
    document = {
        "data": [tweet()],
        "includes": {"tweets": [tweet(id=OTHER, edit_history_tweet_ids=[OTHER])], "users": [USER]},
    }
    assert [(post.post_id, post.author_handle) for post in answers(document)] == [
        (ID, "otter_ray"),
        (OTHER, "otter_ray"),
    ]


def test_pinned_posts_of_users_are_posts():
    document = {
        "data": [{"id": "1", "username": "a", "name": "A"}],
        "includes": {"tweets": [tweet()]},
    }
    assert [type(answer) for answer in answers(document)] == [Ignored, Post]
    user = {"screen_name": "a", "id_str": "1", "status": {"id_str": ID, "text": "last"}}
    ignored, post = answers({"users": [user], "next_cursor": 0})
    assert (ignored, post.text, post.author_handle) == (Ignored(kind="user"), "last", "a")


def test_a_retweet_is_ignored_and_what_it_repeats_is_a_post():
    outer, inner = PLATFORM.payloads(
        v1(text="RT @x: ORIGINAL"[:6], retweeted_status=v1(id_str=OTHER, text="ORIGINAL"))
    )
    assert PLATFORM.map(outer, None) == Ignored(kind="retweet")
    assert mapped_post(inner).post_id == OTHER
    v2 = {
        "data": tweet(referenced_tweets=[{"type": "retweeted", "id": OTHER}]),
        "includes": {"tweets": [tweet(id=OTHER, edit_history_tweet_ids=[OTHER])]},
    }
    assert [type(answer) for answer in answers(v2)] == [Ignored, Post]


def test_a_quoted_post_is_a_post_of_its_own_and_leaves_no_text_behind():
    document = v1(
        quoted_status=v1(id_str=OTHER, text="QUOTED", user={"id_str": "9", "screen_name": "nine"})
    )
    outer, quoted = (mapped_post(payload) for payload in PLATFORM.payloads(document))
    assert (outer.post_id, quoted.post_id, quoted.author_handle) == (ID, OTHER, "nine")
    assert "QUOTED" not in repr(outer)
    assert "QUOTED" in repr(document), "the caller's document is left as it is"


@pytest.mark.parametrize(
    "document",
    [
        v1(user={"id_str": "5", "screen_name": "shy", "protected": True}),
        v1(user={"screen_name": "shy", "protected": True}, id_str=None, id=None),
        {"data": tweet(), "includes": {"users": [{**USER, "protected": True}]}},
    ],
)
def test_posts_of_protected_accounts_are_ignored(document: Any):
    assert answers(document) == [Ignored(kind="protected post")]


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"data": [{"event_type": "MessageCreate", "id": "1", "text": "hush"}]}, "direct message"),
        ({"id": 1, "text": "hush", "sender_id": 5, "recipient_id": 6}, "direct message"),
        ({"data": {"dm_conversation_id": "1", "dm_event_id": "2"}}, "direct message"),
        ({"data": {"id": "1", "name": "A", "username": "a"}}, "user"),
        ({"ids": [1, 2]}, "user ids"),
        ({"data": [{"start": "", "end": "", "tweet_count": 5}]}, "count"),
        ({"data": {"id": "1", "state": "live"}}, "space"),
        ({"data": {"deleted": True}}, "other"),
        ({"errors": [{"message": "x"}]}, "error"),
        ({"meta": {"result_count": 0}}, "other"),
    ],
)
def test_other_things_are_ignored_by_kind(item: Any, kind: str):
    assert answers(item) == [Ignored(kind=kind)]


@pytest.mark.parametrize(
    "notice",
    [
        {"data": {"event_type": "post.delete", "payload": {"id": ID, "author_id": "501"}}},
        {"delete": {"status": {"id": int(ID), "id_str": ID, "user_id": 501}}},
        {"id": ID, "action": "delete", "reason": "deleted"},
    ],
)
def test_notices_of_deletion(notice: Any):
    (payload,) = PLATFORM.payloads(notice)
    gone = mapped_post(payload, SEEN_US)
    assert (gone.post_id, gone.op, gone.version, gone.day) == (
        ID,
        "delete",
        SEEN_US,
        date(2024, 5, 6),
    )


def test_a_compliance_job_says_when():
    line = {
        "id": ID,
        "action": "delete",
        "redacted_at": "2024-05-06T07:28:09.500Z",
        "reason": "protected",
    }
    assert mapped_post(line).version == EDITED_US


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (tweet(id=None), "id"),
        (tweet(id="12x"), "id"),
        (tweet(id=1.5e18), "id"),
        (tweet(id="٣٤"), "id"),
        (tweet(id=str(2**64)), "id"),
        (tweet(text=None), "text"),
        (tweet(created_at="soon"), "created_at"),
        (tweet(lang=5), "lang"),
        (v1(created_at="Mon May 46 07:08:09 +0000 2024"), "created_at"),
        ({"action": "delete", "id": "x"}, "id"),
        ({"event_type": "post.delete", "payload": None}, "payload"),
        (None, "data"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    is_public = value_at(payload, "user", "protected") is False
    kept = Unmappable(detail=detail, raw=payload)
    assert PLATFORM.map(payload, None) == (kept if is_public else withhold(detail, payload))


@pytest.mark.parametrize(
    "payload",
    [
        {"id": ID, "text": "RT @otter_ray: nice and calm"},
        {"data": {"id": ID, "text": "RT @otter_ray: nice and calm"}},
        v1(text="RT @otter_ray: nice and calm…"),
        v1(full_text="RT @otter_ray: nice and calm"),
    ],
)
def test_a_text_with_the_mark_of_a_repetition_is_a_retweet(payload: Any):
    assert [PLATFORM.map(item, None) for item in PLATFORM.payloads(payload)] == [
        Ignored(kind="retweet")
    ]


@pytest.mark.parametrize(
    "payload",
    [
        {"id": ID, "text": "RT @otter_ray is what people wrote before"},
        {"id": ID, "text": "So true! RT @otter_ray: nice and calm"},
        {"id": ID, "text": "rt @otter_ray: nice"},
        tweet(text="RT @otter_ray: nice", referenced_tweets=[{"type": "quoted", "id": "5"}]),
        tweet(text="RT @otter_ray: nice", referenced_tweets=[{"type": "replied_to", "id": "5"}]),
    ],
)
def test_a_text_that_adds_words_is_a_post(payload: Any):
    assert mapped_post(payload).text


def test_posts_nested_very_deep_are_walked_without_recursion():
    document = v1()
    for _ in range(3000):
        document = v1(quoted_status=document)
    assert sum(1 for _ in PLATFORM.payloads(document)) == 3001
