"""20,000 posts arrive exactly in spite of three kills at random moments, each in another job."""

import random
import signal
import threading

import orjson
import pytest

from lakehouse.jobs.checkpoint import checkpoint
from tests.support.commands import echostream, started
from tests.support.kafka import generate
from tests.support.lake import JOBS, assert_exact

POSTS = 20_000
SEED = 20260102
WITHIN_S = 240
BATCHES = {"stream__max_records_per_batch": "5000", "stream__max_files_per_batch": "40"}


def starts(home, job):
    """Return how often the job's query has started, by the log."""
    log = home.home / "logs" / "run.jsonl"
    events = [orjson.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []
    return sum(event["event"] == "query_started" and event["job"] == job for event in events)


@pytest.mark.timeout(1500)
def test_three_random_kills_over_twenty_thousand_posts(home):
    ledger = generate(home, POSTS, seed=12)
    dice = random.Random(SEED)
    for job in JOBS:
        delay = dice.uniform(0, 6)
        before = starts(home, job)
        with started(home, "run", "--available-now", **BATCHES) as run:
            run.until(
                lambda job=job, n=before: starts(home, job) > n,
                within_s=WITHIN_S,
                what=f"start of {job}",
            )
            # only the moment of a kill depends on time
            threading.Event().wait(delay)
            assert run.process.poll() is None, "it was done before it could be killed"
            run.kill_all()
            assert run.wait(30) == -signal.SIGKILL
            assert "done in" not in run.out
    states = {
        job: (checkpoint(job, home).planned_batch, checkpoint(job, home).committed_batch)
        for job in JOBS
    }
    done = echostream(home, "run", "--available-now", timeout_s=600, **BATCHES)
    assert (done.code, done.error) == (0, ""), states
    assert_exact(home, ledger)
