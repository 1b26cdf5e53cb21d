"""A post's link is read from its record in Bronze if it may be displayed."""

import json

import pytest
from deltalake import DeltaTable

from foundation.policies import policies
from schemas.tables import BRONZE_POSTS
from serving.queries.posts import PostsAsked, posts
from serving.queries.shared import Viewer
from serving.reader.reader import Reader
from tests.support.small_lake import MadePost, SmallLake

VIEWER = Viewer(("public",), sees_small_cells=True, min_authors=5)
URL = "https://example.org/posts/1"


@pytest.fixture
def small(tmp_path):
    return SmallLake(tmp_path)


def links_in(small):
    reader = Reader(small.uri)
    try:
        page = reader.answer(lambda lake: posts(lake, VIEWER, PostsAsked(), policies()))
    finally:
        reader.close()
    return [post.link for post in page.posts]


def bronze(small):
    return DeltaTable(f"{small.uri}/{BRONZE_POSTS.folder}")


def test_each_post_has_its_own_link(small):
    small.add(*(MadePost(f"p{number}", url=f"{URL}{number}") for number in range(30)))
    assert sorted(links_in(small)) == sorted(f"{URL}{number}" for number in range(30))


def test_posts_of_several_platforms_and_commits_have_theirs(small):
    small.add(MadePost("a", platform="reddit", url=f"{URL}a"))
    small.add(MadePost("b", platform="mastodon", url=f"{URL}b"), MadePost("c", url=None))
    assert {*links_in(small)} == {f"{URL}a", f"{URL}b", None}


def test_a_post_that_may_not_be_displayed_has_none(small):
    small.add(MadePost("a", url=URL, may_display=False))
    assert links_in(small) == [None]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//example.org", "", "https://example.org/" + "a" * 2_048]
)
def test_an_address_that_no_browser_should_follow_is_none(small, url):
    small.add(MadePost("a", url=url))
    assert links_in(small) == [None]


@pytest.mark.parametrize(
    "value",
    [
        b"\x01\x0cencrypted",
        b"[]",
        b"{",
        json.dumps({"event_id": "of another", "url": URL}).encode(),
    ],
    ids=["encrypted", "a list", "cut off", "of a topic that was created anew"],
)
def test_a_record_that_tells_no_address_of_this_post_gives_none(small, monkeypatch, value):
    monkeypatch.setattr("tests.support.small_lake._event", lambda _: value)
    small.add(MadePost("a", url=URL))
    assert links_in(small) == [None]


def test_a_record_that_has_left_bronze_gives_none(small):
    small.add(MadePost("a", url=URL))
    bronze(small).delete()
    assert links_in(small) == [None]


def test_no_address_is_in_what_is_logged(small):
    small.add(MadePost("a", url=URL))
    reader = Reader(small.uri)
    page = reader.answer(lambda lake: posts(lake, VIEWER, PostsAsked(), policies()))
    reader.close()
    assert page.posts[0].link == URL
    assert URL not in repr(page)
