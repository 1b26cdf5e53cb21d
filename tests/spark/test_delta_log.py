"""A table's log has the same content without Spark as with it. A half-made table is completed."""

from pathlib import Path

import pytest
from delta.tables import DeltaTable

from foundation.errors import TableSchemaError
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.delta.log import TableLog
from schemas.tables import QUARANTINE_POSTS, SILVER_TOMBSTONES


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path)


def test_a_log_without_a_commit_is_no_table_and_does_not_stop_its_making(spark, settings):
    """A kill between the log's folder and its first commit leaves an empty log."""
    left = Path(TableLog(QUARANTINE_POSTS, settings).path, "_delta_log", "_staged_commits")
    left.mkdir(parents=True)
    assert not TableLog(QUARANTINE_POSTS, settings).exists()
    Lake(spark, settings).ensure(QUARANTINE_POSTS)
    assert TableLog(QUARANTINE_POSTS, settings).version() == 0
    assert Lake(spark, settings).read(QUARANTINE_POSTS).columns == QUARANTINE_POSTS.columns


def test_what_the_log_says_is_what_spark_says(spark, settings):
    assert TableLog(SILVER_TOMBSTONES, settings).properties() == {}
    Lake(spark, settings).ensure(SILVER_TOMBSTONES)
    Lake(spark, settings).set_properties(
        SILVER_TOMBSTONES, {"echostream.a": "1", "echostream.b": "2"}
    )
    theirs = DeltaTable.forPath(spark, TableLog(SILVER_TOMBSTONES, settings).path)
    assert (
        TableLog(SILVER_TOMBSTONES, settings).version()
        == theirs.history(1).collect()[0]["version"]
        == 1
    )
    assert (
        TableLog(SILVER_TOMBSTONES, settings).properties()
        == theirs.detail().collect()[0]["properties"]
    )
    ours = TableLog(SILVER_TOMBSTONES, settings).last_commit()
    assert ours["operation"] == theirs.history(1).collect()[0]["operation"]


def test_the_last_append_is_found_behind_upkeep(spark, settings):
    """A stream that was killed before it recorded a batch asks for it after other commits, too."""
    Lake(spark, settings).ensure(SILVER_TOMBSTONES)
    with pytest.raises(LookupError):
        TableLog(SILVER_TOMBSTONES, settings).last_append()
    row = {
        "owner": "public",
        "platform": "reddit",
        "post_key": "a",
        "version": 1,
        "reason": "platform",
    }
    schema = SILVER_TOMBSTONES.schema
    rows = [tuple(row.get(name) for name in schema.fieldNames())] * 3
    Lake(spark, settings).append(spark.createDataFrame(rows, schema), SILVER_TOMBSTONES)
    table = DeltaTable.forPath(spark, TableLog(SILVER_TOMBSTONES, settings).path)
    table.optimize().executeCompaction()
    table.delete("post_key = 'a'")
    found = TableLog(SILVER_TOMBSTONES, settings).last_append()
    assert (found["version"], found["operationMetrics"]["numOutputRows"]) == (1, "3")
    assert TableLog(SILVER_TOMBSTONES, settings).version() > 1


def test_another_partitioning_is_refused(spark, settings):
    path = TableLog(SILVER_TOMBSTONES, settings).path
    spark.createDataFrame([], SILVER_TOMBSTONES.schema).write.format("delta").save(path)
    with pytest.raises(TableSchemaError, match="is partitioned by nothing, this version's by day"):
        Lake(spark, settings).ensure(SILVER_TOMBSTONES)
