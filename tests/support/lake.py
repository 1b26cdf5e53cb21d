"""Read a lake without Spark, and compare it with the expectation of the ledger."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

from foundation.settings import Settings
from lakehouse.storage.s3 import storage_options
from tests.support import oracle

Row = dict[str, Any]
Coordinates = tuple[str, int, int]

FATES = ("new", "edited", "deleted", "duplicate", "stale", "suppressed", "quarantined")
JOBS = ("topic_to_bronze", "bronze_to_silver", "silver_to_gold")


def table(settings: Settings, name: str) -> DeltaTable:
    """Return a table by its name, `layer.table`."""
    uri = f"{settings.lake_uri}/{name.replace('.', '/')}"
    return DeltaTable(uri, storage_options=storage_options(uri, settings.s3))


def arrow_table(settings: Settings, name: str) -> pa.Table:
    """Return all rows, by SQL, because Arrow's own reader refuses deletion vectors."""
    return pa.table(
        QueryBuilder().register("t", table(settings, name)).execute("SELECT * FROM t").read_all()
    )


def rows_of(settings: Settings, name: str) -> list[Row]:
    """Return all rows, with times as microseconds since 1970."""
    found = arrow_table(settings, name)
    for at, column in enumerate(found.schema):
        if pa.types.is_timestamp(column.type):
            found = found.set_column(
                at, column.name, found.column(at).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
            )
    return found.to_pylist()


def hidden_rows(settings: Settings, name: str) -> int:
    """Count the rows in the table's files that deletion vectors hide from the table."""
    written = sum(
        pq.ParquetFile(uri.removeprefix("file://")).metadata.num_rows
        for uri in table(settings, name).file_uris()
    )
    return written - arrow_table(settings, name).num_rows


def versions(settings: Settings) -> dict[str, int]:
    """Return the version of each table to which jobs write rows."""
    names = (
        "bronze.posts",
        "silver.posts",
        "silver.tombstones",
        "quarantine.posts",
        "gold.sentiment_hourly",
    )
    return {name: table(settings, name).version() for name in names}


def ops(settings: Settings, job: str) -> list[Row]:
    """Return the batches of a job."""
    return rows_of(settings, f"ops.batches.{job}")


def assert_exact(
    settings: Settings,
    *ledgers: Path | Sequence[Row],
    consumed: dict[str, int] | None = None,
    is_one_kafka: bool = True,
) -> None:
    """Check by the ledgers that nothing is lost or doubled, and that batches and Gold are right.

    Args:
        settings: of the lake.
        ledgers: files, or rows in the order of sending. A record sent twice is there twice.
        consumed: by job, if it is not the number of records.
        is_one_kafka: False if a topic was created again, so that its offsets occur twice.
    """
    rows = [
        row
        for ledger in ledgers
        for row in (oracle.read_rows(ledger) if isinstance(ledger, Path) else ledger)
    ]
    expected = oracle.expected(rows)
    assert expected.live, "an empty expectation proves nothing"
    bronze = rows_of(settings, "bronze.posts")
    assert_bronze(bronze, rows, is_one_kafka=is_one_kafka)
    assert_silver(settings, expected, bronze)
    assert_tombstones(settings, expected, rows)
    assert_quarantine(settings, rows, bronze, is_one_kafka=is_one_kafka)
    assert_ops(
        settings, {"topic_to_bronze": len(rows), "bronze_to_silver": len(rows)} | (consumed or {})
    )
    assert_gold(settings, expected)


def assert_bronze(bronze: Sequence[Row], rows: Sequence[Row], *, is_one_kafka: bool) -> None:
    """Check that each record is there once and none is missing."""
    sent = Counter(row["topic"] for row in rows)
    held = Counter(row["topic"] for row in bronze)
    assert held == sent
    times = Counter(coordinates(row) for row in bronze)
    if not is_one_kafka:
        return
    assert [at for at, count in times.items() if count > 1] == []
    lanes: dict[tuple[str, int], list[int]] = {}
    for topic, partition, offset in times:
        lanes.setdefault((topic, partition), []).append(offset)
    assert {lane: (min(offsets), max(offsets)) for lane, offsets in lanes.items()} == {
        lane: (0, len(offsets) - 1) for lane, offsets in lanes.items()
    }


def assert_silver(settings: Settings, expected: oracle.Expected, bronze: Sequence[Row]) -> None:
    """Check that each live post has one row, with the content of the winning record."""
    found = rows_of(settings, "silver.posts")
    live = {oracle.post_key(row): row for row in found}
    assert len(live) == len(found), "a post stands in Silver twice"
    assert {"lost": set(expected.live) - set(live), "unseen": set(live) - set(expected.live)} == {
        "lost": set(),
        "unseen": set(),
    }
    names = {"clean_text": "text", "clean_title": "title"} | {
        name: name
        for name in ("channel", "posted_at", "event_id", "version", "author_key", "observed_at")
    }
    differing = [
        (column, row[name], live[key][column])
        for key, row in expected.live.items()
        for name, column in names.items()
        if row[name] != live[key][column]
    ]
    assert not differing, f"{len(differing)}: {differing[:3]}"
    heard = [
        live[key]["lang"] for key, row in expected.live.items() if row["lang"] not in (None, "en")
    ]
    assert {None, "en"} & set(heard) == set(), "a post of another language was taken for English"
    assert [
        key for key, row in expected.live.items() if row["day"] != live[key]["day"].isoformat()
    ] == []
    values: dict[Coordinates, list[bytes]] = {}
    for row in bronze:
        values.setdefault(coordinates(row), []).append(row["value"])
    wrong = [
        key
        for key, row in live.items()
        if not any(
            row["event_id"].encode() in value
            for value in values[coordinates(row["bronze"])]
            if value
        )
    ]
    assert wrong == [], "a row in Silver names a record in Bronze that is not its own"


def assert_tombstones(settings: Settings, expected: oracle.Expected, rows: Sequence[Row]) -> None:
    """Check that every deleted post is blocked, and no live post is."""
    posts: dict[oracle.PostKey, int] = {}
    authors: dict[oracle.AuthorKey, int] = {}
    for row in rows_of(settings, "silver.tombstones"):
        held, key = (posts, row["post_key"]) if row["post_key"] else (authors, row["author_key"])
        named = (row["owner"], row["platform"], key)
        held[named] = max(row["version"], held.get(named, 0))
    assert authors == expected.author_tombstones
    upserts: dict[oracle.PostKey, int] = {}
    for row in rows:
        if row["op"] == "upsert" and row["fate"] != "quarantined":
            upserts[oracle.post_key(row)] = max(
                row["version"], upserts.get(oracle.post_key(row), 0)
            )
    # A delete that a higher version had overtaken may have left none.
    needed = {key: at for key, at in expected.tombstones.items() if at >= upserts.get(key, -1)}
    assert {key: posts.get(key) for key in needed} == needed
    assert [key for key, at in posts.items() if at > expected.tombstones.get(key, -1)] == []
    assert [key for key, row in expected.live.items() if row["version"] <= posts.get(key, -1)] == []


def assert_quarantine(
    settings: Settings, rows: Sequence[Row], bronze: Sequence[Row], *, is_one_kafka: bool = True
) -> None:
    """Check that the bad records are there, each with its reason, coordinates and bytes."""
    found = rows_of(settings, "quarantine.posts")
    bad = [row for row in rows if row["fate"] == "quarantined"]
    assert Counter(row["reason"] for row in found) == Counter(row["reason"] for row in bad)
    reasons = {
        (row["topic"], row["value_sha256"]): row["reason"] for row in bad if row["kind"] == "bad"
    }
    unmappable = {row["event_id"] for row in bad if row["kind"] != "bad"}
    if not is_one_kafka:
        return
    should: dict[Coordinates, str] = {}
    as_received = {}
    for row in bronze:
        reason = reasons.get((row["topic"], _sha256(row["value"])))
        if (
            reason is None
            and row["op"] == "unmappable"
            and orjson.loads(row["value"])["event_id"] in unmappable
        ):
            reason = "unmappable"
        if reason:
            should[coordinates(row)] = reason
            as_received[coordinates(row)] = _received(row)
    assert {coordinates(row): row["reason"] for row in found} == should
    assert len(found) == len(should), "a record is in quarantine twice"
    assert [at for at in map(coordinates, found) if at not in as_received] == []
    assert [
        coordinates(row) for row in found if _received(row) != as_received[coordinates(row)]
    ] == []


def assert_ops(settings: Settings, consumed: dict[str, int]) -> None:
    """Check that every batch is there once and its fates add up."""
    for job in JOBS:
        if job == "topic_to_bronze" and consumed[job] == 0:
            continue
        batches = ops(settings, job)
        times = Counter((row["checkpoint_id"], row["batch_id"]) for row in batches)
        assert [batch for batch, count in times.items() if count > 1] == [], (
            f"{job} has a batch twice in ops"
        )
        if job in consumed:
            assert sum(row["consumed"] for row in batches) == consumed[job], job
    unbalanced = [
        row["batch_id"]
        for row in ops(settings, "bronze_to_silver")
        if row["consumed"] != sum(row[fate] for fate in FATES)
    ]
    assert unbalanced == []


def assert_gold(settings: Settings, expected: oracle.Expected) -> None:
    """Check Gold cell by cell, including authors and sums."""
    found = rows_of(settings, "gold.sentiment_hourly")
    cells = {(row["owner"], row["platform"], row["channel"], row["hour"]): row for row in found}
    assert len(cells) == len(found), "a group stands in Gold twice"
    assert set(cells) == set(expected.hourly)
    wrong = {
        key: {
            name: (cells[key][name], value)
            for name, value in cell.as_row().items()
            if cells[key][name] != value
        }
        for key, cell in expected.hourly.items()
    }
    assert {key: differs for key, differs in wrong.items() if differs} == {}


def coordinates(row: Row) -> Coordinates:
    """Return the coordinates in Kafka."""
    return row["topic"], row["partition"], row["offset"]


def files_with(folder: Path, needles: Iterable[bytes]) -> list[str]:
    """Return the files below a folder that contain a byte string, as `needle number: file`.

    The needle itself is never shown.
    """
    wanted = list(needles)
    assert wanted, "nothing to look for"
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        found += [
            f"{number}: {file.relative_to(folder)}"
            for number, needle in enumerate(wanted)
            if needle in content
        ]
    return found


def found_in(content: bytes, needles: Iterable[bytes]) -> set[bytes]:
    """Return those of thousands of byte strings that the content contains, reading it once.

    The needles' first 12 bytes decide which are compared.
    """
    by_start: dict[bytes, list[bytes]] = {}
    for needle in needles:
        by_start.setdefault(needle[:12], []).append(needle)
    starts = {content[at : at + 12] for at in range(len(content) - 11)} & by_start.keys()
    return {needle for start in starts for needle in by_start[start] if needle in content}


def _received(row: Row) -> tuple[Any, ...]:
    return row["key"], row["value"], sorted(row["headers"] or [])


def _sha256(value: bytes | None) -> str | None:
    return None if value is None else hashlib.sha256(value).hexdigest()
