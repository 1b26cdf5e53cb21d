"""The jobs notice lost commits and name them.

The commands that the error names restore them.
"""

import shutil

import pytest

from batch.rebuild_gold import rebuild_gold
from batch.rebuild_silver import rebuild_silver
from foundation.errors import CheckpointMismatchError, LogDamagedError, LostCommitsError
from lakehouse.jobs import checkpoint_reset
from schemas.tables import (
    BRONZE_POSTS,
    GOLD_SENTIMENT_HOURLY,
    QUARANTINE_POSTS,
    SILVER_POSTS,
    SILVER_TOMBSTONES,
)
from tests.support.lake import table


def lose(lake, from_, *, newest=1, before=0, checksums=True):
    """Remove files of the newest commits or earlier ones, with or without Delta's checksums."""
    last = table(lake.settings, from_.name).version() - before
    log = lake.settings.home / "lake" / from_.folder / "_delta_log"
    for version in range(last - newest + 1, last + 1):
        (log / f"{version:020}.json").unlink()
        (log / f".{version:020}.json.crc").unlink(missing_ok=True)
        if checksums:
            (log / f"{version:020}.crc").unlink(missing_ok=True)
    for file in (*log.glob("*.checkpoint*"), log / "_last_checkpoint"):
        file.unlink(missing_ok=True)
    return last


LOSSES = {
    "silver's newest": (SILVER_POSTS, 1, "rebuild silver.*rebuild gold"),
    "silver's newest two": (SILVER_POSTS, 2, "rebuild silver.*rebuild gold"),
    "bronze's newest": (BRONZE_POSTS, 1, "checkpoint reset bronze_to_silver"),
    "a tombstones' one": (SILVER_TOMBSTONES, 1, "checkpoint reset bronze_to_silver"),
    "quarantine's newest": (QUARANTINE_POSTS, 1, "checkpoint reset bronze_to_silver"),
}


@pytest.mark.parametrize(("from_", "newest", "remedy"), LOSSES.values(), ids=LOSSES)
def test_a_lost_commit_stops_the_job_before_its_first_batch(drained, from_, newest, remedy):
    last = lose(drained, from_, newest=newest, checksums=newest > 1)
    with pytest.raises(
        LostCommitsError, match=rf"(?s){from_.name} has lost versions? .*{last}.*{remedy}"
    ):
        drained.drain("bronze_to_silver")
    shown = {state.job: state for state in checkpoint_reset.show(drained.settings)}[
        "bronze_to_silver"
    ]
    assert shown.verdict == "commits are lost: a run refuses to start"


def test_a_silver_that_lost_commits_is_restored_by_the_commands_that_are_named(drained):
    lose(drained, SILVER_POSTS, newest=2)
    rebuild_silver(drained.delta)
    with pytest.raises(LostCommitsError, match=r"silver_to_gold.*rebuild gold"):
        drained.drain("bronze_to_silver")
    rebuild_gold(drained.delta)
    drained.drain().assert_exact()


def test_a_gold_that_lost_a_commit_is_restored_by_a_rebuild(drained):
    lose(drained, GOLD_SENTIMENT_HOURLY)
    with pytest.raises(LostCommitsError, match="rebuild gold"):
        drained.drain("silver_to_gold")
    rebuild_gold(drained.delta)
    drained.drain().assert_exact()


def test_a_checkpoint_from_before_the_table_s_batches_is_refused_and_a_reset_goes_on(drained):
    """Delta already knows the number of the next batch, so it would silently skip its rows."""
    for folder in ("offsets", "commits"):
        shutil.rmtree(drained.checkpoint("bronze_to_silver") / folder)
    with pytest.raises(
        CheckpointMismatchError, match=r"is older than .*checkpoint reset bronze_to_silver"
    ):
        drained.drain("bronze_to_silver")
    checkpoint_reset.reset(drained.settings, "bronze_to_silver")
    drained.drain().assert_exact(consumed=2 * len(drained.ledger))


def test_a_commit_lost_between_two_batches_is_found_by_the_next(fresh):
    lake = fresh.stream(max_files_per_batch=1)
    seen = []

    def on_progress(progress):
        if not seen:
            seen.append(progress)
            lose(lake, SILVER_POSTS)

    running = lake.start("bronze_to_silver", on_progress=on_progress)
    with pytest.raises(Exception, match=r"silver\.posts.* has lost version"):
        running.query.awaitTermination(60)
    assert len(seen) == 1


def test_a_commit_that_is_missing_in_the_middle_is_named(drained):
    last = lose(drained, SILVER_POSTS, before=1)
    with pytest.raises(
        LogDamagedError, match=rf"silver\.posts at .*: commit {last} is missing.*rebuild silver"
    ):
        drained.drain("bronze_to_silver")
