"""Replayed Facebook and Instagram recordings match counts that share no code with us.

They are taken by regular expressions over the text, and by walks that know nothing of answers or
mappers. Failures print numbers and ids, never the recorded texts.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.support.recordings import all_objects, events, needs_recordings, replayed, text_of

pytestmark = needs_recordings


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
        if re.search(r"^\d+_\d+", item.get("id", "")) or "comment_id=" in str(
            item.get("permalink_url")
        ):
            author = item.get("from", {}).get("id")
            expected[
                (
                    int(datetime.fromisoformat(item["created_time"]).timestamp()),
                    author,
                    bool(item.get("message")),
                )
            ] += 1
    found = Counter(
        (e["created_at"] // 10**6, e["author_id"], e["text"] is not None)
        for e in events("facebook")
    )
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
        if "text" in item or (
            "media_type" in item and counted and not story and "children" not in path
        ):
            yield item


def test_instagram_media_and_comments_are_the_ones_in_the_files():
    expected = Counter(
        (item["id"], item.get("text", item.get("caption")), item.get("username"))
        for item in instagram_expected()
    )
    found = Counter((e["post_id"], e["text"], e["author_handle"]) for e in events("instagram"))
    assert [row[0] for row in (found - expected) + (expected - found)] == []
    assert found.total() > 80


def test_instagram_times_are_the_declared_ones_or_those_inside_the_links():
    """The eleven characters of a link are 64 bits, of which the first 41 count milliseconds."""
    by_id = {(e["post_id"], e["url"]): e for e in events("instagram")}
    inside = 0
    for item in instagram_expected():
        event = by_id[(item["id"], item.get("permalink"))]
        if "timestamp" in item:
            assert (
                event["created_at"]
                == int(datetime.fromisoformat(item["timestamp"]).timestamp()) * 10**6
            )
        elif "permalink" in item:
            code = item["permalink"].rstrip("/").rpartition("/")[2]
            milliseconds = (
                int.from_bytes(base64.urlsafe_b64decode("A" + code)) >> 23
            ) + 1_314_220_021_721
            assert event["created_at"] == milliseconds * 1000
            assert event["day"] == "2020-02-13"  # all were found within one hour
            inside += 1
        else:
            assert event["created_at"] is None
    assert inside == 50
