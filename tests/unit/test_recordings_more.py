"""The real recordings of X, Mastodon, Facebook and Instagram, replayed, against counts that share no code with us.

They are taken by regular expressions over the text, and by walks that know nothing of answers or mappers.
Failures print numbers and ids, never the recorded texts.
"""

import base64
import gzip
import html
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from foundation.keys import PseudonymKey
from ingestion.platforms import PLATFORMS
from ingestion.produce import MemoryProducer
from ingestion.records import RecordMaker
from ingestion.replay import ReplayReport, replay
from schemas.event import json_schema

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data" / "platforms"
NAMES = ("mastodon", "x", "facebook", "instagram")

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms")


@cache
def files(platform: str) -> tuple[Path, ...]:
    found = [*(RECORDINGS / platform).rglob("*.jsonl.gz"), *(RECORDINGS / platform).rglob("*.json")]
    return tuple(sorted(found))


@cache
def replayed(platform: str, pattern: str = "") -> tuple[ReplayReport, MemoryProducer]:
    kafka = MemoryProducer()
    maker = RecordMaker(platform=platform, owner="public", key=PseudonymKey(1, b"0" * 32))
    chosen = [file for file in files(platform) if pattern in str(file)]
    assert chosen, "the recordings are there"
    return replay(PLATFORMS[platform], chosen, kafka, maker, lambda: time.time_ns() // 1000), kafka


@cache
def events(platform: str) -> list[Any]:
    return [json.loads(value or b"") for _, _, value, _ in replayed(platform)[1].messages]


@cache
def documents(platform: str, pattern: str = "") -> list[Any]:
    found = []
    for file in files(platform):
        if pattern in str(file):
            data = file.read_bytes()
            texts = gzip.decompress(data).splitlines() if file.suffix == ".gz" else [data]
            found += [json.loads(text) for text in texts]
    return found


@cache
def text_of(platform: str, pattern: str = "") -> str:
    """The files with their JSON re-spaced one way, so that regular expressions can count in it."""
    return "\n".join(json.dumps(document, separators=(",", ":")) for document in documents(platform, pattern))


def objects(value: Any, path: tuple[str, ...] = (), owner: Any = None) -> Iterator[tuple[Any, tuple[str, ...], Any]]:
    """Every object of a document, the names above it, and the object around it."""
    if isinstance(value, dict):
        yield value, path, owner
        for name, inner in value.items():
            yield from objects(inner, (*path, name), value)
    if isinstance(value, list):
        for inner in value:
            yield from objects(inner, path, owner)


def all_objects(platform: str) -> Iterator[tuple[Any, tuple[str, ...], Any]]:
    for document in documents(platform):
        yield from objects(document)


@pytest.mark.parametrize("platform", NAMES)
def test_nothing_is_rejected_and_every_payload_is_accounted_for(platform: str):
    report, kafka = replayed(platform)
    assert report.rejected == {}
    assert report.payloads == report.upserts + report.deleted + report.ignored.total()
    assert report.sent == len(kafka.messages) == report.upserts + report.deleted


@pytest.mark.parametrize("platform", NAMES)
def test_every_event_keeps_its_json_schema_and_has_a_day(platform: str):
    valid = jsonschema_rs.validator_for(json_schema())
    assert [e["event_id"] for e in events(platform) if not valid.is_valid(e) or not e["day"]] == []


@pytest.mark.parametrize("name", ["statuses", "responses"])
def test_mastodon_counts_agree_with_a_scan_of_the_text(name: str):
    text, (report, _) = text_of("mastodon", name), replayed("mastodon", name)
    seen = Counter(re.findall(r'"visibility":"(\w+)","language"', text))
    answered = re.compile(r'"method":"DELETE","uri":"[^"]*/api/v1/statuses/\d+".*?"visibility":"public"')
    deletes = sum(1 for line in text.splitlines() if answered.search(line))
    boosts = len(re.findall(r'"visibility":"public","language":[^}]*?"content":"","filtered":\[\],"reblog":\{', text))
    assert report.upserts + report.deleted + report.ignored["boost"] == seen["public"]
    assert report.ignored["boost"] == boosts
    for visibility in ("unlisted", "private", "direct"):
        assert report.ignored[f"{visibility} status"] == seen[visibility]
    assert report.upserts > 50
    assert report.deleted == deletes == {"statuses": 0, "responses": 23}[name]


def test_mastodon_posts_are_the_ones_in_the_files():
    expected: Counter[Any] = Counter()
    for status, _, _ in all_objects("mastodon"):
        if status.get("visibility") == "public" and "uri" in status and not status["reblog"]:
            op = "upsert" if "content" in status else "delete"
            author = status["account"]["acct"] if op == "upsert" else None
            moment = status["edited_at"] or status["created_at"] if op == "upsert" else status["created_at"]
            expected[(status["uri"], op, author, int(datetime.fromisoformat(moment).timestamp()))] += 1
    found = Counter(
        (e["post_id"], e["op"], e["author_handle"],
         (e["version"] if e["version"] and e["op"] == "upsert" else e["created_at"]) // 10**6)
        for e in events("mastodon")
    )  # fmt: skip
    assert [row[:2] for row in (found - expected) + (expected - found)] == []


def test_no_mastodon_status_that_is_not_public_is_in_anything_that_was_sent():
    hidden = {
        s["uri"] for s, _, _ in all_objects("mastodon") if s.get("visibility") in {"unlisted", "private", "direct"}
    }
    assert len(hidden) > 50
    posts = {e["post_id"] for e in events("mastodon")}
    assert posts & hidden == set()
    inside = [uri for uri in hidden if any(f'"{uri}"' in (e["raw"] or "") for e in events("mastodon"))]
    assert inside == []


def x_expected() -> Counter[Any]:
    """What has a text and an id and is no message: a post, a retweet, or of a protected account."""
    found: Counter[Any] = Counter()
    for item, path, owner in all_objects("x"):
        number = item.get("id_str", item.get("id"))
        if "text" not in item or number is None or "event_type" in item or path[-1:] in {("entities",), ("hashtags",)}:
            continue
        user = item.get("user") or (owner if path[-1:] == ("status",) else {})
        kinds = {reference["type"] for reference in item.get("referenced_tweets", [])}
        if user.get("protected"):
            fate = "protected post"
        else:
            fate = "retweet" if "retweeted_status" in item or "retweeted" in kinds else "upsert"
        found[(min([number, *item.get("edit_history_tweet_ids", [])], key=int), fate)] += 1
    return found


def test_x_posts_are_the_ones_in_the_files():
    report, _ = replayed("x")
    expected = x_expected()
    found = Counter((e["post_id"], e["op"]) for e in events("x"))
    wanted = Counter({row: n for row, n in expected.items() if row[1] == "upsert"})
    assert found == wanted
    for kind in ("retweet", "protected post"):
        assert report.ignored[kind] == sum(n for row, n in expected.items() if row[1] == kind) > 0


def test_x_counts_agree_with_a_scan_of_the_text():
    v2, v1 = replayed("x", "tweets_v2")[0], replayed("x", "tweets_v1")[0]
    assert v2.upserts == text_of("x", "tweets_v2").count("\n") + 1 == 171
    text = text_of("x", "tweets_v1")
    assert v1.ignored == {"retweet": text.count('"retweeted_status":{')}
    assert v1.upserts + v1.ignored["retweet"] == len(re.findall(r'"truncated":(?:true|false)', text)) == 99


def test_x_texts_authors_and_days_are_the_files():
    sent = {(e["post_id"], e["text"], e["day"]) for e in events("x")}
    authors = {(e["post_id"], e["author_id"], e["author_handle"]) for e in events("x")}
    checked, missing = 0, []
    for tweet, _, _ in all_objects("x"):
        number = tweet.get("id_str", tweet.get("id"))
        if "text" not in tweet or number not in {row[0] for row in sent} or "retweeted_status" in tweet:
            continue
        moment = datetime.fromtimestamp((int(number) >> 22) / 1000 + 1_288_834_974.657, UTC)
        if int(number) > 10**12:  # the rest are two made ones
            checked += 1
            if (number, html.unescape(tweet["text"]), moment.date().isoformat()) not in sent:
                missing.append(number)
        user = tweet.get("user", {})
        if user.get("id_str") and (number, user["id_str"], user["screen_name"]) not in authors:
            missing.append(number)
    assert missing == []
    assert checked > 700


def test_no_direct_message_of_x_is_in_anything_that_was_sent():
    messages = {item["id"] for item, _, _ in all_objects("x") if "event_type" in item}
    assert len(messages) >= 3
    sent = b"\n".join(value or b"" for _, _, value, _ in replayed("x")[1].messages)
    assert [number for number in messages if number.encode() in sent] == []


@pytest.mark.parametrize("platform", ["x", "mastodon", "facebook", "instagram"])
def test_no_post_is_inside_another_record_than_its_own(platform: str):
    nested = ("retweeted_status", "quoted_status", "reblog", "comments", "replies")
    for event in events(platform):
        for item, path, _ in objects(json.loads(event["raw"])):
            if set(path) & set(nested):
                assert not {"text", "message", "content", "full_text"} & set(item), event["event_id"]


def test_facebook_posts_and_comments_are_the_ones_in_the_files():
    text = text_of("facebook")
    with_id = re.findall(r'"id":"(\d+_\d+(?:_\d+)?)"', text)
    links = re.findall(r'\{"comment_count":[^{}]*?[?&](?:reply_)?comment_id=(\d+)"\}', text)
    canonical = Counter("_".join(number.split("_")[-2:]) for number in with_id)
    found = Counter(e["post_id"] for e in events("facebook"))
    assert [number for number in canonical if canonical[number] > found[number]] == []
    rest = found - canonical
    assert Counter(number.split("_")[1] for number in rest.elements()) == Counter(links)
    assert replayed("facebook")[0].upserts == len(with_id) + len(links) == found.total()


def test_facebook_authors_and_times_are_the_files():
    expected: Counter[Any] = Counter()
    for item, _, _ in all_objects("facebook"):
        if re.search(r"^\d+_\d+", item.get("id", "")) or "comment_id=" in str(item.get("permalink_url")):
            author = item.get("from", {}).get("id")
            expected[
                (int(datetime.fromisoformat(item["created_time"]).timestamp()), author, bool(item.get("message")))
            ] += 1
    found = Counter((e["created_at"] // 10**6, e["author_id"], e["text"] is not None) for e in events("facebook"))
    assert found == expected


def test_no_private_message_of_facebook_is_in_anything_that_was_sent():
    messages = re.findall(r'"id":"([mt]_[^"]+)"', text_of("facebook"))
    assert len(messages) >= 5
    sent = b"\n".join(value or b"" for _, _, value, _ in replayed("facebook")[1].messages)
    assert [number for number in messages if number.encode() in sent] == []


def instagram_expected() -> Iterator[Any]:
    for item, path, _ in all_objects("instagram"):
        counted = {"caption", "like_count", "comments_count"} & set(item)
        story = "/stories/" in item.get("permalink", "")
        if "text" in item or ("media_type" in item and counted and not story and "children" not in path):
            yield item


def test_instagram_media_and_comments_are_the_ones_in_the_files():
    expected = Counter(
        (item["id"], item.get("text", item.get("caption")), item.get("username")) for item in instagram_expected()
    )
    found = Counter((e["post_id"], e["text"], e["author_handle"]) for e in events("instagram"))
    assert [row[0] for row in (found - expected) + (expected - found)] == []
    assert found.total() > 80


def test_instagram_times_are_the_declared_ones_or_those_inside_the_links():
    """The eleven signs of a link are 64 bits, of which the first 41 count milliseconds."""
    by_id = {(e["post_id"], e["url"]): e for e in events("instagram")}
    inside = 0
    for item in instagram_expected():
        event = by_id[(item["id"], item.get("permalink"))]
        if "timestamp" in item:
            assert event["created_at"] == int(datetime.fromisoformat(item["timestamp"]).timestamp()) * 10**6
        elif "permalink" in item:
            code = item["permalink"].rstrip("/").rpartition("/")[2]
            milliseconds = (int.from_bytes(base64.urlsafe_b64decode("A" + code)) >> 23) + 1_314_220_021_721
            assert event["created_at"] == milliseconds * 1000
            assert event["day"] == "2020-02-13"  # all were found within one hour
            inside += 1
        else:
            assert event["created_at"] is None
    assert inside == 50
