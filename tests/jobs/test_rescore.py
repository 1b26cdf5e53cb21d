"""Another scorer scores history again, exactly by the ledger.

An interrupted run resumes, and each post is scored only once.
"""

import pytest
from textblob import TextBlob

from batch import rescore as job
from batch.rescore import rescore
from foundation.errors import SettingsError
from foundation.sections import ScorerSettings
from tests.support import oracle
from tests.support.lake import assert_gold, rows_of, versions


def polarity(text):
    return TextBlob(text).sentiment.polarity


@pytest.fixture
def other(drained):
    """Return a drained lake whose settings now name another scorer."""
    return drained.set(scorer=ScorerSettings(name="textblob"))


def scorers(lake):
    return {row["sentiment"]["scorer"] for row in rows_of(lake.settings, "silver.posts")}


def test_history_is_scored_by_the_new_scorer_even_if_it_was_cut_short(other, monkeypatch):
    before = {row["post_key"]: row for row in rows_of(other.settings, "silver.posts")}
    reached = []

    def crash(_job, point, _settings):
        reached.append(point)
        if len(reached) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(job, "crash_point", crash)
    done = []
    with pytest.raises(KeyboardInterrupt):
        done.extend(rescore(other.delta, rows_per_commit=30))
    assert reached == ["before_merge"] * 2
    assert scorers(other) == {"vader", "textblob"}
    left = sum(
        row["sentiment"]["scorer"] == "vader" for row in rows_of(other.settings, "silver.posts")
    )
    # half of history has one scorer, half the other; Gold follows each commit
    other.drain("silver_to_gold")

    rest = list(rescore(other.delta, rows_per_commit=30))
    assert scorers(other) == {"textblob"}
    assert sum(each.rows for each in rest) == left < len(before)
    assert (rest[-1].rows_left, sum(each.failed for each in rest)) == (0, 0)
    resumed = versions(other.settings)
    assert list(rescore(other.delta, rows_per_commit=30)) == []
    assert versions(other.settings) == resumed

    other.drain("silver_to_gold")
    assert_gold(other.settings, oracle.expected(other.ledger, compound=polarity))
    after = {row["post_key"]: row for row in rows_of(other.settings, "silver.posts")}
    unchanged = [name for name in next(iter(before.values())) if name != "sentiment"]
    assert [
        key
        for key, row in before.items()
        if any(after[key][name] != row[name] for name in unchanged)
    ] == []


def test_what_is_scored_already_is_left_alone(drained):
    before = versions(drained.settings)
    assert list(rescore(drained.delta, rows_per_commit=30)) == []
    assert versions(drained.settings) == before


def test_an_unknown_scorer_is_refused_before_anything_is_written(drained):
    lake = drained.set(scorer=ScorerSettings(name="oracle"))
    before = versions(lake.settings)
    with pytest.raises(SettingsError, match="scorer oracle is unknown"):
        list(rescore(lake.delta, rows_per_commit=30))
    assert versions(lake.settings) == before
