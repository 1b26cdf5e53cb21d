from typing import Any

import pytest

from ingestion.parsing.json_fields import value_at
from ingestion.platform import Ignored, Post, Unmappable, withhold
from ingestion.platforms.hackernews import PLATFORM

CREATED_US = 1_714_979_289_000_000
SEEN_US = CREATED_US + 3_600_000_000


def story(**fields: Any) -> dict[str, Any]:
    return {
        "id": 42,
        "type": "story",
        "by": "gull",
        "time": 1_714_979_289,
        "title": "Tides &amp; you",
        "url": "https://a.example/",
        "score": 9,
        "descendants": 2,
        "kids": [43],
        **fields,
    }


def comment(**fields: Any) -> dict[str, Any]:
    return {
        "id": 43,
        "type": "comment",
        "by": "tern",
        "time": 1_714_979_289,
        "parent": 42,
        "text": "It&#x27;s <i>fine</i>.<p>Really",
        **fields,
    }


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post), answer
    return answer


def answers(document: Any) -> list[Any]:
    return [PLATFORM.map(payload, None) for payload in PLATFORM.payloads(document)]


def test_a_story_becomes_a_post():
    payload = story()
    assert mapped_post(payload) == Post(
        post_id="42",
        created_at=CREATED_US,
        author_id="gull",
        author_handle="gull",
        title="Tides & you",
        url="https://news.ycombinator.com/item?id=42",
        metrics={"score": 9, "descendants": 2},
        raw=payload,
    )


def test_a_comment_is_plain_text_and_answers_its_parent():
    post = mapped_post(comment())
    assert (post.post_id, post.reply_to, post.title, post.text) == (
        "43",
        "42",
        None,
        "It's fine.\n\nReally",
    )


@pytest.mark.parametrize("kind", ["job", "poll"])
def test_jobs_and_polls_are_posts(kind: str):
    assert mapped_post(story(type=kind, text="<p>Come")).text == "Come"


@pytest.mark.parametrize("mark", ["deleted", "dead"])
def test_deleted_and_dead_items_are_deletes_that_carry_nothing(mark: str):
    gone = mapped_post(comment(**{mark: True}, text="SECRET", by="SECRET"), SEEN_US)
    assert (gone.post_id, gone.op, gone.version, gone.created_at) == (
        "43",
        "delete",
        SEEN_US,
        CREATED_US,
    )
    assert "SECRET" not in repr(gone)
    assert gone.raw[mark] is True


def test_an_item_of_which_only_the_id_is_left_is_a_delete():
    assert mapped_post({"id": 43, "deleted": True}).created_at is None


@pytest.mark.parametrize(
    ("document", "kinds"),
    [
        (None, ["null item"]),
        ({"url": "x", "body": None}, ["null item"]),
        ([5, 6], ["item id", "item id"]),
        ({"items": [5], "profiles": ["gull"]}, ["updates"]),
        ({"id": "gull", "karma": 7, "created": 1}, ["user"]),
        ({"id": 44, "type": "pollopt", "text": "x", "poll": 42}, ["pollopt"]),
    ],
)
def test_other_things_are_ignored_by_kind(document: Any, kinds: list[str]):
    assert answers(document) == [Ignored(kind=kind) for kind in kinds]


def test_items_are_found_in_lists_and_wrapped():
    assert [
        mapped.post_id for mapped in answers({"observed_at": 5, "body": [story(), comment()]})
    ] == ["42", "43"]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (story(id=None), "id"),
        (story(id="42"), "id"),
        (story(id=True), "id"),
        (story(time=None), "time"),
        (story(time=1.5), "time"),
        (story(time=10**15), "time"),
        (story(title=None), "title"),
        (story(type="essay"), "type"),
        (story(by=5), "by"),
        (comment(text=None), "text"),
        (comment(parent=None), "parent"),
        ({"hits": []}, "id"),
        ("x", "id"),
        (True, "id"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    is_public = value_at(payload, "type") in ("story", "comment")
    kept = Unmappable(detail=detail, raw=payload)
    assert PLATFORM.map(payload, None) == (kept if is_public else withhold(detail, payload))
