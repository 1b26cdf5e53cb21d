from typing import Any

import pytest

from ingestion.parsing.json_fields import value_at
from ingestion.platform import Ignored, Post, Unmappable, withhold
from ingestion.platforms.linkedin import PLATFORM

CREATED_MS = 1_714_979_289_500
CREATED_US = CREATED_MS * 1000
SEEN_US = CREATED_US + 3_600_000_000
SHARE = "urn:li:share:7000000000000000001"
ACTIVITY = "urn:li:activity:7000000000000000002"
COMMENT = f"urn:li:comment:({ACTIVITY},7000000000000000003)"
COMPANY = "urn:li:organization:5001"


def post(**fields: Any) -> dict[str, Any]:
    return {
        "id": SHARE,
        "author": COMPANY,
        "commentary": r"Thanks @[Ada Birch](urn:li:person:abc) and "
        r"@[Corner Roastery](urn:li:organization:9) "
        r"\(all\) {hashtag|\#|Coffee}",
        "visibility": "PUBLIC",
        "lifecycleState": "PUBLISHED",
        "createdAt": CREATED_MS,
        "lastModifiedAt": CREATED_MS,
        **fields,
    }


def comment(**fields: Any) -> dict[str, Any]:
    return {
        "actor": "urn:li:person:abc",
        "created": {"actor": "urn:li:person:abc", "time": CREATED_MS},
        "lastModified": {"actor": "urn:li:person:abc", "time": CREATED_MS},
        "id": "7000000000000000003",
        "message": {
            "text": "Well done Bo Elm at Corner",
            "attributes": [
                {
                    "start": 10,
                    "length": 6,
                    "value": {"com.linkedin.common.MemberAttributedEntity": {}},
                },
                {
                    "start": 20,
                    "length": 6,
                    "value": {"com.linkedin.common.CompanyAttributedEntity": {}},
                },
            ],
        },
        "object": ACTIVITY,
        **fields,
    }


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post), answer
    return answer


def answers(document: Any) -> list[Any]:
    return [PLATFORM.map(payload, None) for payload in PLATFORM.payloads(document)]


def test_a_post_becomes_a_post_with_its_markup_resolved():
    payload = post()
    assert mapped_post(payload) == Post(
        post_id=SHARE,
        created_at=CREATED_US,
        author_id=COMPANY,
        mentions=("Ada Birch",),
        text="Thanks Ada Birch and Corner Roastery (all) #Coffee",
        url=f"https://www.linkedin.com/feed/update/{SHARE}",
        channel=COMPANY,
        hashtags=("Coffee",),
        raw=payload,
    )


def test_a_person_s_post_has_no_channel():
    assert mapped_post(post(author="urn:li:person:abc")).channel is None


def test_a_comment_has_the_urn_of_its_object_and_id():
    found = mapped_post(comment(likesSummary={"totalLikes": 3}))
    assert (found.post_id, found.reply_to, found.author_id) == (
        COMMENT,
        ACTIVITY,
        "urn:li:person:abc",
    )
    assert (found.text, found.mentions) == ("Well done Bo Elm at Corner", ("Bo Elm",))
    assert found.metrics == {"like_count": 3}
    assert mapped_post(comment(commentUrn=COMMENT, id="x")).post_id == COMMENT


def test_a_reply_answers_a_comment():
    assert mapped_post(comment(parentComment=COMMENT)).reply_to == COMMENT


def test_an_edit_has_its_own_time_as_version():
    assert mapped_post(post(lastModifiedAt=CREATED_MS + 60_000)).version == CREATED_US + 60_000_000
    assert (
        mapped_post(comment(lastModified={"time": CREATED_MS + 60_000})).version
        == CREATED_US + 60_000_000
    )
    assert mapped_post(post()).version == 0


def test_a_deleted_post_is_a_delete_that_carries_nothing():
    gone = mapped_post(post(lifecycleState="DELETED", commentary="SECRET"), SEEN_US)
    assert (gone.post_id, gone.op, gone.version) == (SHARE, "delete", SEEN_US)
    assert "SECRET" not in repr(gone)


def test_a_notice_of_a_deleted_comment_is_a_delete():
    notice = {
        "notificationId": 5,
        "action": "COMMENT_DELETE",
        "generatedActivity": COMMENT,
        "lastModifiedAt": CREATED_MS + 60_000,
        "decoratedGeneratedActivity": {"text": "SECRET"},
    }
    (gone,) = answers({"notifications": [notice]})
    assert (gone.post_id, gone.op, gone.version) == (COMMENT, "delete", CREATED_US + 60_000_000)
    assert "SECRET" not in repr(gone)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (post(visibility="CONNECTIONS"), "non-public post"),
        ({"visibility": "LOGGED_IN", "commentary": "x"}, "non-public post"),
        (post(lifecycleState="DRAFT"), "unpublished post"),
        ({"action": "COMMENT_EDIT"}, "notice COMMENT_EDIT"),
        ({"action": "made up"}, "notice"),
        ({"reactionType": "LIKE", "id": "x"}, "reaction"),
        ({"localizedName": "x", "id": 5}, "organization"),
        ({}, "other"),
    ],
)
def test_other_things_are_ignored_by_kind(item: Any, kind: str):
    assert answers(item) == [Ignored(kind=kind)]


@pytest.mark.parametrize(
    "document",
    [
        [post()],
        {"elements": [post()], "paging": {"start": 0}},
        {"results": {SHARE: post()}, "statuses": {SHARE: 200}},
        {"observed_at": 5, "body": {"elements": [post()]}},
    ],
)
def test_posts_are_found_in_every_kind_of_answer(document: Any):
    assert [mapped.post_id for mapped in answers(document)] == [SHARE]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (post(id="7000"), "id"),
        (post(author=None), "author"),
        (post(createdAt=None), "createdAt"),
        (post(createdAt=10**20), "createdAt"),
        (post(lastModifiedAt="x"), "lastModified"),
        (post(commentary=5), "commentary"),
        (comment(id=None), "id"),
        (comment(object=None), "object"),
        (comment(message={}), "message.text"),
        (comment(created={}), "created.time"),
        ({"action": "COMMENT_DELETE"}, "generatedActivity"),
        (None, "id"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    is_public = value_at(payload, "visibility") == "PUBLIC"
    kept = Unmappable(detail=detail, raw=payload)
    assert PLATFORM.map(payload, None) == (kept if is_public else withhold(detail, payload))
