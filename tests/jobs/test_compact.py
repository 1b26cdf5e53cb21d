"""Compaction makes fewer files with the same rows, and no reader notices."""

import threading
from collections import Counter

import pyarrow as pa
from deltalake import write_deltalake

from batch.compact import compact
from lakehouse.maintenance.purge import purge
from schemas.tables import BRONZE_POSTS, SILVER_POSTS
from streaming.run import end_between_batches
from tests.support.lake import coordinates, hidden_rows, rows_of, table

BATCHES_PER_HOUR = 360
STEP_S = 90
CONTENT = (
    "bronze.posts",
    "silver.posts",
    "silver.tombstones",
    "quarantine.posts",
    "gold.sentiment_hourly",
)
AT_ONCE = {"min_files": 2, "keep_h": 0.0}


def run(lake, **changes):
    """Compact, and return what was done by table."""
    lake = lake.set(upkeep=lake.settings.upkeep.model_copy(update=changes))
    return {done.table: done for done in compact(lake.delta)}


def files_in_log(lake, name):
    return len(table(lake.settings, name).file_uris())


def files_on_disk(lake, which):
    folder = lake.settings.home / "lake" / which.folder
    return sum("_delta_log" not in file.parts for file in folder.rglob("*.parquet"))


def content(lake, name):
    return sorted(map(repr, rows_of(lake.settings, name)))


def test_the_small_files_of_an_hour_of_batches_come_down_and_who_reads_reads_on(empty):
    empty.delta.ensure(BRONZE_POSTS)
    bronze = table(empty.settings, "bronze.posts")
    schema = bronze.to_pyarrow_table().schema
    some = [row for row in empty.bronze if row["platform"] in ("bluesky", "reddit")]
    rows = [some[number % len(some)] | {"offset": number} for number in range(BATCHES_PER_HOUR)]
    for row in rows:  # Spark would take minutes to write them
        write_deltalake(bronze, pa.Table.from_pylist([row], schema=schema), mode="append")
    assert files_in_log(empty, "bronze.posts") == BATCHES_PER_HOUR
    opened = empty.delta.read(BRONZE_POSTS)
    partitions = {row["platform"] for row in rows}
    done = run(empty)["bronze.posts"]
    assert (done.files_before, done.files_after) == (BATCHES_PER_HOUR, len(partitions))
    assert files_in_log(empty, "bronze.posts") == len(partitions)
    assert Counter(map(coordinates, rows_of(empty.settings, "bronze.posts"))) == Counter(
        map(coordinates, rows)
    )
    assert opened.count() == BATCHES_PER_HOUR
    assert files_on_disk(empty, BRONZE_POSTS) == BATCHES_PER_HOUR + len(partitions), (
        "a reader may still need them"
    )


def test_what_a_stream_has_still_to_read_is_kept_however_short_the_retention(empty):
    """Gold starts late, after the files of Silver's changes were replaced twice."""
    half = len(empty.bronze) // 2
    for rows in (empty.bronze[:half], empty.bronze[half:]):
        empty.receive(rows)
        empty.drain("bronze_to_silver")
        assert run(empty, **AT_ONCE)["silver.posts"].kept_h >= 1
    assert files_on_disk(empty, SILVER_POSTS) > files_in_log(empty, "silver.posts")
    assert files_on_disk(empty, BRONZE_POSTS) == files_in_log(empty, "bronze.posts"), (
        "all of it was read"
    )
    empty.drain("silver_to_gold")
    empty.assert_exact()

    before = {name: content(empty, name) for name in CONTENT}
    assert run(empty, **AT_ONCE)["silver.posts"].kept_h == 0
    assert {name: content(empty, name) for name in CONTENT} == before
    assert files_on_disk(empty, SILVER_POSTS) == files_in_log(empty, "silver.posts")


def test_edits_and_deletes_hide_what_a_purge_takes_out_of_the_files(empty):
    half = len(empty.bronze) // 2
    for rows in (empty.bronze[:half], empty.bronze[half:]):
        empty.receive(rows)
        empty.drain("bronze_to_silver")
    assert hidden_rows(empty.settings, "silver.posts") > 0
    before = content(empty, "silver.posts")
    assert purge(empty.delta, SILVER_POSTS) > 0
    assert hidden_rows(empty.settings, "silver.posts") == 0
    assert content(empty, "silver.posts") == before
    assert purge(empty.delta, SILVER_POSTS) == 0
    empty.drain("silver_to_gold")
    empty.assert_exact()


def test_between_batches_a_job_compacts_its_own_tables_and_every_stream_goes_on(empty):
    lake = empty.set(
        upkeep=empty.settings.upkeep.model_copy(update={"min_files": 2, "interval_s": 0.0})
    )
    third = len(lake.bronze) // 3
    rows = Counter()
    arrived = threading.Condition()

    def count(progress):
        with arrived:
            rows[progress.job] += progress.rows
            arrived.notify_all()

    def send(start, end):
        lake.receive(lake.bronze[start:end])
        with arrived:
            assert arrived.wait_for(lambda: rows["bronze_to_silver"] >= end, STEP_S), rows

    lake.receive([])
    running = [
        lake.start(job, available_now=False, on_progress=count)
        for job in ("bronze_to_silver", "silver_to_gold")
    ]
    try:
        send(0, third)
        send(third, 2 * third)
        for each in running:
            each.maintain(False)
        send(2 * third, len(lake.bronze))
    finally:
        for each in running:
            end_between_batches(each)
    for name in ("silver.posts", "gold.sentiment_hourly", "ops.batches.bronze_to_silver"):
        operations = [commit["operation"] for commit in table(lake.settings, name).history()]
        assert 0 < operations.index("OPTIMIZE") < len(operations), name
    lake.drain()
    lake.assert_exact()


def test_under_spark_submit_each_table_has_its_line(drained, in_session):
    done = in_session.submit(drained.settings, "compact")
    assert (done.code, done.error) == (0, "")
    assert [line.partition(":")[0] for line in done.out.splitlines()][:2] == [
        "bronze.posts",
        "silver.posts",
    ]
    assert "files →" in done.out
