"""Replayed recordings of X and Mastodon match counts that share no code with us.

They are taken by regular expressions over the text, and by walks that know nothing of answers or
mappers. Failures print numbers and ids, never the recorded texts.
"""

import html
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.recordings import all_objects, events, needs_recordings, replayed, text_of

pytestmark = needs_recordings


@pytest.mark.parametrize("name", ["statuses", "responses"])
def test_mastodon_counts_agree_with_a_scan_of_the_text(name: str):
    text = text_of("mastodon", name)
    report, _ = replayed("mastodon", name)
    seen = Counter(re.findall(r'"visibility":"(\w+)","language"', text))
    answered = re.compile(
        r'"method":"DELETE","uri":"[^"]*/api/v1/statuses/\d+".*?"visibility":"public"'
    )
    deletes = sum(1 for line in text.splitlines() if answered.search(line))
    boosts = len(
        re.findall(
            r'"visibility":"public","language":[^}]*?"content":"","filtered":\[\],"reblog":\{', text
        )
    )
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
            moment = (
                status["edited_at"] or status["created_at"]
                if op == "upsert"
                else status["created_at"]
            )
            expected[
                (status["uri"], op, author, int(datetime.fromisoformat(moment).timestamp()))
            ] += 1
    found = Counter(
        (
            e["post_id"],
            e["op"],
            e["author_handle"],
            (e["version"] if e["version"] and e["op"] == "upsert" else e["created_at"]) // 10**6,
        )
        for e in events("mastodon")
    )
    assert [row[:2] for row in (found - expected) + (expected - found)] == []


def test_no_mastodon_status_that_is_not_public_is_in_anything_that_was_sent():
    hidden = {
        s["uri"]
        for s, _, _ in all_objects("mastodon")
        if s.get("visibility") in {"unlisted", "private", "direct"}
    }
    assert len(hidden) > 50
    posts = {e["post_id"] for e in events("mastodon")}
    assert posts & hidden == set()
    inside = [
        uri for uri in hidden if any(f'"{uri}"' in (e["raw"] or "") for e in events("mastodon"))
    ]
    assert inside == []


def x_expected() -> Counter[Any]:
    """Count objects with text and id that are no messages: posts, retweets and protected posts."""
    found: Counter[Any] = Counter()
    for item, path, owner in all_objects("x"):
        number = item.get("id_str", item.get("id"))
        if (
            "text" not in item
            or number is None
            or "event_type" in item
            or path[-1:] in {("entities",), ("hashtags",)}
        ):
            continue
        user = item.get("user") or (owner if path[-1:] == ("status",) else {})
        kinds = {reference["type"] for reference in item.get("referenced_tweets", [])}
        if user.get("protected"):
            fate = "protected post"
        else:
            refers = kinds or item.get("quoted_status") or item.get("in_reply_to_status_id_str")
            is_marked = not refers and re.match(r"RT @\w+:", item["text"])
            fate = (
                "retweet"
                if "retweeted_status" in item or "retweeted" in kinds or is_marked
                else "upsert"
            )
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
    v2 = replayed("x", "tweets_v2")[0]
    v1 = replayed("x", "tweets_v1")[0]
    marked = len(re.findall(r'(?<!\\)"text":"RT @\w+:', text_of("x", "tweets_v2")))
    assert v2.ignored == {"retweet": marked}
    assert v2.upserts + marked == text_of("x", "tweets_v2").count("\n") + 1 == 171
    text = text_of("x", "tweets_v1")
    marked = len(re.findall(r'(?<!\\)"text":"RT @\w+:', text))
    assert v1.ignored == {"retweet": marked}
    assert marked > text.count('"retweeted_status":{') > 0, "some are known by their mark alone"
    assert (
        v1.upserts + v1.ignored["retweet"]
        == len(re.findall(r'"truncated":(?:true|false)', text))
        == 99
    )


def test_x_texts_authors_and_days_are_the_files():
    sent = {(e["post_id"], e["text"], e["day"]) for e in events("x")}
    authors = {(e["post_id"], e["author_id"], e["author_handle"]) for e in events("x")}
    checked = 0
    missing = []
    for tweet, _, _ in all_objects("x"):
        number = tweet.get("id_str", tweet.get("id"))
        if (
            "text" not in tweet
            or number not in {row[0] for row in sent}
            or "retweeted_status" in tweet
        ):
            continue
        moment = datetime.fromtimestamp((int(number) >> 22) / 1000 + 1_288_834_974.657, UTC)
        if int(number) > 10**12:  # the rest are two invented ones
            checked += 1
            if (number, html.unescape(tweet["text"]), moment.date().isoformat()) not in sent:
                missing.append(number)
        user = tweet.get("user", {})
        if user.get("id_str") and (number, user["id_str"], user["screen_name"]) not in authors:
            missing.append(number)
    assert missing == []
    assert checked > 600


def test_no_direct_message_of_x_is_in_anything_that_was_sent():
    messages = {item["id"] for item, _, _ in all_objects("x") if "event_type" in item}
    assert len(messages) >= 3
    sent = b"\n".join(value or b"" for _, _, value, _ in replayed("x")[1].messages)
    assert [number for number in messages if number.encode() in sent] == []
