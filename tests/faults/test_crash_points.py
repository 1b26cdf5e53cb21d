"""After `kill -9` at any point of any job, one run makes everything exact.

The tests share one lake, and each begins with the half-done work of the one before.
"""

import signal

import orjson
import pytest

from lakehouse.jobs.checkpoint import checkpoint
from tests.faults.conftest import RATES
from tests.support.commands import echostream
from tests.support.kafka import generate
from tests.support.lake import JOBS, assert_exact, ops, rows_of

POSTS = 900
SMALL_BATCHES = {"stream__max_records_per_batch": "400", "stream__max_files_per_batch": "16"}
POINTS = [
    ("topic_to_bronze", "before_append"),
    ("topic_to_bronze", "before_ops"),
    ("topic_to_bronze", "after_last"),
    ("bronze_to_silver", "before_quarantine"),
    ("bronze_to_silver", "before_ops"),
    ("bronze_to_silver", "before_tombstones"),
    ("bronze_to_silver", "before_append"),
    ("bronze_to_silver", "before_merge"),
    ("bronze_to_silver", "after_last"),
    ("silver_to_gold", "before_sentiment_hourly"),
    ("silver_to_gold", "before_ops"),
    ("silver_to_gold", "after_last"),
]
# Each batch writes to ops before it writes to Silver, and again after its other writes.
HAS_OPS = {(job, "after_last") for job in JOBS} | {
    ("bronze_to_silver", point) for point in ("before_tombstones", "before_append", "before_merge")
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def ledger(home):
    return generate(home, POSTS, seed=11, rates=RATES)


def crashes(home):
    file = home.home / "logs" / "crashes.jsonl"
    return [orjson.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


@pytest.mark.parametrize(("job", "point"), POINTS)
def test_killed_at(home, ledger, job, point):
    finish_before(home, job)
    before = crashes(home)
    done = echostream(
        home,
        "run",
        "--available-now",
        "--jobs",
        job,
        faults__crash_at=f"{job}:{point}:1",
        **SMALL_BATCHES,
    )
    assert done.code == -signal.SIGKILL, done.error
    (crash,) = crashes(home)[len(before) :]
    assert (crash["job"], crash["point"]) == (job, point)
    mine = checkpoint(job, home)
    assert (mine.planned_batch, mine.committed_batch or 0) == (
        crash["batch_id"],
        max(crash["batch_id"] - 1, 0),
    )
    in_ops = crash["batch_id"] in {row["batch_id"] for row in ops(home, job)}
    assert in_ops == ((job, point) in HAS_OPS)


def finish_before(home, job):
    """Let the jobs before this one process all records once."""
    earlier = JOBS[: JOBS.index(job)]
    states = [checkpoint(name, home) for name in earlier]
    if any(
        state.planned_batch is None or state.planned_batch != state.committed_batch
        for state in states
    ):
        done = echostream(
            home, "run", "--available-now", "--jobs", ",".join(earlier), **SMALL_BATCHES
        )
        assert (done.code, done.error) == (0, "")


def test_one_plain_run_later_all_is_exact(home, ledger):
    assert [(crash["job"], crash["point"]) for crash in crashes(home)] == POINTS
    done = echostream(home, "run", "--available-now", **SMALL_BATCHES)
    assert (done.code, done.error) == (0, "")
    assert_exact(home, ledger)
    assert len(ops(home, "bronze_to_silver")) >= 3


def test_a_rescore_killed_between_its_commits_is_finished_by_the_next(home, ledger):
    other = {"scorer__name": "textblob"}
    before = {row["post_key"]: row for row in rows_of(home, "silver.posts")}
    known = len(crashes(home))
    killed = echostream(
        home,
        "rescore",
        "--rows-per-commit",
        "100",
        faults__crash_at="rescore:before_merge:2",
        **other,
    )
    assert killed.code == -signal.SIGKILL, killed.error
    (crash,) = crashes(home)[known:]
    assert (crash["job"], crash["point"], crash["time"]) == ("rescore", "before_merge", 2)
    left = sum(row["sentiment"]["scorer"] == "vader" for row in rows_of(home, "silver.posts"))
    assert 0 < left < len(before)

    done = echostream(home, "rescore", **other)
    assert (done.code, done.error) == (0, "")
    assert f"{left:,} rows are scored again by textblob" in done.out
    after = {row["post_key"]: row for row in rows_of(home, "silver.posts")}
    assert {row["sentiment"]["scorer"] for row in after.values()} == {"textblob"}
    for row in (*before.values(), *after.values()):
        del row["sentiment"]
    assert after == before
