"""Bronze → Silver → Gold run in one process and match the ledger exactly.

Neither the number of runs nor the size of their pieces changes the result.
"""

import threading

import orjson
import pytest

from foundation.errors import (
    CheckpointMismatchError,
    CheckpointMissingError,
    KeyMismatchError,
    TableSchemaError,
)
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.checkpoint_reset import reset
from schemas.tables import BRONZE_POSTS, GOLD_SENTIMENT_HOURLY, SILVER_POSTS
from streaming.run import end_between_batches
from tests.jobs.lakes import BEHIND_BRONZE, CAP, again
from tests.support.lake import FATES, ops, rows_of, table, versions

STEP_S = 90


def test_the_ledger_holds_every_case(new_lake):
    assert {row["fate"] for row in new_lake.ledger} == set(FATES)
    assert {row["op"] for row in new_lake.ledger} >= {
        "upsert",
        "delete",
        "delete_author",
        "unmappable",
    }


def test_silver_and_gold_are_exact(full_lake):
    full_lake.assert_exact()


def test_gold_names_the_silver_version_that_it_reflects(full_lake):
    named = [
        orjson.loads(c["userMetadata"])
        for c in table(full_lake.settings, "gold.sentiment_hourly").history()
        if c.get("userMetadata")
    ]
    assert (
        max(each["silver_version"] for each in named)
        == table(full_lake.settings, "silver.posts").version()
    )


def test_a_second_run_adds_nothing(drained):
    before = versions(drained.settings)
    drained.drain()
    assert versions(drained.settings) == before
    drained.assert_exact()


def test_all_of_bronze_received_again_adds_nothing_to_silver(drained):
    silver = rows_of(drained.settings, "silver.posts")
    drained.receive(again(drained.bronze))
    drained.drain()
    drained.assert_exact(drained.ledger)
    assert sorted(r["post_key"] for r in rows_of(drained.settings, "silver.posts")) == sorted(
        r["post_key"] for r in silver
    )
    last = max(ops(drained.settings, "bronze_to_silver"), key=lambda row: row["batch_id"])
    assert (last["batch_id"], last["consumed"], last["new"] + last["edited"]) == (
        1,
        len(drained.ledger),
        0,
    )


def test_records_in_many_small_deliveries(empty):
    """Process each delivery through all hops before the next one arrives."""
    third = len(empty.bronze) // 3
    for start in (0, third, 2 * third):
        empty.receive(empty.bronze[start : start + third if start < 2 * third else None])
        empty.drain()
    empty.assert_exact()
    assert len(ops(empty.settings, "bronze_to_silver")) >= 3


@pytest.mark.parametrize("job", BEHIND_BRONZE)
def test_a_stop_between_batches_loses_nothing(fresh, job):
    lake = fresh.stream(max_files_per_batch=4 if job == "bronze_to_silver" else 6)
    if job == "silver_to_gold":
        lake.drain("bronze_to_silver")
    one_is_done = threading.Event()
    running = lake.start(job, on_progress=lambda _: one_is_done.set())
    assert one_is_done.wait(STEP_S)
    end_between_batches(running)
    done = checkpoint(job, lake.settings).committed_batch or 0
    lake.drain()
    assert (checkpoint(job, lake.settings).committed_batch or 0) > done, (
        "it was stopped after the last batch"
    )
    lake.assert_exact()


@pytest.mark.parametrize("job", BEHIND_BRONZE)
def test_a_checkpoint_that_lost_its_last_commit(drained, job):
    commits = drained.checkpoint(job) / "commits"
    last = max(
        (file for file in commits.iterdir() if file.name.isdigit()), key=lambda file: int(file.name)
    )
    last.unlink()
    (commits / f".{last.name}.crc").unlink(missing_ok=True)
    before = {name: ops(drained.settings, name) for name in BEHIND_BRONZE}
    drained.drain()
    assert last.exists(), "the batch was not repeated"
    assert {name: ops(drained.settings, name) for name in BEHIND_BRONZE} == before
    drained.assert_exact()


def test_a_repeated_batch_keeps_what_was_quarantined(drained):
    """A text would pass under a larger cap now, but its batch was already decided."""
    commits = drained.checkpoint("bronze_to_silver") / "commits"
    for file in commits.iterdir():
        file.unlink()
    lake = drained.set(
        sanitizer=drained.settings.sanitizer.model_copy(update={"max_text_chars": 10 * CAP})
    )
    assert any(row["reason"] == "text_too_long" for row in lake.ledger)
    lake.drain()
    lake.assert_exact()


@pytest.mark.parametrize("job", BEHIND_BRONZE)
def test_a_deleted_checkpoint_refuses_until_it_is_reset(drained, job):
    before = versions(drained.settings)
    mine = drained.checkpoint(job)
    mine.rename(mine.with_name("lost"))
    with pytest.raises(CheckpointMissingError, match=f"checkpoint reset {job}"):
        drained.drain(job)
    assert versions(drained.settings) == before
    reset(drained.settings, job)
    drained.drain()
    is_silver = job == "bronze_to_silver"
    drained.assert_exact(consumed=len(drained.ledger) * (2 if is_silver else 1))
    rows = ops(drained.settings, "bronze_to_silver")
    assert len({row["checkpoint_id"] for row in rows}) == 1 + is_silver


@pytest.mark.parametrize("job", BEHIND_BRONZE)
def test_a_reset_in_the_middle_goes_on_where_the_table_ends(empty, job):
    half = len(empty.bronze) // 2
    empty.receive(empty.bronze[:half])
    empty.drain()
    reset(empty.settings, job)
    empty.receive(empty.bronze[half:])
    empty.drain()
    empty.assert_exact(consumed=len(empty.ledger) + (half if job == "bronze_to_silver" else 0))


@pytest.mark.parametrize("job", BEHIND_BRONZE)
def test_a_checkpoint_of_another_lake_is_refused(drained, job):
    before = versions(drained.settings)
    metadata = drained.checkpoint(job) / "metadata"
    metadata.write_text('{"id": "00000000-0000-4000-8000-000000000000"}')
    (metadata.parent / ".metadata.crc").unlink(missing_ok=True)
    with pytest.raises(CheckpointMismatchError, match=f"checkpoint reset {job}"):
        drained.drain(job)
    assert versions(drained.settings) == before


def test_a_lake_of_another_key_is_refused(drained):
    before = versions(drained.settings)
    drained.settings.key_id_file.write_text("v2-0123456789ab\n")
    with pytest.raises(KeyMismatchError, match="every author would count twice"):
        drained.drain("bronze_to_silver")
    assert versions(drained.settings) == before


@pytest.mark.parametrize(
    ("given", "job"),
    [
        (BRONZE_POSTS, "topic_to_bronze"),
        (SILVER_POSTS, "bronze_to_silver"),
        (GOLD_SENTIMENT_HOURLY, "silver_to_gold"),
    ],
)
def test_a_table_of_another_schema_is_refused(empty, given, job):
    path = f"{empty.settings.lake_uri}/{given.folder}"
    empty.spark.createDataFrame([("1", 2)], "owner string, posts int").write.format("delta").save(
        path
    )
    with pytest.raises(TableSchemaError, match=given.name):
        empty.start(job)
    assert table(empty.settings, given.name).version() == 0


def test_continuous_jobs_take_what_arrives_and_stop_cleanly(empty):
    lake = empty.stream(author_removal_interval_s=0.0)
    half = len(lake.bronze) // 2
    lake.receive(lake.bronze[:half])
    seen = {job: threading.Condition() for job in BEHIND_BRONZE}
    rows = dict.fromkeys(BEHIND_BRONZE, 0)

    def count(progress):
        with seen[progress.job]:
            rows[progress.job] += progress.rows
            seen[progress.job].notify_all()

    def wait_for(job, enough):
        with seen[job]:
            assert seen[job].wait_for(lambda: enough(rows[job]), STEP_S), (
                f"{job} saw {rows[job]} rows"
            )

    running = [lake.start(job, available_now=False, on_progress=count) for job in BEHIND_BRONZE]
    try:
        wait_for("bronze_to_silver", lambda n: n == half)
        running[0].maintain(False)
        wait_for("silver_to_gold", bool)
        lake.receive(lake.bronze[half:])
        wait_for("bronze_to_silver", lambda n: n == len(lake.bronze))
        running[0].maintain(False)
    finally:
        for each in running:
            end_between_batches(each)
    assert not any(each.query.isActive for each in running)
    lake.drain()
    lake.assert_exact()


def test_what_an_author_left_behind_is_removed_and_what_came_later_stays(empty):
    """All hops process the author's posts first.

    So only the removal between batches can delete them.
    """
    deletes = [row for row in empty.bronze if row["op"] == "delete_author"]
    posts = [row for row in empty.bronze if row["op"] != "delete_author"]
    empty.receive(posts)
    empty.drain()
    gone = {row["author_key"] for row in deletes}
    there = {
        row["post_key"]: row
        for row in rows_of(empty.settings, "silver.posts")
        if row["author_key"] in gone
    }
    empty.receive(deletes)
    empty.drain()
    left = {
        row["post_key"]
        for row in rows_of(empty.settings, "silver.posts")
        if row["author_key"] in gone
    }
    assert there.keys() - left, "no post was there to remove"
    assert left, "no post of a later day was there to stay"
    empty.assert_exact()
