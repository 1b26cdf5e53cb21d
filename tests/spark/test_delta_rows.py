"""Rows are written without Spark, and Spark reads the same values.

Each row is written once, however often the write is repeated.
"""

from datetime import UTC, datetime

import pytest

from foundation.errors import DiskFullError, StoreUnreachableError
from foundation.settings import Settings
from lakehouse.delta import driver_rows
from lakehouse.delta.lake import Lake, Txn
from lakehouse.delta.log import TableLog
from lakehouse.maintenance import optimize
from schemas.tables import ops_batches, ops_erasures

BATCHES = ops_batches("silver_to_gold")
ERASURES = ops_erasures("silver_to_gold")
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
SAID = dict.fromkeys(BATCHES.columns) | {
    "query": "silver_to_gold",
    "batch_id": 0,
    "checkpoint_id": "c",
    "started_at": AT,
    "ended_at": AT,
    "consumed": 7,
    "table_versions": {"silver.posts": 3},
    "input_rows_per_s": 0.5,
    "masked": {},
}


@pytest.fixture
def settings(spark, tmp_path) -> Settings:
    settings = Settings(home=tmp_path)
    for table in (BATCHES, ERASURES):
        Lake(spark, settings).ensure(table)
    return settings


def test_spark_reads_what_was_written(spark, settings):
    driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("a", 0))
    rows = Lake(spark, settings).read(BATCHES)
    assert rows.schema.simpleString() == BATCHES.schema.simpleString()
    (row,) = (
        each.asDict()
        for each in rows.selectExpr("*", "unix_micros(started_at) AS micros").collect()
    )
    assert row["micros"] == int(AT.timestamp()) * 10**6 + 123456
    kept = {name: row[name] for name in BATCHES.columns if not name.endswith("_at")}
    assert kept == {name: value for name, value in SAID.items() if not name.endswith("_at")}


def test_a_repeat_does_nothing_whichever_engine_repeats(spark, settings):
    """Batch 0 counts too, although 0 is false in Python."""
    for version in (0, 0, 1, 0, 1):
        driver_rows.append(
            [SAID | {"batch_id": version}], TableLog(BATCHES, settings), txn=Txn("a", version)
        )
    Lake(spark, settings).append(Lake(spark, settings).read(BATCHES), BATCHES, txn=Txn("a", 1))
    Lake(spark, settings).append(
        Lake(spark, settings).read(BATCHES).limit(1), BATCHES, txn=Txn("a", 2)
    )
    driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("a", 2))
    driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("b", 0))
    assert Lake(spark, settings).read(BATCHES).count() == 4
    assert TableLog(BATCHES, settings).version() == 4


def test_the_log_holds_no_values_of_columns_that_may_not_stand_there(spark, settings):
    """Statistics are a copy that outlives the row; the table names the columns with any."""
    named = dict.fromkeys(ERASURES.columns) | {
        "erasure_id": "canary-id",
        "at": AT,
        "what": {"posts": 1},
    }
    driver_rows.append([named], TableLog(ERASURES, settings), txn=Txn("a", 0))
    log = "".join(
        file.read_text()
        for file in (settings.home / "lake" / ERASURES.folder / "_delta_log").glob("*.json")
    )
    assert "canary-id" not in log
    assert '\\"minValues\\"' in log


def test_what_cannot_be_written_is_named(settings, monkeypatch):
    def away(*_given, **_options):
        raise OSError("nothing of this may be said")

    monkeypatch.setattr(driver_rows, "write_deltalake", away)
    with pytest.raises(StoreUnreachableError, match=r"cannot be written \(OSError\)\. "):
        driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("a", 0))
    assert TableLog(BATCHES, settings).version() == 0


def test_what_comes_between_the_question_and_the_write_is_not_doubled(spark, settings, monkeypatch):
    """deltalake refuses a write if another one has landed since the log was read.

    The other write belongs to an abandoned run, or is our own, which is tried again.
    """
    real = driver_rows.write_deltalake

    def late(log, *given, **options):
        real(TableLog(BATCHES, settings).open(), *given, **options)
        real(log, *given, **options)

    monkeypatch.setattr(driver_rows, "write_deltalake", late)
    driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("a", 0))
    assert Lake(spark, settings).read(BATCHES).count() == 1


def test_a_full_disk_is_named(settings, monkeypatch):
    def full(*_given, **_options):
        raise OSError("No space left on device (os error 28)")

    monkeypatch.setattr(driver_rows, "write_deltalake", full)
    with pytest.raises(DiskFullError, match="the disk is full"):
        driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("a", 0))


def test_a_row_that_lacks_a_column_is_no_row(settings):
    with pytest.raises(KeyError, match="lag_records"):
        driver_rows.append(
            [{name: value for name, value in SAID.items() if name != "lag_records"}],
            TableLog(BATCHES, settings),
            txn=Txn("a", 0),
        )


def test_both_engines_write_one_log_in_turn(spark, settings):
    """Twelve rows are written, Spark compacts their files, and one row more follows.

    The log has checkpoints all the while.
    """
    for number in range(12):
        driver_rows.append(
            [SAID | {"batch_id": number}], TableLog(BATCHES, settings), txn=Txn("a", number)
        )
    optimize.optimize(Lake(spark, settings), BATCHES, [()])
    driver_rows.append([SAID | {"batch_id": 12}], TableLog(BATCHES, settings), txn=Txn("a", 12))
    driver_rows.append([SAID | {"batch_id": 12}], TableLog(BATCHES, settings), txn=Txn("a", 12))
    rows = Lake(spark, settings).read(BATCHES).select("batch_id").collect()
    assert sorted(row["batch_id"] for row in rows) == list(range(13))
    log = settings.home / "lake" / BATCHES.folder / "_delta_log"
    assert list(log.glob("*09.checkpoint.parquet"))


def test_what_commits_say_is_found_however_far_back(spark, settings):
    row = tuple(SAID[name] for name in BATCHES.columns)
    Lake(spark, settings).overwrite(
        spark.createDataFrame([row], BATCHES.schema), BATCHES, metadata={"mark": 7}
    )
    assert TableLog(BATCHES, settings).newest_metadata("mark") == 7
    for number in range(3):
        driver_rows.append([SAID], TableLog(BATCHES, settings), txn=Txn("a", number))
    assert TableLog(BATCHES, settings).newest_metadata("mark") == 7
    assert TableLog(BATCHES, settings).newest_metadata("never") is None
