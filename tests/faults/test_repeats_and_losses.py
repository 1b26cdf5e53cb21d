"""Work is repeated or lost: checkpoint commits, whole checkpoints, a resent topic, two runs.

The tests run in order over one lake.
"""

import shutil
from contextlib import ExitStack

import orjson
import pytest

from tests.faults.conftest import RATES
from tests.support import oracle
from tests.support.commands import echostream, started
from tests.support.kafka import generate, records_of, send
from tests.support.lake import JOBS, assert_exact, ops, versions

RUN = ("run", "--available-now")
TOPIC = "social.bluesky.posts.v1"
END_S = 200

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def sent():
    """Return the rows of the ledger of all records sent, in order."""
    return []


def test_two_runs_at_once_are_one(home, sent):
    sent += oracle.read_rows(generate(home, 600, seed=21, rates=RATES))
    with ExitStack() as both:
        runs = [both.enter_context(started(home, *RUN)) for _ in range(2)]
        codes = [run.wait(END_S) for run in runs]
        errors = [run.error for run in runs]
    assert sorted(codes) == [0, 1]
    assert sum("already writes the lake" in error for error in errors) == 1
    assert_exact(home, sent)


def test_the_last_commit_of_each_checkpoint_is_gone(home, sent):
    before = {job: ops(home, job) for job in JOBS}
    removed = []
    for job in JOBS:
        commits = home.home / "checkpoints" / job / "v1" / "commits"
        last = max(
            (file for file in commits.iterdir() if file.name.isdigit()),
            key=lambda file: int(file.name),
        )
        last.unlink()
        (commits / f".{last.name}.crc").unlink(missing_ok=True)
        removed.append(last)
    done = echostream(home, *RUN)
    assert (done.code, done.error) == (0, "")
    assert all(file.exists() for file in removed), "a batch was not repeated"
    assert {job: ops(home, job) for job in JOBS} == before
    assert_exact(home, sent)


def test_a_whole_topic_is_sent_again(home, sent):
    again = [row for row in sent if row["topic"] == TOPIC]
    records = records_of(home)[TOPIC]
    assert len(records) == len(again) > 50
    places = send(home, TOPIC, *records)
    assert len(places) == len(again)
    before = sum(row["consumed"] for row in ops(home, "bronze_to_silver"))
    done = echostream(home, *RUN)
    assert (done.code, done.error) == (0, "")
    batches = ops(home, "bronze_to_silver")
    assert sum(row["consumed"] for row in batches) == before + len(again), (
        "the second time was not taken in"
    )
    sent += again
    assert_exact(home, sent)


@pytest.mark.parametrize("job", JOBS)
def test_a_deleted_checkpoint_refuses_and_after_a_reset_all_is_exact(home, sent, job):
    before = versions(home)
    shutil.rmtree(home.home / "checkpoints" / job)
    done = echostream(home, *RUN)
    assert done.code == 1
    assert done.error.count("\n") == 1
    assert f"echostream checkpoint reset {job}" in done.error
    assert versions(home) == before
    # The records that arrive meanwhile must not fall into the gap.
    sent += oracle.read_rows(generate(home, 60, seed=30 + JOBS.index(job), rates=RATES))

    reset = echostream(home, "checkpoint", "reset", job)
    assert (reset.code, reset.error) == (0, "")
    assert "gap" not in reset.out
    done = echostream(home, *RUN)
    assert (done.code, done.error) == (0, "")
    names = {row["checkpoint_id"] for row in ops(home, job)}
    assert len(names) == 2
    assert_exact(home, sent, consumed=consumed(home, sent))


def consumed(home, sent):
    """Return the expected counts of records read.

    Silver reads all of Bronze once more after its own reset, as the new checkpoint's batches say.
    """
    total = sum(row["consumed"] for row in ops(home, "bronze_to_silver"))
    newest = ops_of_newest(home, "bronze_to_silver")
    is_reset = len({row["checkpoint_id"] for row in ops(home, "bronze_to_silver")}) > 1
    assert not is_reset or sum(row["consumed"] for row in newest) == len(sent)
    return {"bronze_to_silver": total if is_reset else len(sent)}


def ops_of_newest(home, job):
    metadata = orjson.loads((home.home / "checkpoints" / job / "v1" / "metadata").read_bytes())
    return [row for row in ops(home, job) if row["checkpoint_id"] == metadata["id"]]
