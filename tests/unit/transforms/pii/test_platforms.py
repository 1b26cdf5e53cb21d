"""No made personal data, plain or hidden, in any platform's wire format, reaches the row."""

import html
from dataclasses import replace
from typing import Any

import pytest

from foundation.policies import policies
from ingestion.generator.planted_pii import OWN_KINDS, SENTENCES, planted_pii
from ingestion.platform import Post
from ingestion.platforms import PLATFORMS
from tests.support.made_records import KEY, bronze_row, record
from tests.unit.ingestion.platforms import (
    test_bluesky,
    test_custom,
    test_facebook,
    test_hackernews,
    test_instagram,
    test_linkedin,
    test_mastodon,
    test_reddit,
    test_x,
)
from transforms.decode import Rules
from transforms.pii.normalise import normalise
from transforms.refine import Refiner, refine_row
from transforms.scoring.score import ScorerOptions

SEEN = 1_790_000_000_000_000  # later than all times in the payloads
REFINER = Refiner(Rules(policies(), KEY.key_id, 100_000), ScorerOptions())
WIRE: dict[str, Any] = {
    "reddit": lambda text: test_reddit.comment(body=text),
    "bluesky": lambda text: test_bluesky.line(text=text),
    "hackernews": lambda text: test_hackernews.comment(text=html.escape(text)),
    "mastodon": lambda text: test_mastodon.status(content=f"<p>{html.escape(text)}</p>"),
    "x": lambda text: {"data": [test_x.tweet(text=text)]},
    "facebook": lambda text: test_facebook.post(message=text),
    "instagram": lambda text: test_instagram.medium(caption=text),
    "linkedin": lambda text: test_linkedin.post(commentary=text),
    "custom": lambda text: test_custom.item(text=text),
}


def mapped(name: str, document: Any) -> Post:
    (post,) = [PLATFORMS[name].map(payload, SEEN) for payload in PLATFORMS[name].payloads(document)]
    assert isinstance(post, Post)
    return post


def refined(name: str, post: Post) -> dict[str, Any]:
    row = bronze_row(record(post, name), offset=7)
    return refine_row(row | {"kafka_timestamp": SEEN}, REFINER)


@pytest.mark.parametrize("name", PLATFORMS)
def test_nothing_personal_is_left_of_a_platform_s_post(name):
    kinds = [kind for kind in SENTENCES if kind not in OWN_KINDS]
    made = [
        planted_pii(kind, 123_456_789_012_345 + 7919 * at, name, None)
        for at, kind in enumerate(kinds)
    ]
    text = " ".join(SENTENCES[one.kind][0].format(one.value) for one in made)
    post = mapped(name, WIRE[name](text))
    assert [one.kind for one in made if one.value not in (post.text or "")] == [], (
        "the mapper changed them"
    )
    mention = next(one.value for one in made if one.kind == "mention")
    row = refined(name, replace(post, mentions=(*post.mentions, mention), version=0))
    assert row.get("reason") is None
    said = str(row).lower()
    plain = normalise(said).text
    left = [
        one.kind
        for one in made
        if one.value.lower() in said or normalise(one.value).text.lower() in plain
    ]
    assert left == []
    assert "canary" not in plain
    assert row["text"] == " ".join(SENTENCES[one.kind][0].format(one.clean) for one in made)
