"""Encrypted payloads in Bronze and quarantine give the same Silver and Gold.

The tests find no key where it may not be.
"""

import base64
import re

import orjson
import pytest

from foundation.errors import KeyFileError, KeyMismatchError
from foundation.key_sources import payload_source
from foundation.keys import create_key
from foundation.sections import PayloadSettings
from lakehouse.delta.lake import Lake
from lakehouse.jobs.job import Job, MicroBatch
from schemas.tables import BRONZE_POSTS, TABLES
from streaming import topic_to_bronze
from tests.jobs.lakes import NOW, assert_behind_bronze, plans_of
from tests.support.lake import (
    coordinates,
    files_with,
    found_in,
    rows_of,
)
from transforms.payloads import At, decrypt

KAFKA = (
    "topic string, partition int, offset bigint, timestamp timestamp, key binary, value binary,"
    " headers array<struct<key:string,value:binary>>"
)


def received_encrypted(lake):
    """Run topic_to_bronze with a table in place of Kafka."""
    rows = [
        (
            row["topic"],
            row["partition"],
            row["offset"],
            row["kafka_timestamp"],
            row["key"],
            row["value"],
            list(row["headers"].items()),
        )
        for row in lake.bronze
    ]
    records = lake.spark.createDataFrame(rows, KAFKA).coalesce(1)
    job = Job(topic_to_bronze.NAME, (BRONZE_POSTS,), lake.settings)
    job.prepare(Lake(lake.spark, lake.settings))
    topic_to_bronze.append_records(MicroBatch(records, 0, job, NOW, is_retry=False))


def with_key(lake, file):
    payloads = PayloadSettings(encrypt=True, key={"file": file})
    return lake.set(payloads=payloads)


def test_encrypted_payloads_make_the_same_silver_and_gold(empty, tmp_path):
    key = create_key(empty.settings.payload_key_file)
    create_key(tmp_path / "other.key")
    lake = with_key(empty, empty.settings.payload_key_file)
    received_encrypted(lake)
    before = {coordinates(row): row["value"] for row in lake.bronze}
    at_rest = {coordinates(row): row["value"] for row in rows_of(lake.settings, "bronze.posts")}
    assert {at for at, value in at_rest.items() if value is None} == {
        at for at, v in before.items() if v is None
    }
    assert {value[:1] for value in at_rest.values() if value is not None} == {b"\1"}

    # Under another key no record passes, and none is quarantined.
    with pytest.raises(
        KeyMismatchError, match=rf"encrypted under key {key.key_id}, the payload key now is v1-"
    ):
        with_key(lake, tmp_path / "other.key").drain("bronze_to_silver")
    with pytest.raises(KeyFileError, match=r"payload key .*none\.key is missing"):
        with_key(lake, tmp_path / "none.key").drain("bronze_to_silver")
    assert [rows_of(lake.settings, name) for name in ("silver.posts", "quarantine.posts")] == [
        [],
        [],
    ]

    lake.drain()
    assert_behind_bronze(lake, lake.ledger, lake.bronze, consumed=len(lake.ledger))

    quarantined = rows_of(lake.settings, "quarantine.posts")
    assert {coordinates(row): row["value"] for row in quarantined}.items() <= at_rest.items()
    source = payload_source(lake.settings)
    assert {at: decrypt(value, source, At(*at)) for at, value in at_rest.items()} == before

    forms = (
        key.secret,
        key.secret.hex().encode(),
        base64.b64encode(key.secret),
        repr(key.secret)[2:-1].encode(),
    )
    plans = plans_of(lake.spark)
    assert b"MapInArrow" in plans, "the pass that opens payloads is not among them"
    assert found_in(plans, forms) == set()
    assert files_with(lake.settings.home / "lake", forms) == []


def test_delta_keeps_no_copy_of_what_is_personal(full_lake):
    """Column minima and maxima in the transaction log outlive an erasure by its retention."""
    personal = set()
    for row in full_lake.ledger:
        personal |= {row.get("clean_text"), row.get("clean_title"), *row.get("canaries", ())}
    needles = {each.encode() for each in personal if isinstance(each, str) and len(each) >= 12}
    assert len(needles) > 100
    logs = [
        file for file in (full_lake.settings.home / "lake").rglob("_delta_log/*") if file.is_file()
    ]
    assert len(logs) > 8
    content = b"".join(file.read_bytes() for file in logs)
    assert found_in(content, needles) == set()
    assert re.findall(rb"v1:[a-z2-7]{8}", content) == []
    counted = {table.name: columns_with_statistics(full_lake.settings, table) for table in TABLES}
    assert counted["bronze.posts"] >= {"offset", "kafka_timestamp"}, (
        "no statistics at all prove nothing"
    )
    assert {
        table.name: sorted(counted[table.name] - set(table.stats))
        for table in TABLES
        if counted[table.name]
    } == {name: [] for name, columns in counted.items() if columns}


def columns_with_statistics(settings, table):
    """Return the bytes of all files that a table ever had."""
    found = set()
    for file in (settings.home / "lake" / table.folder / "_delta_log").glob("*.json"):
        for line in file.read_text().splitlines():
            stats = orjson.loads(orjson.loads(line).get("add", {}).get("stats") or "{}")
            found |= {
                name
                for kind in ("minValues", "maxValues", "nullCount")
                for name in stats.get(kind, {})
            }
    return found
