"""Views omit cells of few authors, and posts whose author or policy forbids the use."""

from dataclasses import replace

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from foundation.policies import policies
from foundation.sections import ServingSettings
from serving import sql
from serving.sql import query

CELLS = pa.table({"platform": ["x"] * 5, "authors": [1, 4, 5, 7, 50], "posts": [9, 4, 5, 1, 60]})
RIGHTS = [
    {"may_export": True, "may_train": True},
    {"may_export": False, "may_train": True},
    {"may_export": True, "may_train": False},
    None,
]
POSTS = pa.table(
    {
        "post_key": ["a", "b", "c", "d", "e"],
        "platform": ["x"] * 4 + ["reddit"],
        "rights": [*RIGHTS, RIGHTS[0]],
    }
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    write_deltalake(str(lake / "gold/sentiment_hourly"), CELLS)
    write_deltalake(str(lake / "silver/posts"), POSTS)
    return str(lake)


@pytest.fixture
def allow(monkeypatch):
    """Return policies of which some allow everything, and the others nothing."""

    def change(*platforms):
        changed = {
            name: replace(
                policy,
                rights=replace(
                    policy.rights, may_export=name in platforms, may_train=name in platforms
                ),
            )
            for name, policy in policies().items()
        }
        monkeypatch.setattr(sql, "policies", lambda: changed)

    return change


@pytest.mark.parametrize(("k", "left"), [(None, [5, 50]), (1, [1, 4, 5, 7, 50]), (51, [])])
def test_a_cell_of_fewer_authors_or_posts_is_hidden(lake, k, left):
    serving = {} if k is None else {"serving": ServingSettings(min_authors=k)}
    answer = query(lake, "SELECT authors FROM gold.sentiment_hourly_public ORDER BY 1", **serving)
    assert [authors for (authors,) in answer.rows] == left
    assert len(query(lake, "FROM gold.sentiment_hourly").rows) == 5, (
        "the table itself is for who may read it"
    )


def test_a_view_and_its_table_in_one_question(lake):
    asked = (
        "SELECT (SELECT sum(posts) FROM gold.sentiment_hourly)"
        " - (SELECT sum(posts) FROM gold.sentiment_hourly_public)"
    )
    assert query(lake, asked).rows == [(14,)]


@pytest.mark.parametrize(("use", "left"), [("export", ["a", "c"]), ("training", ["a", "b"])])
def test_a_use_takes_what_author_and_policy_both_allow(lake, allow, use, left):
    allow("x")
    rows = query(lake, f"FROM silver.posts_for_{use} SELECT post_key ORDER BY 1").rows
    assert [key for (key,) in rows] == left


@pytest.mark.parametrize("use", ["export", "training"])
def test_a_policy_that_was_narrowed_holds_for_what_came_before(lake, allow, use):
    allow()
    assert query(lake, f"FROM silver.posts_for_{use}").rows == []


def test_the_policies_that_ship_let_nobody_export_or_train(lake):
    assert (
        query(lake, "FROM silver.posts_for_export UNION ALL FROM silver.posts_for_training").rows
        == []
    )
