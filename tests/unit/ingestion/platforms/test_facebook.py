from typing import Any

import pytest

from ingestion.platform import Ignored, Post, withhold
from ingestion.platforms.facebook import PLATFORM

CREATED = "2024-05-06T07:08:09+0000"
CREATED_US = 1_714_979_289_000_000
LINK = "https://www.facebook.com/100/posts/200/?comment_id=300"


def post(**fields: Any) -> dict[str, Any]:
    return {
        "id": "100_200",
        "message": "We open at 9 #coffee",
        "created_time": CREATED,
        "permalink_url": "https://www.facebook.com/100/posts/200/",
        "from": {"id": "100", "name": "Corner Roastery"},
        "shares": {"count": 2},
        "reactions": {"data": [{"id": "8", "name": "LIKER"}], "summary": {"total_count": 5}},
        **fields,
    }


def comment(**fields: Any) -> dict[str, Any]:
    return {
        "id": "200_300",
        "message": "Great, Ada!",
        "created_time": CREATED,
        "comment_count": 1,
        "like_count": 4,
        "permalink_url": LINK,
        **fields,
    }


def without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}


def mapped_post(payload: Any) -> Post:
    answer = PLATFORM.map(payload, None)
    assert isinstance(answer, Post), answer
    return answer


def answers(document: Any) -> list[Any]:
    return [PLATFORM.map(payload, None) for payload in PLATFORM.payloads(document)]


def test_a_post_becomes_a_post():
    (payload,) = PLATFORM.payloads(post())
    assert mapped_post(payload) == Post(
        post_id="100_200",
        created_at=CREATED_US,
        author_id="100",
        author_name="Corner Roastery",
        text="We open at 9 #coffee",
        url="https://www.facebook.com/100/posts/200/",
        channel="100",
        hashtags=("coffee",),
        metrics={"reaction_count": 5, "share_count": 2},
        raw=payload,
    )
    assert "LIKER" not in repr(payload)


def test_a_post_without_words_is_a_post():
    assert mapped_post({"id": "100_200", "created_time": CREATED}).text is None


def test_a_comment_becomes_a_post_that_answers_its_post():
    found = mapped_post(comment())
    assert (found.post_id, found.channel, found.reply_to) == ("200_300", "100", "100_200")
    assert found.metrics == {"like_count": 4, "comment_count": 1}


@pytest.mark.parametrize(
    ("payload", "post_id", "reply_to"),
    [
        (comment(id="100_200_300"), "200_300", "100_200"),
        (without(comment(), "id"), "200_300", "100_200"),
        (
            without(comment(permalink_url=LINK + "&reply_comment_id=301"), "id"),
            "200_301",
            "200_300",
        ),
        (comment(id="200_301", permalink_url=LINK + "&reply_comment_id=301"), "200_301", "200_300"),
        (
            without(comment(parent={"id": "200_300"}, id="200_301"), "permalink_url"),
            "200_301",
            "200_300",
        ),
        (without(comment(), "permalink_url"), "200_300", None),
    ],
)
def test_a_comment_has_one_id_under_all_its_spellings(
    payload: Any, post_id: str, reply_to: str | None
):
    found = mapped_post(payload)
    assert (found.post_id, found.reply_to) == (post_id, reply_to)


def test_the_update_time_orders_sightings_of_a_post():
    assert (
        mapped_post(post(updated_time="2024-05-06T07:09:09+0000")).version
        == CREATED_US + 60_000_000
    )
    assert mapped_post(post(updated_time=CREATED)).version == 0
    assert mapped_post(comment(updated_time="2024-05-06T07:09:09+0000")).version == 0


def test_nested_comments_are_posts_of_their_own_and_leave_nothing_behind():
    inner = {"id": "200_301", "message": "INNER", "created_time": CREATED}
    outer = {
        "id": "200_300",
        "message": "OUTER",
        "created_time": CREATED,
        "comments": {"data": [inner]},
    }
    document = post(
        comments={"data": [outer], "summary": {"total_count": 2}, "paging": {"next": "TOKEN"}}
    )
    found = answers({"data": [document], "paging": {}})
    assert [(p.post_id, p.reply_to) for p in found] == [
        ("100_200", None),
        ("200_300", "100_200"),
        ("200_301", "200_300"),
    ]
    assert found[0].metrics["comment_count"] == 2
    assert not {"INNER", "OUTER", "TOKEN"} & set(repr(found[0].raw).replace("'", " ").split())
    assert "INNER" not in repr(found[1])
    assert "INNER" in repr(document), "the caller's document is left as it is"


def test_a_reply_keeps_nothing_of_the_comment_that_it_answers():
    (payload,) = PLATFORM.payloads(
        comment(parent={"id": "200_299", "message": "PARENT"}, object={"message": "PARENT"})
    )
    assert "PARENT" not in repr(payload)


@pytest.mark.parametrize(
    "document",
    [
        [post()],
        {"data": [post()], "paging": {"next": "x"}},
        {"100_200": post()},
        {"observed_at": 5, "body": {"data": [post()]}},
    ],
)
def test_posts_are_found_in_every_kind_of_answer(document: Any):
    assert [mapped.post_id for mapped in answers(document)] == ["100_200"]


def test_mentions_are_people_and_not_pages():
    tags = [
        {"name": "Ada", "type": "user"},
        {"name": "Corner", "type": "page"},
        {"name": "Bo"},
        {"name": 5},
    ]
    assert mapped_post(comment(message_tags=tags)).mentions == ("Ada", "Bo")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (comment(is_hidden=True), "hidden post"),
        (comment(is_private=True), "hidden post"),
        (post(is_published=False), "hidden post"),
        (post(privacy={"value": "ALL_FRIENDS"}), "non-public post"),
    ],
)
def test_what_is_not_public_is_ignored(payload: Any, kind: str):
    assert PLATFORM.map(payload, None) == Ignored(kind=kind)


def test_a_privacy_of_everyone_is_public():
    assert mapped_post(post(privacy={"value": "EVERYONE"})).post_id == "100_200"


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (
            {
                "id": "m_1",
                "created_time": CREATED,
                "from": {},
                "to": {"data": []},
                "message": "hush",
            },
            "private message",
        ),
        ({"id": "m_1", "created_time": CREATED, "message": "hush"}, "private message"),
        ({"id": "t_1", "snippet": "hush", "message_count": 2}, "conversation"),
        ({"t_123": {"id": "t_123", "snippet": "hush"}}, "conversation"),
        ({"id": "5", "name": "A", "first_name": "A"}, "user"),
        ({"id": "5", "name": "A", "fan_count": 3}, "page or business"),
        ({"id": "5", "created_time": CREATED}, "photo"),
        ({"id": "5", "name": "E", "start_time": CREATED}, "event"),
        ({"data": {"height": 5, "is_silhouette": False, "url": "x"}}, "picture"),
        ({"error": {"message": "x", "code": 100}}, "error"),
        ({}, "other"),
    ],
)
def test_other_things_are_ignored_by_kind(item: Any, kind: str):
    assert answers(item) == [Ignored(kind=kind)]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (post(created_time=None), "created_time"),
        (post(created_time="now"), "created_time"),
        (post(updated_time="now"), "updated_time"),
        (post(message=5), "message"),
        (post(id="abc"), "id"),
        (post(permalink_url=5), "permalink_url"),
        (
            without(comment(permalink_url="https://www.facebook.com/corner/posts/pfbid0/"), "id"),
            "id",
        ),
        ("text", "id"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    assert PLATFORM.map(payload, None) == withhold(detail, payload)


def test_comments_nested_very_deep_are_walked_without_recursion():
    document = comment()
    for _ in range(3000):
        document = comment(comments={"data": [document]})
    assert sum(1 for _ in PLATFORM.payloads(document)) == 3001
