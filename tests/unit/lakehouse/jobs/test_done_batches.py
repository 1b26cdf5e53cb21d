"""A checkpoint is behind its tables' batches, ahead of them, or level with them."""

import json

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from foundation.errors import CheckpointMismatchError, LostCommitsError
from foundation.settings import Settings
from lakehouse.jobs import checkpoint_reset
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.done_batches import check_batches
from schemas.tables import BRONZE_POSTS, GOLD_SENTIMENT_HOURLY, SILVER_POSTS, ops_batches

MAIN = {
    "topic_to_bronze": BRONZE_POSTS,
    "bronze_to_silver": SILVER_POSTS,
    "silver_to_gold": GOLD_SENTIMENT_HOURLY,
}
STEP = {
    "topic_to_bronze": "append",
    "bronze_to_silver": "append",
    "silver_to_gold": GOLD_SENTIMENT_HOURLY.name,
}
BRONZE, SILVER, GOLD = MAIN
# job, planned, committed, newest batch of the main table, of ops
IN_STEP = {
    "new": (BRONZE, None, None, None, None),
    "done": (BRONZE, 3, 3, 3, 3),
    "half a batch": (BRONZE, 3, 2, 3, 2),
    "a batch that was written and not noted": (SILVER, 3, 2, 3, 3),
    "a batch that wrote nothing": (BRONZE, 3, 2, 2, 2),
    "offsets of kafka without records": (BRONZE, 3, 3, 2, 3),
    "silver had nothing to write": (SILVER, 3, 3, 1, 3),
    "gold had nothing to write": (GOLD, 3, 3, None, None),
    "spark has forgotten older batches": (GOLD, 300, 300, 280, 280),
}
BEHIND = {
    "an old copy": (BRONZE, 2, 2, 4, 4),
    "by a batch that was half written": (BRONZE, 2, 2, 3, 2),
    "by silver's counts": (SILVER, 2, 2, 1, 3),
    "by gold": (GOLD, 2, 2, 3, None),
    "begun anew under the same id": (SILVER, None, None, 0, 0),
}
LOST = {
    "bronze's counts": (BRONZE, 3, 3, 3, 2, r"ops\.batches\.topic_to_bronze"),
    "silver's counts, all of them": (SILVER, 3, 3, 3, None, r"ops\.batches\.bronze_to_silver"),
}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def write(settings, table, app, batch):
    """Write a commit with a transaction id."""
    write_deltalake(
        f"{settings.lake_uri}/{table.folder}",
        pa.table({"a": [1]}),
        mode="append",
        commit_properties=CommitProperties(app_transactions=[Transaction(app, batch)]),
    )


def lake(settings, case):
    """Return a checkpoint, and tables as a job leaves them."""
    job, planned, committed, main, ops = case
    mine = checkpoint(job, settings)
    mine.create()
    for folder, newest in (("offsets", planned), ("commits", committed)):
        (mine.folder / folder).mkdir()
        for batch in range(max(newest - 20, 0), newest + 1) if newest is not None else ():
            (mine.folder / folder / str(batch)).write_text(
                f"v1\n{{}}\n{json.dumps({'reservoirVersion': batch, 'index': -1})}"
            )
    for table, step, newest in ((MAIN[job], STEP[job], main), (ops_batches(job), "ops", ops)):
        for batch in range(newest + 1)[-2:] if newest is not None else ():
            write(settings, table, f"{mine.id}:{step}", batch)
    return mine


@pytest.mark.parametrize("case", IN_STEP.values(), ids=IN_STEP)
def test_a_checkpoint_that_goes_on_with_the_next_batch(settings, case):
    check_batches(lake(settings, case), MAIN[case[0]], settings)


@pytest.mark.parametrize("case", BEHIND.values(), ids=BEHIND)
def test_a_checkpoint_whose_next_batch_the_table_has_is_refused(settings, case):
    """Otherwise Delta would take the next records for those that it already has."""
    mine = lake(settings, case)
    with pytest.raises(CheckpointMismatchError, match="is older than ") as error:
        check_batches(mine, MAIN[case[0]], settings)
    assert f"`echostream checkpoint reset {mine.job}`" in error.value.remedy


@pytest.mark.parametrize("case", LOST.values(), ids=LOST)
def test_a_table_without_a_batch_that_is_done_has_lost_it(settings, case):
    """This is true without marks, too."""
    *made, said = case
    mine = lake(settings, made)
    with pytest.raises(LostCommitsError, match=f"^{said} has lost commits") as error:
        check_batches(mine, MAIN[case[0]], settings)
    assert f"`echostream checkpoint reset {mine.job}`" in error.value.remedy


def test_another_checkpoint_s_batches_say_nothing(settings):
    lake(settings, (BRONZE, 5, 5, 5, 5))
    mine = checkpoint(BRONZE, settings)
    mine.set_aside()
    mine.create()
    check_batches(checkpoint(BRONZE, settings), BRONZE_POSTS, settings)


def test_where_the_jobs_stand_is_said_of_a_checkpoint_that_is_refused(settings):
    mine = lake(settings, (SILVER, 2, 2, 4, 4))
    for batch in range(2):
        write(settings, BRONZE_POSTS, "append", batch)
    state = next(each for each in checkpoint_reset.show(settings) if each.job == SILVER)
    assert state.verdict == "not as far as the table: a run refuses to start"
    assert "is older than" in str(state.wrong)
    (mine.folder / "offsets" / "2").write_text("")
    state = next(each for each in checkpoint_reset.show(settings) if each.job == SILVER)
    assert "offsets/2 cannot be read" in str(state.wrong)
