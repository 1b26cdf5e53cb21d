"""A corrected rule brings wrongly quarantined records into Silver once; counts stay right."""

import shutil
from collections import Counter

import pytest

from batch import replay_quarantine as job
from schemas.reasons import RULE_VERSION, Reason
from tests.jobs.lakes import Lake, copied
from tests.support.kills import killing
from tests.support.lake import FATES, ops, rows_of, table

PLATFORMS = ("bluesky", "custom", "reddit", "x")
TABLES = ("silver.posts", "silver.tombstones", "quarantine.posts", "ops.batches.replay_quarantine")


@pytest.fixture(scope="module")
def spoilt_once(new_lake, tmp_path_factory):
    """Return a lake of four platforms, whose held records include edits of posts in Silver.

    The first half of its records went through good rules, the second through one too strict.
    """
    home = tmp_path_factory.mktemp("spoilt")
    shutil.copytree(new_lake.settings.home / "keys", home / "keys")
    bronze = [row for row in new_lake.bronze if row["platform"] in PLATFORMS]
    ledger = [row for row in new_lake.ledger if row["platform"] in PLATFORMS]
    lake = Lake(new_lake.spark, new_lake.settings.model_copy(update={"home": home}), ledger, bronze)
    half = len(bronze) // 2
    lake.receive(bronze[:half])
    lake.drain("bronze_to_silver")
    lake.receive(bronze[half:])
    strict = lake.settings.sanitizer.model_copy(update={"max_text_chars": 1})
    accepting = lake.settings.breaker.model_copy(update={"accept": True})
    lake.set(sanitizer=strict, breaker=accepting).drain("bronze_to_silver")
    return lake.drain("silver_to_gold")


@pytest.fixture
def spoilt(spoilt_once, tmp_path, monkeypatch):
    """Return a copy of it under corrected rules."""
    monkeypatch.setattr(job, "RULE_VERSION", RULE_VERSION + 1)
    return copied(spoilt_once, tmp_path)


def replay(lake, **named):
    return job.replay_quarantine(lake.delta, **named)


def quarantined(lake):
    return rows_of(lake.settings, "quarantine.posts")


def written(lake):
    return [table(lake.settings, name).version() for name in TABLES]


def total(rows, *fates):
    return sum(row[fate] for row in rows for fate in fates)


def assert_books_are_right(lake, before):
    """Check that each accepted record has one fate.

    Quarantine holds the records that the stream put there and no batch took out.
    """
    batches = ops(lake.settings, "replay_quarantine")
    taken = [row for row in before if row["reason"] != "unmappable"]
    assert sum(row["consumed"] for row in batches) == len(taken) == total(batches, *FATES)
    assert sorted(row["batch_id"] for row in batches) == list(range(len(batches)))
    stream = ops(lake.settings, "bronze_to_silver")
    passed = total(batches, *FATES) - total(batches, "quarantined")
    assert len(quarantined(lake)) == total(stream, "quarantined") - passed


def test_what_passes_now_is_in_silver_once_and_what_does_not_stays_with_one_attempt_more(spoilt):
    before = quarantined(spoilt)
    assert Counter(row["reason"] for row in before)["text_too_long"] > len(before) // 2
    done = replay(spoilt)
    assert {each.topic.split(".")[1] for each in done} == set(PLATFORMS)
    assert sum(each.fates.get("new", 0) for each in done) > 0
    assert sum(each.fates.get("edited", 0) for each in done) > 0, "no held post was edited"
    spoilt.drain("silver_to_gold")
    spoilt.assert_exact()
    assert_books_are_right(spoilt, before)
    left = quarantined(spoilt)
    assert {row["reason"] for row in left} > {"unmappable", "text_too_long"}
    for row in left:
        is_untouched = row["reason"] == "unmappable"
        assert (row["attempt"], row["rule_version"]) == (
            1 + (not is_untouched),
            RULE_VERSION + (not is_untouched),
        )

    again = written(spoilt)
    assert replay(spoilt) == []
    assert written(spoilt) == again


def test_one_reason_alone_and_first_without_writing(spoilt):
    before = quarantined(spoilt)
    versions = [table(spoilt.settings, name).version() for name in TABLES[:3]]
    foreseen = replay(spoilt, reason=Reason.TEXT_TOO_LONG, dry_run=True)
    assert [table(spoilt.settings, name).version() for name in TABLES[:3]] == versions
    assert not (spoilt.settings.home / "lake/ops/batches/replay_quarantine").exists()
    assert replay(spoilt, reason=Reason.TEXT_TOO_LONG) == foreseen
    others = [row for row in before if row["reason"] != "text_too_long"]
    kept = {(row["topic"], row["partition"], row["offset"]): row for row in quarantined(spoilt)}
    assert all(kept[row["topic"], row["partition"], row["offset"]] == row for row in others)
    assert sum(sum(each.fates.values()) for each in foreseen) == len(before) - len(others)


@pytest.mark.extended
def test_killed_at_every_point_it_goes_on_where_it_was(spoilt):
    """Several runs on one lake are killed, each one step later than the one before."""
    before = quarantined(spoilt)
    for point in ("before_ops", "before_append", "before_merge", "before_quarantine", "after_last"):
        with killing(point):
            replay(spoilt)
        if point == "before_append":
            ahead = ops(spoilt.settings, "replay_quarantine")
            assert [row["batch_id"] for row in ahead] == [0]
            assert len(quarantined(spoilt)) == len(before)
    replay(spoilt)
    assert ahead[0] in ops(spoilt.settings, "replay_quarantine")
    spoilt.drain("silver_to_gold")
    spoilt.assert_exact()
    assert_books_are_right(spoilt, before)
