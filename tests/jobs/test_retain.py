"""Retention: each rule by an advanced clock, held against the same rule in plain Python; Gold keeps what it counted."""

from datetime import UTC, datetime, timedelta

import pytest

from batch import rebuild_gold, rebuild_silver, retain
from foundation.policies import policies
from tests import oracle
from tests.jobs.lakes import again
from tests.lake import assert_gold, rows_of, table
from transforms.retention import AUTHOR, POST, TEXT, has_expired, limits

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=400)


class Killed(BaseException):
    """In place of SIGKILL, which would end the tests."""


def enforce(lake, now):
    """Retain as of then; rows by field."""
    return {done.field: done.rows for done in retain.retain(lake.spark, lake.settings, policies(), now=now)}


def silver(lake):
    return {row["post_key"]: row for row in rows_of(lake.settings, "silver.posts")}


def gold(lake):
    return sorted(map(repr, rows_of(lake.settings, "gold.sentiment_hourly")))


def expected(before, now):
    """Silver as the policies leave it then, by plain Python."""
    bounds = {rule.field: limits(policies(), rule.field, now) for rule in (POST, TEXT, AUTHOR)}
    left = {}
    for key, row in before.items():
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["posted_at"])
        if not has_expired(row["platform"], at, bounds[POST.field]):
            gone = [
                name
                for rule in (TEXT, AUTHOR)
                if has_expired(row["platform"], at, bounds[rule.field])
                for name in rule.clears
            ]
            left[key] = row | dict.fromkeys(gone)
    return left


def test_the_clock_goes_on_and_each_rule_takes_its_own(drained):
    before, counted = silver(drained), gold(drained)
    raw = {name: len(rows_of(drained.settings, name)) for name in ("bronze.posts", "quarantine.posts")}
    tombstones = len(rows_of(drained.settings, "silver.tombstones"))

    done = enforce(drained, NOW)
    now = expected(before, NOW)
    emptied = [key for key in now if any(now[key][name] != before[key][name] for name in TEXT.clears)]
    assert 0 < len(emptied) < len(before)
    assert (done["silver.text"], done["silver.post"], done["bronze.record"]) == (len(emptied), 0, 0)
    assert silver(drained) == now

    done = enforce(drained, NOW + timedelta(days=8))
    assert (done["bronze.record"], done["quarantine.record"]) == (raw["bronze.posts"], raw["quarantine.posts"])
    assert rows_of(drained.settings, "bronze.posts") == rows_of(drained.settings, "quarantine.posts") == []
    assert done["silver.tombstones"] == 0 < tombstones
    assert enforce(drained, NOW + timedelta(days=31))["silver.tombstones"] == tombstones

    enforce(drained, LATER)
    left = expected(before, LATER)
    assert 0 < len(left) < len(before)
    assert silver(drained) == left
    assert gold(drained) == counted, "Gold is another job's"
    drained.drain("silver_to_gold")
    assert gold(drained) == counted
    assert set(enforce(drained, LATER).values()) == {0}


def test_what_has_expired_stays_away_through_replay_and_rebuilds_and_gold_keeps_its_counts(drained):
    enforce(drained, LATER)
    left, counted = set(silver(drained)), gold(drained)
    drained.receive(again(drained.bronze))
    drained.drain()
    assert set(silver(drained)) == left
    assert gold(drained) == counted
    rebuild_silver.rebuild_silver(drained.spark, drained.settings)
    assert set(silver(drained)) == left
    drained.drain()
    assert gold(drained) == counted
    rebuild_gold.rebuild_gold(drained.spark, drained.settings)
    assert_gold(drained.settings, oracle.expected(drained.ledger))


def test_killed_between_any_two_steps_the_next_run_ends_it(drained, monkeypatch):
    before, counted = silver(drained), gold(drained)
    for point in ("before_posts", "before_fields", "before_quarantine.posts", "before_bronze.posts"):
        with monkeypatch.context() as patch:
            patch.setattr(retain, "crash_point", killing_at(point))
            with pytest.raises(Killed):
                enforce(drained, LATER)
    drained.drain()
    enforce(drained, LATER)
    drained.drain()
    assert silver(drained) == expected(before, LATER)
    assert gold(drained) == counted
    assert rows_of(drained.settings, "bronze.posts") == []


def test_what_a_stream_has_still_to_read_is_kept_and_said(fresh):
    held = len(rows_of(fresh.settings, "bronze.posts"))
    fresh.drain("bronze_to_silver")
    fresh.receive(again(fresh.bronze))
    done = {each.field: each for each in retain.retain(fresh.spark, fresh.settings, policies(), now=LATER)}
    assert done["bronze.record"].rows + done["bronze.record"].waiting == 2 * held
    assert done["bronze.record"].waiting >= held
    assert table(fresh.settings, "bronze.posts").to_pyarrow_table().num_rows == done["bronze.record"].waiting


def killing_at(point):
    def kill(_job, reached, _settings):
        if reached == point:
            raise Killed

    return kill
