"""Simulated answers have the shape of recorded ones, so simulators cannot drift to suit our code.

Failures name fields and types, never what the recordings say.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingestion.simulators import (
    bluesky,
    facebook,
    hackernews,
    instagram,
    linkedin,
    mastodon,
    reddit,
    x,
)
from ingestion.simulators.server.scenario import Scenario, ScenarioEvent
from ingestion.simulators.server.state import SimulatedPost, World

RECORDINGS = Path(__file__).parents[4].parent / "shared" / "data" / "platforms"
recorded = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms"
)

NOW = 1_767_300_000_123_456
MADE = SimulatedPost(12, 3, "A & B <3\n\nsecond", NOW, NOW)
CREATED = ScenarioEvent(NOW, 12, "create", 3, "Hello")

Shape = dict[str, set[str]]  # path of a field → its types


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    yield path, type(value).__name__
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from shape(inner, f"{path}.{name}")
    if isinstance(value, list):
        for inner in value:
            yield from shape(inner, f"{path}[]")


def shapes(values: list[Any]) -> tuple[Shape, set[str]]:
    """Return the types of each field, and the fields that every value has."""
    types: Shape = {}
    always: set[str] | None = None
    for value in values:
        fields = list(shape(value))
        for path, kind in fields:
            types.setdefault(path, set()).add(kind)
        names = {path for path, _ in fields}
        always = names if always is None else always & names
    return types, always or set()


def lines(*names: str) -> list[Any]:
    with gzip.open(RECORDINGS.joinpath(*names), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def assert_same_shape(made: list[Any], real: list[Any]) -> None:
    """Check that every simulated field is recorded with its type.

    Every field that all recordings have must be simulated, too.
    """
    assert real, "there are recordings to compare with"
    types, always = shapes(real)
    made_types, made_always = shapes(made)
    unknown = {
        path: kinds for path, kinds in made_types.items() if not kinds <= types.get(path, set())
    }
    assert unknown == {}, "made, but never recorded so"
    assert always - made_always == set(), "always recorded, but not made"


@recorded
def test_statuses_are_those_of_mastodon():
    real = [status for status in lines("mastodon", "statuses.jsonl.gz") if status.get("content")]
    assert_same_shape([mastodon.status_of(MADE)], real)
    edited = mastodon.status_of(replace(MADE, edited_at=NOW + 5))
    assert edited.pop("edited_at") == "2026-01-01T20:40:00.123Z"
    assert edited == {
        name: value for name, value in mastodon.status_of(MADE).items() if name != "edited_at"
    }


@recorded
def test_pages_have_mastodons_headers():
    real = [
        line["headers"]
        for line in lines("mastodon", "responses.jsonl.gz")
        if "/timelines/" in line["uri"]
    ]
    assert real
    page = mastodon.listing_page(
        {mastodon.status_id(MADE): MADE}, mastodon.Request("/p", {}, {"host": "h"})
    )
    assert any("link" in headers for headers in real)
    (link,) = next(headers["link"] for headers in real if "link" in headers)
    for rel, name in (("next", "max_id"), ("prev", "min_id")):
        assert f'rel="{rel}"' in link
        assert f'rel="{rel}"' in page.headers["Link"]
        assert name in link
        assert name in page.headers["Link"]
    assert all(
        {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(headers)
        for headers in real
    )


@recorded
@pytest.mark.parametrize(("kind", "operation"), [("create", "create"), ("delete", "delete")])
def test_lines_are_those_of_jetstream(kind, operation):
    real = [
        line
        for line in lines("bluesky", "jetstream_v1.jsonl.gz")
        if line["kind"] == "commit"
        and line["commit"]["operation"] == operation
        and (operation == "delete" or line["commit"]["collection"] == "app.bsky.feed.post")
    ]
    happening = ScenarioEvent(NOW, 12, kind, 3, "Hello")
    assert_same_shape([bluesky.v1_line(happening, 0)], real)


@recorded
def test_account_lines_are_those_of_jetstream_with_a_status():
    real = [line for line in lines("bluesky", "jetstream_v1.jsonl.gz") if line["kind"] == "account"]
    made = bluesky.v1_line(ScenarioEvent(NOW, 3, "leave", 3, ""), 0)
    # recorded accounts are all active, and give no status
    assert made["account"].pop("status") == "deleted"
    assert_same_shape([made], real)


@recorded
def test_jobs_are_the_compliance_jobs_of_x():
    folder = RECORDINGS / "x" / "endpoints" / "apis" / "compliance_jobs"
    real = [
        json.loads((folder / f"{name}.json").read_text())["data"]
        for name in ("create_job_resp", "job_resp")
    ]
    assert_same_shape([x.job_of("1", NOW, "http://here")], real)


def test_v2_messages_have_what_the_lexicon_requires():
    required = {"$type", "seq", "did", "time", "rev", "operation", "collection", "rkey"}
    for kind in ("create", "edit", "delete"):
        message = bluesky.v2_message(ScenarioEvent(NOW, 12, kind, 3, "Hello"), 4)
        assert message["$type"] == "message"
        assert required <= set(message["payload"])
        assert (
            ("record" in message["payload"]) == ("cid" in message["payload"]) == (kind != "delete")
        )
    account = bluesky.v2_message(ScenarioEvent(NOW, 3, "leave", 3, ""), 4)["payload"]
    assert {"$type", "seq", "did", "time", "account"} <= set(account)


def test_items_have_the_documented_fields_of_hacker_news():
    documented = {
        "id",
        "deleted",
        "type",
        "by",
        "time",
        "text",
        "dead",
        "parent",
        "poll",
        "kids",
        "url",
        "score",
        "title",
        "parts",
        "descendants",
    }
    for number in range(1, 12):
        for deleted_at in (None, NOW + 1):
            item = hackernews.item_of(
                SimulatedPost(number, 3, "x", NOW, NOW, deleted_at=deleted_at)
            )
            assert set(item) <= documented
            assert isinstance(item["time"], int)
            assert item["type"] in {"story", "comment"}
            assert deleted_at is None or item.get("deleted") or item.get("dead")


@recorded
@pytest.mark.parametrize(("file", "number"), [("comments", 11), ("submissions", 12)])
def test_things_are_those_of_reddit(file, number):
    real = [thing for thing in lines("reddit", f"{file}.jsonl.gz") if thing["kind"] in {"t1", "t3"}]
    assert_same_shape([reddit.thing_of(replace(MADE, number=number))], real)
    edited = reddit.thing_of(replace(MADE, number=12, edited_at=NOW + 300_000_000))
    assert_same_shape([edited], lines("reddit", "submissions.jsonl.gz"))


@recorded
def test_listings_are_those_of_reddit():
    real = [
        line
        for line in lines("reddit", "listing_responses.jsonl.gz")
        if isinstance(line["body"], dict)
    ]
    real = [line for line in real if line["body"].get("kind") == "Listing" and "/r/" in line["uri"]]
    made = reddit.listing_page([], "t3_a")
    _, always = shapes(
        [{**line["body"], "data": {**line["body"]["data"], "children": []}} for line in real]
    )
    assert always <= shapes([made])[1]
    assert {"kind", "data"} <= set(made)


@recorded
def test_tweets_and_pages_are_those_of_x():
    real = lines("x", "tweets_v2.jsonl.gz")
    for file in RECORDINGS.glob("x/endpoints/**/*.json"):
        answer = json.loads(file.read_text(encoding="utf-8"))
        data = answer.get("data") if isinstance(answer, dict) else None
        real += [
            item
            for item in (data if isinstance(data, list) else [data])
            if isinstance(item, dict) and "text" in item
        ]
    types, _ = shapes(real)
    made_types, _ = shapes([x.tweet_of(MADE)])
    assert {
        path: kinds for path, kinds in made_types.items() if not kinds <= types.get(path, set())
    } == {}
    (search,) = [
        line for line in lines("x", "responses.jsonl.gz") if "search/recent" in line["uri"]
    ]
    assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= set(
        search["headers"]
    )
    request = x.Request("/s", {"query": ["q"], "max_results": ["10"]}, {})
    page = x.search_page(
        World(Scenario(), lambda: NOW), [replace(MADE, number=n) for n in range(1, 13)], request
    ).body
    assert set(page) == {"data", "meta"} <= set(search["body"])
    assert set(page["meta"]) == set(search["body"]["meta"])


def objects(platform: str, *parts: str) -> list[Any]:
    """Return all objects with these fields, from every recorded answer of a platform."""
    todo = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in RECORDINGS.glob(f"{platform}/apidata/**/*.json")
    ]
    found = []
    while todo:
        item = todo.pop()
        todo += item.values() if isinstance(item, dict) else item if isinstance(item, list) else []
        if isinstance(item, dict) and set(parts) <= set(item):
            found.append(item)
    return found


def assert_known(made: list[Any], real: list[Any]) -> None:
    """Check that every simulated field is recorded with that type."""
    types, _ = shapes(real)
    made_types, _ = shapes(made)
    assert {
        path: kinds for path, kinds in made_types.items() if not kinds <= types.get(path, set())
    } == {}


@recorded
def test_posts_comments_and_pages_are_those_of_facebook():
    assert_known([facebook.post_of(MADE)], objects("facebook", "id", "created_time"))
    assert_known([facebook.comment_of(MADE)], objects("facebook", "message", "created_time"))
    page = facebook.listing_page(
        [facebook.post_of(MADE)] * 3, facebook.Request("/", {"limit": ["2"]}, {})
    ).body
    assert_known(
        [{**page, "data": []}],
        [{**answer, "data": []} for answer in objects("facebook", "data", "paging")],
    )


@recorded
def test_media_and_pages_are_those_of_instagram():
    assert_known([instagram.medium_of(MADE)], objects("instagram", "id", "media_type"))
    page = instagram.listing_page([{}] * 3, instagram.Request("/", {"limit": ["2"]}, {}), {}).body
    assert_known(
        [{**page, "data": []}],
        [{**answer, "data": []} for answer in objects("instagram", "data", "paging")],
    )


def test_posts_and_comments_have_the_documented_fields_of_linkedin():
    assert {"id", "author", "commentary", "visibility", "lifecycleState"} <= set(
        linkedin.post_of(MADE)
    )
    comment = linkedin.comment_of(MADE)
    assert {"actor", "created", "lastModified", "id", "message", "object"} <= set(comment)
    assert isinstance(comment["created"]["time"], int)
    assert comment["created"]["time"] > 10**12, "milliseconds"
    assert isinstance(comment["message"]["text"], str)
