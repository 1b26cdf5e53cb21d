"""The jobs that own the tables carry out erasures.

The tests cover requests of persons, batches of platforms, kills, and records that come back.
"""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batch.rebuild_gold import rebuild_gold
from batch.rebuild_silver import rebuild_silver
from foundation.key_sources import pseudonym_source
from lakehouse.erasure import ledger
from lakehouse.erasure import requests as erasure_requests
from lakehouse.erasure.requests import Target
from lakehouse.erasure.run import erasure_task
from lakehouse.jobs.job import Job
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from tests.jobs.lakes import again
from tests.support import oracle
from tests.support.kills import killing
from tests.support.lake import assert_gold, assert_silver, hidden_rows, rows_of

POINTS = (
    "before_entombing",
    "before_admitting",
    "before_settling",
    "before_erasing_silver.posts",
    "after_erasing_silver.posts",
    "after_purging_silver.posts",
    "before_erasing_quarantine.posts",
    "after_erasing_quarantine.posts",
    "before_erasing_bronze.posts",
    "after_erasing_bronze.posts",
)


def ask(lake, *targets):
    key_id = pseudonym_source(lake.settings).key_id()
    key = ledger.receipt_key(lake.settings)
    return erasure_requests.create_request(lake.settings, targets=targets, key_id=key_id, key=key)


def bronze_job(lake):
    """Do the work of topic_to_bronze between its batches, because these lakes have no Kafka."""
    return erasure_task(
        lake.delta, Job("topic_to_bronze", (BRONZE_POSTS,), lake.settings), (BRONZE_POSTS,)
    )


def silver_job(lake):
    """Do the work of bronze_to_silver between its batches."""
    owned = (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS)
    job = Job("bronze_to_silver", owned, lake.settings)
    return erasure_task(lake.delta, job, (SILVER_POSTS, QUARANTINE_POSTS), registers=True)


def erase(lake):
    """Erase without batches, before Gold follows."""
    silver_job(lake).run()
    bronze_job(lake).run()


def carry_out(lake):
    lake.drain()
    bronze_job(lake).run()


def busiest_author(lake):
    live = rows_of(lake.settings, "silver.posts")
    (platform, author), _ = Counter(
        (r["platform"], r["author_key"]) for r in live if r["author_key"]
    ).most_common(1)[0]
    return platform, author


def of_author(lake, name, author):
    return [row for row in rows_of(lake.settings, name) if row["author_key"] == author]


def authors_in_files(folder):
    """Return the bytes of all files, including change data and replaced files."""
    files = [file for file in folder.rglob("*.parquet") if "_delta_log" not in file.parts]
    return {
        one
        for file in files
        for one in pq.ParquetFile(file).read(["author_key"])["author_key"].to_pylist()
    }


def keys_of(row):
    return {value.decode() for name, value in row["headers"] if name in ("post_key", "author_key")}


def test_a_person_is_gone_from_every_table_and_gold_is_right_without(drained):
    platform, author = busiest_author(drained)
    before = {
        name: len(rows_of(drained.settings, name)) for name in ("bronze.posts", "silver.posts")
    }
    posts = {row["post_key"] for row in of_author(drained, "bronze.posts", author)} - {None}
    assert len(posts) > 1
    request = ask(drained, Target(platform, "author", (author,)))
    carry_out(drained)

    assert of_author(drained, "silver.posts", author) == []
    bronze = rows_of(drained.settings, "bronze.posts")
    assert [r for r in bronze if r["author_key"] == author or r["post_key"] in posts] == []
    quarantine = rows_of(drained.settings, "quarantine.posts")
    assert [r for r in quarantine if keys_of(r) & {author, *posts}] == []
    assert len(bronze) < before["bronze.posts"], "others' records are still there, and only theirs"
    left = [
        row
        for row in drained.ledger
        if row["author_key"] != author and row["post_key"] not in posts
    ]
    expected = oracle.expected(left)
    assert_gold(drained.settings, expected)
    assert_silver(drained.settings, expected, bronze)
    steps = {
        (s["step"], s["table"]): s
        for s in ledger.steps(drained.settings)
        if s["erasure_id"] == request.id
    }
    silver = steps["removed", "silver.posts"]
    assert silver["rows"] == before["silver.posts"] - len(rows_of(drained.settings, "silver.posts"))
    assert steps["removed", "bronze.posts"]["rows"] == before["bronze.posts"] - len(bronze)
    assert (
        steps["removed", "bronze.posts"]["version_after"]
        > steps["removed", "bronze.posts"]["version_before"]
    )
    assert list(erasure_requests.pending_requests(drained.settings)) == []
    assert_vacuumed(drained, author, request.id)


def assert_vacuumed(lake, author, erasure_id):
    """Without another post, the job removes replaced files as soon as the clock allows."""
    folders = [Path(lake.settings.lake_uri) / layer / "posts" for layer in ("silver", "bronze")]
    assert [author in authors_in_files(folder) for folder in folders] == [True, True], (
        "replaced, and still there"
    )
    (graves,) = Path(lake.settings.lake_uri).glob("_erasures/graves/*.jsonl")
    handed_over = sorted(graves.read_text().splitlines())
    graves.unlink()
    quick = lake.set(upkeep=lake.settings.upkeep.model_copy(update={"keep_h": 0.0}))
    silver_job(quick).run()
    bronze_job(quick).run()
    assert [author in authors_in_files(folder) for folder in folders] == [False, False]
    assert sorted(graves.read_text().splitlines()) == handed_over, (
        "producers that were away must learn of it"
    )
    vacuumed = {
        s["table"]: s["erasure_id"] for s in ledger.steps(lake.settings) if s["step"] == "vacuumed"
    }
    assert {"silver.posts", "bronze.posts"} <= vacuumed.keys()
    assert set(vacuumed.values()) == {erasure_id}


@pytest.mark.extended
def test_killed_at_every_point_it_is_carried_out_once_and_noted_once(drained):
    platform, author = busiest_author(drained)
    held = {
        name: len(of_author(drained, name, author)) for name in ("bronze.posts", "silver.posts")
    }
    request = ask(drained, Target(platform, "author", (author,)))
    for point in POINTS:
        with killing(point):
            erase(drained)
    erase(drained)
    assert hidden_rows(drained.settings, "silver.posts") == 0, (
        "what is noted as removed lies in no file of the table"
    )
    rows = [s for s in ledger.steps(drained.settings) if s["erasure_id"] == request.id]
    assert (
        Counter((s["step"], s["table"]) for s in rows if s["rows"] != 0).most_common(1)[0][1] == 1
    )
    found = {s["table"]: s["rows"] for s in rows if s["rows"]}
    assert found["silver.posts"] == held["silver.posts"]
    assert found["bronze.posts"] >= held["bronze.posts"]
    tombstones = [
        row for row in rows_of(drained.settings, "silver.tombstones") if row["reason"] == "request"
    ]
    assert len({(row["post_key"], row["author_key"]) for row in tombstones}) == len(tombstones)


def test_an_erased_person_does_not_come_back_by_replay_backfill_or_rebuild(drained):
    platform, author = busiest_author(drained)
    posts = {row["post_key"] for row in of_author(drained, "bronze.posts", author)} - {None}
    ask(drained, Target(platform, "author", (author,)))
    erase(drained)
    silver = {row["post_key"] for row in rows_of(drained.settings, "silver.posts")}
    drained.receive(again(drained.bronze))
    carry_out(drained)
    assert {row["post_key"] for row in rows_of(drained.settings, "silver.posts")} == silver
    bronze = rows_of(drained.settings, "bronze.posts")
    assert [r for r in bronze if r["author_key"] == author or r["post_key"] in posts] == [], (
        "what came back stayed"
    )
    drained.receive(again(again(drained.bronze)))  # it is not deleted yet when the rebuild reads it
    rebuild_silver(drained.delta)
    assert {row["post_key"] for row in rows_of(drained.settings, "silver.posts")} == silver
    rebuild_gold(drained.delta)
    left = [
        row
        for row in drained.ledger
        if row["author_key"] != author and row["post_key"] not in posts
    ]
    assert_gold(drained.settings, oracle.expected(left))


def test_what_platforms_deleted_leaves_bronze_in_one_batch_and_what_lives_stays(drained):
    lake = drained.set(
        erasure=drained.settings.erasure.model_copy(update={"batch_interval_s": 0.0})
    )
    deleted = oracle.tombstones(lake.ledger)
    gone = oracle.author_tombstones(lake.ledger)
    live = oracle.live_posts(lake.ledger)
    carry_out(lake)
    assert [s["cause"] for s in ledger.steps(lake.settings) if s["step"] == "admitted"] == [
        "platform"
    ]
    bronze = rows_of(lake.settings, "bronze.posts")
    keys = {("public", row["platform"], row["post_key"]) for row in bronze}
    assert live.keys() <= keys
    assert [key for key in deleted if key not in live and key in keys] == []
    assert gone
    assert [row for row in bronze if row["op"] == "delete_author"] == []
    assert_silver(lake.settings, oracle.expected(lake.ledger), bronze)
    before = {row["post_key"] for row in rows_of(lake.settings, "silver.posts")}
    rebuild_silver(lake.delta)
    assert {row["post_key"] for row in rows_of(lake.settings, "silver.posts")} == before
