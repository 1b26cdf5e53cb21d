from datetime import date
from typing import Any

import pytest

from ingestion.platform import Ignored, Post, withhold
from ingestion.platforms.instagram import PLATFORM

CREATED = "2024-05-06T07:08:09+0000"
CREATED_US = 1_714_979_289_000_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def shortcode(micros: int) -> str:
    number = (micros // 1000 - 1_314_220_021_721) << 23
    code = ""
    while number:
        number, digit = divmod(number, 64)
        code = ALPHABET[digit] + code
    return code


LINK = f"https://www.instagram.com/p/{shortcode(CREATED_US + 1_000_000)}/"


def medium(**fields: Any) -> dict[str, Any]:
    return {
        "id": "17001",
        "caption": "Tea time with @mossy.fern #Tea",
        "media_type": "IMAGE",
        "timestamp": CREATED,
        "permalink": LINK,
        "like_count": 3,
        "comments_count": 1,
        "username": "pebble",
        "owner": {"id": "501"},
        **fields,
    }


def comment(**fields: Any) -> dict[str, Any]:
    return {
        "id": "18001",
        "text": "@pebble yes",
        "timestamp": CREATED,
        "username": "mossy.fern",
        "like_count": 1,
        **fields,
    }


def without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post), answer
    return answer


def answers(document: Any) -> list[Any]:
    return [PLATFORM.map(payload, None) for payload in PLATFORM.payloads(document)]


def test_a_medium_becomes_a_post():
    payload = medium()
    assert mapped_post(payload) == Post(
        post_id="17001",
        created_at=CREATED_US,
        day=date(2024, 5, 6),
        author_id="501",
        author_handle="pebble",
        mentions=("mossy.fern",),
        text="Tea time with @mossy.fern #Tea",
        url=LINK,
        hashtags=("Tea",),
        metrics={"like_count": 3, "comments_count": 1},
        raw=payload,
    )


def test_a_medium_found_by_hashtag_takes_time_and_day_from_its_link():
    found = mapped_post(without(medium(), "timestamp", "username", "owner"))
    assert (found.created_at, found.day, found.author_id) == (
        CREATED_US + 1_000_000,
        date(2024, 5, 6),
        None,
    )


def test_a_medium_without_time_and_link_is_a_post_all_the_same():
    found = mapped_post(
        {"id": "17001", "media_type": "IMAGE", "like_count": 1, "comments_count": 0}
    )
    assert (found.created_at, found.day, found.text, found.author_id) == (None, None, None, None)


def test_a_time_that_cannot_be_is_not_read_from_a_link():
    found = mapped_post(medium(permalink="https://www.instagram.com/p/___________/"), CREATED_US)
    assert (found.day, found.created_at) == (None, CREATED_US)


def test_a_comment_becomes_a_post():
    found = mapped_post(comment(media={"id": "17001"}))
    assert (found.post_id, found.text, found.reply_to) == ("18001", "@pebble yes", "17001")
    assert (found.author_id, found.author_handle, found.mentions) == (
        "mossy.fern",
        "mossy.fern",
        ("pebble",),
    )
    assert mapped_post(comment(**{"from": {"id": "77"}})).author_id == "77"


def test_nested_comments_are_posts_of_their_own_and_leave_nothing_behind():
    outer = comment(text="OUTER", replies={"data": [comment(id="18002", text="INNER")]})
    document = medium(comments={"data": [outer]})
    found = answers(document)
    assert [(post.post_id, post.reply_to) for post in found] == [
        ("17001", None),
        ("18001", "17001"),
        ("18002", "18001"),
    ]
    assert "OUTER" not in repr(found[0])
    assert "INNER" not in repr(found[1])
    assert "INNER" in repr(document), "the caller's document is left as it is"


def test_the_children_of_a_carousel_are_parts_of_it():
    child = {"id": "17002", "media_type": "IMAGE", "permalink": LINK, "timestamp": CREATED}
    album = medium(media_type="CAROUSEL_ALBUM", children={"data": [child]})
    assert [post.post_id for post in answers(album)] == ["17001"]
    assert answers({"data": [child]}) == [Ignored(kind="part of a carousel, or story")]


@pytest.mark.parametrize(
    "document",
    [
        [medium()],
        {"data": [medium()], "paging": {"cursors": {"after": "x"}}},
        {"17001": medium()},
        {"mentioned_media": medium(), "id": "9"},
        {"business_discovery": {"media": {"data": [medium()]}, "id": "8"}, "id": "9"},
        {"observed_at": 5, "body": {"data": [medium()]}},
    ],
)
def test_media_are_found_in_every_kind_of_answer(document: Any):
    assert [mapped.post_id for mapped in answers(document)] == ["17001"]


def test_a_mentioned_comment_is_found():
    assert [mapped.post_id for mapped in answers({"mentioned_comment": comment(), "id": "9"})] == [
        "18001"
    ]


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (medium(permalink="https://instagram.com/stories/pebble/123"), "story"),
        (medium(media_product_type="STORY"), "story"),
        (medium(media_type="BROADCAST"), "live media"),
        (comment(hidden=True), "hidden comment"),
        ({"id": "5", "username": "a", "followers_count": 3}, "account"),
        ({"business_discovery": {"username": "a", "id": "8"}, "id": "9"}, "account"),
        ({"data": [{"id": "5", "name": "tea"}]}, "hashtag"),
        ({"data": [{"name": "reach", "period": "day", "values": []}]}, "insight"),
        ({"id": "5"}, "id"),
        ({"error": {"message": "x"}}, "error"),
    ],
)
def test_other_things_are_ignored_by_kind(item: Any, kind: str):
    assert answers(item) == [Ignored(kind=kind)]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (medium(id=17001), "id"),
        (medium(id="x"), "id"),
        (medium(caption=5), "caption"),
        (medium(timestamp="now"), "timestamp"),
        (comment(text=None), "text"),
        (comment(username=5), "username"),
        (None, "id"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    assert PLATFORM.map(payload, None) == withhold(detail, payload)


def test_comments_nested_very_deep_are_walked_without_recursion():
    document = comment()
    for _ in range(3000):
        document = comment(replies={"data": [document]})
    assert sum(1 for _ in PLATFORM.payloads(document)) == 3001
