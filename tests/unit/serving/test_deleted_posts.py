"""A post that a deletion vector hides is missing in every output of the lake."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from foundation.keys import create_key, load_key
from foundation.policies import policies
from foundation.settings import Settings
from schemas.tables import SILVER_POSTS
from serving.person_export import Account, find_person_data
from serving.queries.posts import PostsAsked, posts
from serving.queries.shared import Viewer
from serving.reader.reader import Reader
from serving.sql import query
from tests.support.hidden_rows import File, write_table

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
KINDS = {field["name"]: field["type"] for field in SILVER_POSTS.schema.jsonValue()["fields"]}
RIGHTS = {"indexable": True, "may_train": False, "may_display": True, "may_export": False}


@pytest.fixture(params=["inline", "file"])
def settings(request, tmp_path) -> Settings:
    """Return a lake with three posts of one person, the second of which was deleted."""
    settings = Settings(home=tmp_path)
    key = create_key(settings.key_file)
    author = key.author_key("public", "reddit", "jane")
    rows = pa.table(
        {
            "owner": ["public"] * 3,
            "platform": ["reddit"] * 3,
            "post_key": ["a", "b", "c"],
            "posted_at": pa.array([AT] * 3, pa.timestamp("us", "UTC")),
            "author_key": [author] * 3,
            "text": ["text a", "text b", "text c"],
            "rights": [RIGHTS] * 3,
        }
    )
    day = {"day": date(2026, 11, 30).isoformat()}
    file = File(rows, day, hides=[1], told=request.param)
    write_table(tmp_path / "lake/silver/posts", KINDS, [file])
    return settings


def test_sql(settings):
    rows = query(settings.lake_uri, "SELECT post_key, text FROM silver.posts ORDER BY 1").rows
    assert rows == [("a", "text a"), ("c", "text c")]


@pytest.mark.parametrize("view", ["silver.posts_for_export", "silver.posts_for_training"])
def test_a_view_of_sql(settings, monkeypatch, view):
    monkeypatch.setattr("serving.views._allowed", lambda *_: "true")
    rows = query(settings.lake_uri, f"FROM {view} SELECT post_key ORDER BY 1").rows
    assert rows == [("a",), ("c",)]


def test_posts_of_the_api(settings):
    reader = Reader(settings.lake_uri)
    viewer = Viewer(("public",), sees_small_cells=True, min_authors=5)
    page = reader.answer(lambda lake: posts(lake, viewer, PostsAsked(), policies()))
    reader.close()
    assert [(post.post_key, post.text) for post in page.posts] == [("a", "text a"), ("c", "text c")]


def test_what_is_held_about_a_person(settings):
    key = load_key(settings.key_file)
    held = find_person_data(settings, Account("reddit", "jane"), key)
    assert [row["post_key"] for row in held.rows["silver.posts"]] == ["a", "c"]
    assert held.post_keys == {"a", "c"}
