"""Each retention rule, under an advanced clock, matches the same rule in plain Python.

Gold keeps its counts.
"""

from datetime import UTC, datetime, timedelta

from batch import rebuild_gold, rebuild_silver
from foundation.policies import policies
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import Schedule
from lakehouse.retention import enforce as retention
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_TOMBSTONES, TABLES
from streaming.run import end_between_batches
from tests.jobs.lakes import BEHIND_BRONZE, NOW, again
from tests.support import oracle
from tests.support.kills import killing
from tests.support.lake import assert_gold, hidden_rows, rows_of
from transforms.expiry_rules import AUTHOR, POST, TEXT, has_expired, limits

LATER = NOW + timedelta(days=400)
RAW = (BRONZE_POSTS, QUARANTINE_POSTS, SILVER_TOMBSTONES)


def retain(lake, now, tables=TABLES, **how):
    return list(retention.enforce(lake.delta, tables, policies(), now=now, **how))


def enforce(lake, now):
    """Enforce retention as of a time. Return the deleted rows by field."""
    return {done.field: done.rows for done in retain(lake, now)}


def silver(lake):
    return {row["post_key"]: row for row in rows_of(lake.settings, "silver.posts")}


def gold(lake):
    return sorted(map(repr, rows_of(lake.settings, "gold.sentiment_hourly")))


def expected(before, now):
    """Return Silver as the policies leave it then, computed in plain Python."""
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
    before = silver(drained)
    counted = gold(drained)
    raw = {each.name: rows_of(drained.settings, each.name) for each in RAW}

    rehearsed = retain(drained, NOW, dry_run=True)
    assert silver(drained) == before
    assert retain(drained, NOW) == rehearsed
    now = expected(before, NOW)
    emptied = [
        key for key in now if any(now[key][name] != before[key][name] for name in TEXT.clears)
    ]
    assert 0 < len(emptied) < len(before)
    done = {each.field: each.rows for each in rehearsed}
    assert (done["silver.text"], done["silver.post"], done["bronze.record"]) == (len(emptied), 0, 0)
    assert silver(drained) == now

    def rows_due(days):
        done = {
            each.field: each.rows
            for each in retain(drained, NOW + timedelta(days=days), RAW, dry_run=True)
        }
        return done["bronze.record"], done["quarantine.record"], done["silver.tombstones"]

    records, quarantined, tombstones = map(len, raw.values())
    assert rows_due(8) == (records, quarantined, 0)
    assert rows_due(31) == (records, quarantined, tombstones)
    assert {name: rows_of(drained.settings, name) for name in raw} == raw

    kill_between_steps(drained)
    enforce(drained, LATER)
    left = expected(before, LATER)
    assert 0 < len(left) < len(before)
    assert silver(drained) == left
    assert hidden_rows(drained.settings, "silver.posts") == 0, "nor is it in a file of the table"
    assert [rows for name in raw for rows in rows_of(drained.settings, name)] == []
    assert gold(drained) == counted, "Gold is another job's"
    drained.drain("silver_to_gold")
    assert gold(drained) == counted
    assert set(enforce(drained, LATER).values()) == {0}


def kill_between_steps(lake):
    """Each run goes one step further, and the next one continues from there."""
    for point in ("before_posts", "before_fields", "before_bronze.posts"):
        with killing(point):
            enforce(lake, LATER)


def test_what_has_expired_stays_away_through_replay_and_rebuilds_and_gold_keeps_its_counts(drained):
    enforce(drained, LATER)
    left = set(silver(drained))
    counted = gold(drained)
    drained.receive(again(drained.bronze))
    drained.drain()
    assert set(silver(drained)) == left
    assert gold(drained) == counted
    rebuild_silver.rebuild_silver(drained.delta)
    assert set(silver(drained)) == left
    drained.drain("silver_to_gold")
    assert gold(drained) == counted
    rebuild_gold.rebuild_gold(drained.delta)
    assert_gold(drained.settings, oracle.expected(drained.ledger))


def test_running_jobs_do_it_between_their_batches_and_keep_what_they_have_still_to_read(drained):
    """By the clock, Silver's texts are old, and so are some arriving records."""
    before = silver(drained)
    counted = gold(drained)
    held = rows_of(drained.settings, "bronze.posts")
    come = again(drained.bronze)
    drained.receive(come)
    (done,) = retain(drained, LATER, [BRONZE_POSTS])
    assert (done.rows, done.waiting) == (0, len(held) + len(come))

    old = [
        row | {"kafka_timestamp": NOW - timedelta(days=10)}
        for row in again([*drained.bronze, *come])
    ]
    drained.receive(old)
    lake = drained.set(upkeep=drained.settings.upkeep.model_copy(update={"retain_interval_s": 0.0}))
    running = [lake.start(job, available_now=False) for job in BEHIND_BRONZE]
    try:
        settle(running)
        retain_bronze(drained)
        assert (len(rows_of(lake.settings, "bronze.posts")), silver(lake)) == (
            len([*held, *come, *old]),
            before,
        )
        retain_bronze(lake)
        running[0].maintain(False)
        assert len(rows_of(lake.settings, "bronze.posts")) == len([*held, *come])
        assert silver(lake) == expected(before, NOW) != before
        lake.receive(again([*drained.bronze, *come, *old]))
        settle(running)
        assert gold(lake) == counted
    finally:
        for each in running:
            end_between_batches(each)


def settle(running):
    """Process all records by running jobs, and raise the jobs' errors here."""
    for each in running:
        each.query.processAllAvailable()


def retain_bronze(lake):
    """Enforce retention of Bronze as its job does, which needs Kafka to run."""
    Schedule(
        retention.retention_tasks(
            lake.delta, Job("topic_to_bronze", (BRONZE_POSTS,), lake.settings)
        )
    ).run_due()
