"""Every platform file keeps the same contract."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.policies import policies, policy_of
from ingestion.platform import AuthorDelete, Ignored, Post, Unmappable
from ingestion.platforms import PLATFORMS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        [
            "[deleted]",
            "t1",
            "commit",
            "create",
            "app.bsky.feed.post",
            "2025-01-01",
            "did:plc:a",
            "deleted",
        ]
    )
)
NAMES = st.sampled_from(
    [
        "kind",
        "data",
        "body",
        "name",
        "id",
        "created_utc",
        "edited",
        "replies",
        "children",
        "author",
        "title",
        "json",
        "commit",
        "did",
        "time_us",
        "collection",
        "operation",
        "rkey",
        "record",
        "text",
        "facets",
        "features",
        "index",
        "createdAt",
        "reply",
        "parent",
        "uri",
        "labels",
        "values",
        "account",
        "active",
        "status",
        "things",
        "subreddit",
    ]
)
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)
REDDIT_LIKE = st.fixed_dictionaries(
    {"kind": st.sampled_from(["t1", "t3"]), "data": st.dictionaries(NAMES, HOSTILE)}
)
BLUESKY_LIKE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["commit", "account"]),
        "did": st.just("did:plc:a"),
        "time_us": st.just(1) | HOSTILE,
        "commit": st.fixed_dictionaries(
            {
                "collection": st.just("app.bsky.feed.post"),
                "operation": st.sampled_from(["create", "update", "delete"]),
                "rkey": st.just("3jzfcijpj2z2a") | SCALARS,
                "record": st.dictionaries(NAMES, HOSTILE),
            }
        ),
    }
)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_is_named_as_its_file_and_has_a_policy(name: str):
    assert PLATFORMS[name].name == name
    assert policy_of(name).platform == name
    assert name in policies()


@pytest.mark.parametrize("name", PLATFORMS)
@given(document=HOSTILE | REDDIT_LIKE | BLUESKY_LIKE, observed_at=st.none() | st.integers(0, 2**62))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_json_value_makes_a_mapper_raise(name: str, document: object, observed_at: int | None):
    platform = PLATFORMS[name]
    for payload in platform.payloads(document):
        mapped = platform.map(payload, observed_at)
        assert platform.is_own(payload) in (True, False)
        assert isinstance(mapped, Post | AuthorDelete | Ignored | Unmappable)
        if isinstance(mapped, Post):
            assert_types(mapped)


def assert_types(post: Post) -> None:
    texts = (
        post.author_id,
        post.author_handle,
        post.title,
        post.text,
        post.lang,
        post.url,
        post.channel,
        post.reply_to,
    )
    assert post.post_id
    assert isinstance(post.post_id, str)
    assert all(text is None or isinstance(text, str) for text in texts)
    assert all(isinstance(text, str) for text in (*post.mentions, *post.hashtags))
    assert all(type(count) is int for count in post.metrics.values())
    assert type(post.version) is int
    assert post.version >= 0
    assert post.created_at is None or type(post.created_at) is int
