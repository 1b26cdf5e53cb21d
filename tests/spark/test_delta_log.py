"""What the log of a table says without Spark is what Spark says; a table that never came to be is made."""

from pathlib import Path

import pytest
from delta.tables import DeltaTable

from foundation.errors import TableSchemaError
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from schemas.tables import QUARANTINE_POSTS, SILVER_TOMBSTONES


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path)


def test_a_log_without_a_commit_is_no_table_and_does_not_stop_its_making(spark, settings):
    """What a kill between the log's folder and its first commit leaves."""
    left = Path(delta_log.path(QUARANTINE_POSTS, settings), "_delta_log", "_staged_commits")
    left.mkdir(parents=True)
    assert not delta_log.exists(QUARANTINE_POSTS, settings)
    delta.ensure(spark, QUARANTINE_POSTS, settings)
    assert delta_log.version(QUARANTINE_POSTS, settings) == 0
    assert delta.read(spark, QUARANTINE_POSTS, settings).columns == QUARANTINE_POSTS.columns


def test_what_the_log_says_is_what_spark_says(spark, settings):
    assert delta_log.properties(SILVER_TOMBSTONES, settings) == {}
    delta.ensure(spark, SILVER_TOMBSTONES, settings)
    delta.set_properties(
        spark, SILVER_TOMBSTONES, settings, {"echostream.a": "1", "echostream.b": "2"}
    )
    theirs = DeltaTable.forPath(spark, delta_log.path(SILVER_TOMBSTONES, settings))
    assert (
        delta_log.version(SILVER_TOMBSTONES, settings)
        == theirs.history(1).collect()[0]["version"]
        == 1
    )
    assert (
        delta_log.properties(SILVER_TOMBSTONES, settings)
        == theirs.detail().collect()[0]["properties"]
    )
    ours = delta_log.last_commit(SILVER_TOMBSTONES, settings)
    assert ours["operation"] == theirs.history(1).collect()[0]["operation"]


def test_the_last_append_is_found_behind_upkeep(spark, settings):
    """A stream that was killed before it had noted a batch asks for it after whatever was done meanwhile."""
    delta.ensure(spark, SILVER_TOMBSTONES, settings)
    with pytest.raises(LookupError):
        delta_log.last_append(SILVER_TOMBSTONES, settings)
    row = {
        "owner": "public",
        "platform": "reddit",
        "post_key": "a",
        "version": 1,
        "reason": "platform",
    }
    schema = SILVER_TOMBSTONES.schema
    rows = [tuple(row.get(name) for name in schema.fieldNames())] * 3
    delta.append(spark.createDataFrame(rows, schema), SILVER_TOMBSTONES, settings)
    table = DeltaTable.forPath(spark, delta_log.path(SILVER_TOMBSTONES, settings))
    table.optimize().executeCompaction()
    table.delete("post_key = 'a'")
    found = delta_log.last_append(SILVER_TOMBSTONES, settings)
    assert (found["version"], found["operationMetrics"]["numOutputRows"]) == (1, "3")
    assert delta_log.version(SILVER_TOMBSTONES, settings) > 1


def test_another_partitioning_is_refused(spark, settings):
    path = delta_log.path(SILVER_TOMBSTONES, settings)
    spark.createDataFrame([], SILVER_TOMBSTONES.schema).write.format("delta").save(path)
    with pytest.raises(TableSchemaError, match="is partitioned by nothing, this version's by day"):
        delta.ensure(spark, SILVER_TOMBSTONES, settings)
