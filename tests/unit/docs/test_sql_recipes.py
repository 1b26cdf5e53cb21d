"""Every SQL statement that a page shows answers on a lake."""

import re
from pathlib import Path

import pytest

from serving.sql import query
from tests.support.small_lake import SmallLake, week_of_posts

PAGES = sorted((Path(__file__).parents[3] / "docs").rglob("*.md"))
RECIPES = [
    recipe
    for page in PAGES
    for recipe in re.findall(
        r"^```sql\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
]
# The small lake has old posts, no hashtags, no personal data and few authors per hour.
WITHOUT_ROWS = ("hashtags", "map_keys(pii)", "sentiment_hourly_public", "now()")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    small = SmallLake(tmp_path_factory.mktemp("recipes"))
    small.add(*week_of_posts())
    small.batch(new=168, duplicate=4, quarantined=3, lag=7)
    small.quarantine({("bluesky", "invalid_json"): 2, ("reddit", "unknown_op"): 1})
    return small


def test_the_pages_have_recipes():
    assert len(RECIPES) >= 9


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_answers(lake, recipe):
    answer = query(lake.uri, recipe)
    if not any(word in recipe for word in WITHOUT_ROWS):
        assert answer.rows
