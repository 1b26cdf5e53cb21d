"""The pseudonym key's rotation is started, killed and completed.

An author counts once before, during and after it.
"""

import signal
from collections import Counter

import pytest

from batch import rotate_keys as job
from foundation.errors import KeyMismatchError, LakeInUseError
from foundation.keys import load_key, version_of
from ingestion.generator import read_ledger, run_generator
from ingestion.kafka.producer import MemoryProducer
from lakehouse.storage.lease import hold_lake
from schemas.tables import SILVER_TOMBSTONES
from tests.jobs.lakes import (
    POSTS,
    RATES,
    again,
    as_kafka_would,
    assert_behind_bronze,
    plans_of,
)
from tests.support.clock import BASE
from tests.support.commands import echostream
from tests.support.kills import killing
from tests.support.lake import (
    coordinates,
    files_with,
    found_in,
    rows_of,
    versions,
)
from transforms.suppression import FOREVER

POINTS = [
    "before_property_of_silver.posts",
    "before_property_of_bronze.posts",
    "before_bronze.posts",
    "before_quarantine.posts",
    "before_silver.tombstones",
    "before_silver.posts",
    "after_last",
]
KEYED = ("bronze.posts", "silver.posts", "silver.tombstones")
COLUMNS = ("post_key", "author_key", "reply_to_key", "channel")


def rotate(lake):
    rotation = job.begin(lake.settings)
    done = list(job.rekey_tables(lake.delta, rotation))
    job.end(lake.settings, rotation)
    return {each.table: each.rows for each in done}


def feed(lake):
    """Make the same feed under the key in use; return its ledger and its records.

    The records are at the places of the first ones.
    """
    sender = MemoryProducer()
    report = run_generator(lake.settings, sender, n_posts=POSTS, seed=5, base=BASE, rates=RATES)
    changing = ("post_key", "author_key", "key", "headers", "value")
    rows = [
        first | {name: row[name] for name in changing}
        for first, row in zip(lake.bronze, as_kafka_would(sender.messages), strict=True)
    ]
    return list(read_ledger(report.ledger)), rows


def key_versions(lake, name):
    """Count the pseudonyms in a table by version of the key."""
    values = [
        row[column] for row in rows_of(lake.settings, name) for column in COLUMNS if row.get(column)
    ]
    return Counter(version for value in values if (version := version_of(value)))


def authors(lake):
    return sorted(
        (row["owner"], row["platform"], row["hour"], row["posts"], row["authors"])
        for row in rows_of(lake.settings, "gold.sentiment_hourly")
    )


def assert_bronze_holds(lake, rows):
    """Check that Bronze holds exactly these records: keys, payloads and headers."""
    held = {coordinates(row): row for row in rows_of(lake.settings, "bronze.posts")}
    for row in rows:
        found = held[coordinates(row)]
        assert [found[name] for name in ("post_key", "author_key", "key", "value")] == [
            row[name] for name in ("post_key", "author_key", "key", "value")
        ]
        assert dict(found["headers"]) == row["headers"]


@pytest.mark.extended
def test_an_author_counts_once_through_kills_late_records_and_a_second_rotation(empty):
    lake = empty
    half = len(empty.bronze) // 2
    some = half + 60
    lake.receive(lake.bronze[:half])
    lake.drain()
    first = load_key(lake.settings.key_file)
    before = authors(lake)
    lake.receive(lake.bronze[half:some])  # Silver has not read these when the rotation begins

    for point in POINTS:
        with killing(point):
            rotate(lake)
        assert len(key_versions(lake, "silver.posts")) == 1
        assert load_key(lake.settings.key_file) == first, (
            "producers go on under the key that is in use"
        )
        if point not in (POINTS[1], POINTS[-1]):
            continue
        written = versions(lake.settings)
        with pytest.raises(KeyMismatchError, match="echostream keys rotate"):
            lake.drain("bronze_to_silver")
        assert versions(lake.settings) == written
    lake.drain("silver_to_gold")  # the next rotation may follow at any time
    assert authors(lake) == before
    assert rotate(lake) == dict.fromkeys(
        ["bronze.posts", "quarantine.posts", "silver.tombstones", "silver.posts"]
    )
    second = load_key(lake.settings.key_file)
    assert (second.version, second.older) == (2, first)

    # Bronze has the records that a producer with the new key would have sent, byte for byte.
    ledger, renewed = feed(lake)
    good = {
        coordinates(row) for row, said in zip(renewed, ledger, strict=True) if said["kind"] != "bad"
    }
    assert_bronze_holds(lake, [row for row in renewed[:some] if coordinates(row) in good])

    # Producers with old and new keys take turns over the same posts, authors, edits and deletes.
    rest = [
        (lake.bronze if number % 2 else renewed)[number] for number in range(some, len(lake.bronze))
    ]
    assert {row["op"] for row in rest[::2]} & {row["op"] for row in rest[1::2]} >= {
        "upsert",
        "delete",
        "delete_author",
    }
    lake.receive(rest)
    lake.drain()
    assert_behind_bronze(lake, ledger, renewed, len(renewed))
    assert (
        key_versions(lake, "silver.posts").keys()
        == key_versions(lake, "silver.tombstones").keys()
        == {2}
    )
    assert key_versions(lake, "bronze.posts").keys() == {1, 2}

    # A second rotation follows. Then everything is sent again, under each of the three keys.
    rotate(lake)
    newest, last = feed(lake)
    assert load_key(lake.settings.key_file).version == 3
    assert (
        key_versions(lake, "silver.posts").keys()
        == key_versions(lake, "silver.tombstones").keys()
        == {3}
    )
    resent = [(lake.bronze, renewed, last)[number % 3][number] for number in range(len(last))]
    lake.receive(again(resent))
    lake.drain()
    assert_behind_bronze(lake, newest * 2, [*last, *again(last)], 2 * len(last))
    batch = max(
        rows_of(lake.settings, "ops.batches.bronze_to_silver"), key=lambda row: row["batch_id"]
    )
    assert (batch["consumed"], batch["new"], batch["edited"]) == (len(last), 0, 0)

    secrets = {
        form
        for key in load_key(lake.settings.key_file)
        for form in (key.secret, key.secret.hex().encode())
    }
    plans = plans_of(lake.spark)
    assert b"MapInArrow" in plans, "the pass that re-keys is not among them"
    assert found_in(plans, secrets) == set()
    assert files_with(lake.settings.home / "lake", secrets) == []


def entomb_a_request(lake):
    """Write a tombstone as an erasure does.

    After a rotation, jobs must still know that person's records under the older key.
    """
    known = next(
        row["author_key"] for row in rows_of(lake.settings, "silver.posts") if row["author_key"]
    )
    author = known[:-1] + ("a" if known[-1] == "b" else "b")  # of nobody who has posts here
    row = {
        "owner": "public",
        "platform": "reddit",
        "author_key": author,
        "version": FOREVER,
        "reason": "request",
    }
    schema = SILVER_TOMBSTONES.schema
    frame = lake.spark.createDataFrame([tuple(row.get(name) for name in schema.names)], schema)
    lake.delta.append(frame, SILVER_TOMBSTONES)


@pytest.mark.extended
def test_killed_as_a_process_and_ended_by_the_next(drained):
    entomb_a_request(drained)
    settings = drained.settings
    before = authors(drained)
    rows = {name: len(rows_of(settings, name)) for name in KEYED}
    crash = "rotate_keys:before_silver.posts:1"
    done = echostream(
        settings, "keys", "rotate", faults__crash_at=crash, sanitizer__max_text_chars="2000"
    )
    assert done.code == -signal.SIGKILL, done.error
    assert [set(key_versions(drained, name)) - {1, 2} for name in KEYED] == [set()] * 3
    assert set(key_versions(drained, "silver.tombstones")) == {1, 2}
    assert set(key_versions(drained, "silver.posts")) == {1}
    done = echostream(settings, "keys", "rotate")
    assert (done.code, done.error) == (0, "")
    assert done.out.splitlines()[:3] == [
        f"{name}: done before" for name in ("bronze.posts", "quarantine.posts", "silver.tombstones")
    ]
    key = load_key(settings.key_file)
    assert done.out.splitlines()[3:] == [
        f"silver.posts: {rows['silver.posts']:,} rows",
        f"{key.key_id} is in use; producers take it once they are restarted,"
        " and older records are rekeyed as they arrive",
    ]
    for secret in (each.secret.hex() for each in key):
        assert secret not in done.out
    assert {name: len(rows_of(settings, name)) for name in KEYED} == rows | {
        "silver.tombstones": rows["silver.tombstones"] + 1
    }
    requests = [row for row in rows_of(settings, "silver.tombstones") if row["reason"] == "request"]
    assert {version_of(row["author_key"]) for row in requests} == {1, 2}
    drained.drain()
    assert authors(drained) == before


def test_refused_while_the_lake_is_written(drained):
    before = versions(drained.settings)
    key = drained.settings.key_file.read_bytes()
    with hold_lake(drained.settings), pytest.raises(LakeInUseError, match="one writer"):
        next(job.job.run(drained.settings))
    assert (versions(drained.settings), drained.settings.key_file.read_bytes()) == (before, key)


@pytest.mark.parametrize("layer", ["rebuild_silver", "replay_quarantine"])
def test_batch_jobs_refuse_a_lake_of_another_key(drained, layer):
    import importlib

    before = versions(drained.settings)
    drained.settings.key_id_file.write_text("v2-0123456789ab\n")
    with pytest.raises(KeyMismatchError, match="every author would count twice"):
        getattr(importlib.import_module(f"batch.{layer}"), layer)(drained.delta)
    assert versions(drained.settings) == before
