"""Replayed real recordings match counts of the files that share no code with the mappers.

Failures print numbers and ids, never the recorded texts.
"""

import gzip
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from foundation.keys import PseudonymKey
from ingestion.kafka.producer import MemoryProducer
from ingestion.kafka.records import RecordMaker
from ingestion.platforms import PLATFORMS
from ingestion.recordings.replay import ReplayReport, replay
from schemas.event import json_schema
from tests.support.clock import machine_micros

RECORDINGS = Path(__file__).parents[4].parent / "shared" / "data" / "platforms"
REDDIT = ("submissions", "comments", "listing_responses")

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms"
)


@cache
def replayed(platform: str, name: str) -> tuple[ReplayReport, MemoryProducer]:
    kafka = MemoryProducer()
    maker = RecordMaker(platform=platform, owner="public", key=PseudonymKey(1, b"0" * 32))
    file = RECORDINGS / platform / f"{name}.jsonl.gz"
    return replay(PLATFORMS[platform], [file], kafka, maker, machine_micros), kafka


def events(platform: str, name: str) -> list[Any]:
    return [json.loads(value or b"") for _, _, value, _ in replayed(platform, name)[1].messages]


@cache
def text_of(platform: str, name: str) -> str:
    """Return the file with each line's JSON spaced uniformly, so regular expressions can count."""
    with gzip.open(RECORDINGS / platform / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return "\n".join(json.dumps(json.loads(line), separators=(",", ":")) for line in lines)


def things(name: str) -> Counter[str]:
    """Count the things of each kind: {"kind":"…","data":{ in either order of its two keys."""
    return Counter(re.findall(r'"kind":"(t\d|more|Listing)"', text_of("reddit", name)))


def is_dead(data: Any) -> bool:
    """Return whether the text is only [deleted] or [removed], or a field says it was removed."""
    says_so = (data.get("body") or data.get("selftext")) in {"[deleted]", "[removed]"}
    return says_so or bool(
        data.get("banned_by") or data.get("removed_by_category") or data.get("removed")
    )


def gone(name: str) -> int:
    """Count the things that are deleted or removed."""
    documents = [json.loads(line) for line in text_of("reddit", name).splitlines()]
    return sum(is_dead(thing["data"]) for thing in walk(documents) if thing["kind"] in {"t1", "t3"})


def hidden(name: str) -> int:
    """Return the things of a subreddit that only its members can read."""
    return len(re.findall(r'(?<!\\)"subreddit_type":"private"', text_of("reddit", name)))


@pytest.mark.parametrize("name", REDDIT)
def test_reddit_counts_agree_with_a_scan_of_the_text(name: str):
    report, kafka = replayed("reddit", name)
    found = things(name)
    in_crossposts = len(
        re.findall(r'"crosspost_parent_list":\[\{[^}]*"kind":', text_of("reddit", name))
    )
    assert in_crossposts == 0, (
        "parents of a crosspost come without kind, so the scan cannot mistake them"
    )
    posts = found["t1"] + found["t3"] - hidden(name)
    assert report.sent == posts == len(kafka.messages) == report.upserts + report.deleted
    others = {kind: n for kind, n in found.items() if kind not in {"t1", "t3", "Listing"}}
    assert report.ignored == others | ({"private subreddit": hidden(name)} if hidden(name) else {})
    assert report.rejected == {}
    assert report.deleted == gone(name)
    assert posts > 2000, "the recordings are there and not empty"


def walk(value: Any) -> Any:
    """Yield every object in a document that has `kind` and `data`."""
    if isinstance(value, dict):
        if {"kind", "data"} <= set(value):
            yield value
        for inner in value.values():
            yield from walk(inner)
    if isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def edited_at(event: Any) -> int:
    """Return an upsert's version. A delete without a time of its own has the replay's time."""
    if event["op"] == "delete":
        assert event["version"] == event["observed_at"]
        return 0
    return int(event["version"])


@pytest.mark.parametrize("name", REDDIT)
def test_reddit_posts_are_the_ones_in_the_file_with_author_and_time(name: str):
    expected: Counter[Any] = Counter()
    for line in text_of("reddit", name).splitlines():
        for thing in walk(json.loads(line)):
            data = thing["data"]
            if thing["kind"] in {"t1", "t3"} and data.get("subreddit_type") != "private":
                dead = is_dead(data)
                author = None if dead or data["author"] == "[deleted]" else data["author"]
                moment = data["edited"] if isinstance(data.get("edited"), float) and not dead else 0
                seconds = (int(data["created_utc"]), int(moment))
                expected[
                    (
                        f"{thing['kind']}_{data['id']}",
                        "delete" if dead else "upsert",
                        author,
                        *seconds,
                    )
                ] += 1
    found = Counter(
        (e["post_id"], e["op"], e["author_id"], e["created_at"] // 10**6, edited_at(e) // 10**6)
        for e in events("reddit", name)
    )
    assert [row[0] for row in (found - expected) + (expected - found)] == []


def test_no_private_message_is_in_anything_that_was_sent():
    texts: set[bytes] = set()
    ids: set[bytes] = set()
    for line in text_of("reddit", "listing_responses").splitlines():
        for thing in walk(json.loads(line)):
            if thing["kind"] == "t4":
                ids.add(f"t4_{thing['data']['id']}".encode())
                texts.add(json.dumps(thing["data"]["body"], ensure_ascii=False)[1:-1].encode())
    assert len(ids) > 100
    sent = b"\n".join(
        value or b"" for _, _, value, _ in replayed("reddit", "listing_responses")[1].messages
    )
    assert [i for i in ids if i in sent] == []
    assert sum(text in sent for text in texts if len(text) > 20) == 0


def test_a_nested_comment_is_in_no_other_record_than_its_own():
    for event in events("reddit", "comments"):
        data = json.loads(event["raw"])["data"]
        assert not data.get("replies")


@pytest.mark.parametrize(
    ("platform", "name"), [*(("reddit", name) for name in REDDIT), ("bluesky", "jetstream_v1")]
)
def test_every_event_keeps_its_json_schema_and_has_a_day(platform: str, name: str):
    valid = jsonschema_rs.validator_for(json_schema())
    assert [
        e["event_id"] for e in events(platform, name) if not valid.is_valid(e) or not e["day"]
    ] == []


def test_deletes_carry_no_content():
    for name in REDDIT:
        for event in events("reddit", name):
            if event["op"] == "delete":
                assert event["title"] is event["text"] is event["author_id"] is event["url"] is None
                assert not {"title", "author", "permalink", "url"} & set(
                    json.loads(event["raw"])["data"]
                )


def test_bluesky_counts_agree_with_a_scan_of_the_text():
    text = text_of("bluesky", "jetstream_v1")
    report, _ = replayed("bluesky", "jetstream_v1")
    rows = text.splitlines()
    commits = Counter(
        re.search(r'"operation":"(\w+)","collection":"([\w.]+)"', row).groups()
        for row in rows
        if '"kind":"commit"' in row
    )
    assert report.upserts == commits[("create", "app.bsky.feed.post")] > 10
    assert report.deleted == commits[("delete", "app.bsky.feed.post")] > 0
    others = sum(n for (_, collection), n in commits.items() if collection != "app.bsky.feed.post")
    accounts = len(rows) - commits.total()
    assert report.ignored.total() == others + accounts
    assert (report.author_deletes, report.rejected) == (0, {})


def test_bluesky_texts_and_days_are_the_file_s():
    rows = [json.loads(row) for row in text_of("bluesky", "jetstream_v1").splitlines()]
    posts = [row for row in rows if row.get("commit", {}).get("collection") == "app.bsky.feed.post"]
    found = {e["post_id"]: e for e in events("bluesky", "jetstream_v1")}
    assert len(found) == len(posts)
    for row in posts:
        event = found[f"{row['did']}/app.bsky.feed.post/{row['commit']['rkey']}"]
        record = row["commit"].get("record", {})
        assert (event["text"] == record.get("text"), event["lang"]) == (
            True,
            (record.get("langs") or [None])[0],
        )
        assert not record or event["day"] == record["createdAt"][:10]
        assert event["author_id"] == row["did"]
