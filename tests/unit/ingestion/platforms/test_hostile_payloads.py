"""Each mapper answers any payload: in good payloads, one part after the other is made wrong."""

import copy
import random
from typing import Any

import pytest

from foundation.keys import PseudonymKey
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Ignored, Post, Unmappable
from ingestion.platforms import PLATFORMS
from tests.unit.ingestion.platforms import (
    test_custom,
    test_facebook,
    test_hackernews,
    test_instagram,
    test_linkedin,
    test_mastodon,
    test_x,
)

WRONG = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\ud800",
    "<![CDATA[",
    "@" * 9,
    "9" * 40,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"data": [None]},
    {"data": {}},
    {"id": {}},
    {"": []},
    {"summary": 5},
    ["a", 5],
]

GOOD: dict[str, list[Any]] = {
    "mastodon": [
        test_mastodon.status(
            quote={"quoted_status": test_mastodon.status()}, reblog=test_mastodon.status()
        ),
        {"event": "delete", "payload": "1", "uri": test_mastodon.URI},
        {"statuses": [test_mastodon.status()]},
    ],
    "x": [
        {
            "data": [
                test_x.tweet(
                    referenced_tweets=[{"type": "replied_to", "id": "5"}],
                    note_tweet={"text": "t"},
                    entities={"mentions": [{"username": "u"}], "hashtags": [{"tag": "t"}]},
                )
            ],
            "includes": {"users": [test_x.USER], "tweets": [test_x.tweet()]},
        },
        test_x.v1(quoted_status=test_x.v1(), entities={"user_mentions": [{"screen_name": "s"}]}),
        {"id": test_x.ID, "action": "delete", "redacted_at": "2024-05-06T07:28:09.500Z"},
        {"delete": {"status": {"id_str": test_x.ID}}},
    ],
    "facebook": [
        test_facebook.post(
            comments={"data": [test_facebook.comment()]},
            message_tags=[{"name": "n"}],
            privacy={"value": ""},
            updated_time=test_facebook.CREATED,
        ),
        {"data": [test_facebook.comment(parent={"id": "1_2"})]},
        {"1_2": test_facebook.post()},
    ],
    "instagram": [
        test_instagram.medium(
            comments={
                "data": [
                    test_instagram.comment(
                        replies={"data": [test_instagram.comment(media={"id": "1"}, parent_id="2")]}
                    )
                ]
            }
        ),
        {"business_discovery": {"media": {"data": [test_instagram.medium()]}}},
    ],
    "linkedin": [
        test_linkedin.post(),
        {"elements": [test_linkedin.comment()]},
        {
            "action": "COMMENT_DELETE",
            "generatedActivity": test_linkedin.COMMENT,
            "lastModifiedAt": 5,
        },
    ],
    "hackernews": [
        test_hackernews.story(),
        test_hackernews.comment(),
        test_hackernews.comment(deleted=True),
    ],
    "custom": [
        test_custom.item(edited=test_custom.CREATED),
        {"items": [{"id": 5, "deleted": True, "time": test_custom.CREATED}]},
        {"author": "a", "deleted": True},
    ],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [at, *(place for key, within in inner for place in places(within, (*at, key)))]


def damaged(document: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    whole = [copy.deepcopy(document)]
    holder = whole
    for step in (0, *place)[:-1]:
        holder = holder[step]
    holder[(0, *place)[-1]] = copy.deepcopy(wrong)
    return whole[0]


def check(platform: str, document: Any) -> None:
    maker = RecordMaker(platform=platform, owner="public", key=PseudonymKey(1, b"0" * 32))
    for payload in PLATFORMS[platform].payloads(document):
        for observed_at in (None, 1_800_000_000_000_000):
            mapped = PLATFORMS[platform].map(payload, observed_at)
            assert isinstance(mapped, Post | AuthorDelete | Ignored | Unmappable)
            if not isinstance(mapped, Ignored):
                assert maker.make(mapped, observed_at=1_800_000_000_000_000).value


@pytest.mark.parametrize("platform", GOOD)
def test_one_wrong_part_makes_no_mapper_raise(platform: str):
    for document in GOOD[platform]:
        check(platform, document)
        for place in places(document):
            for wrong in WRONG:
                check(platform, damaged(document, place, wrong))


@pytest.mark.parametrize("platform", GOOD)
def test_several_wrong_parts_make_no_mapper_raise(platform: str):
    chance = random.Random(7)
    for _ in range(400):
        document = chance.choice(GOOD[platform])
        for _ in range(chance.randint(2, 5)):
            document = damaged(document, chance.choice(places(document)), chance.choice(WRONG))
        check(platform, document)


@pytest.mark.parametrize("platform", GOOD)
def test_another_platform_s_payloads_make_no_mapper_raise(platform: str):
    for documents in GOOD.values():
        for document in documents:
            check(platform, document)
