"""Tables of an older version get what can be added; other changes are refused.

Readers of the table read on.
"""

from dataclasses import replace

import pytest
from pyspark.sql.types import ArrayType, LongType, StringType, StructField, StructType

from foundation.errors import TableSchemaError
from foundation.settings import Settings
from lakehouse.delta import evolution
from lakehouse.delta.lake import Lake
from lakehouse.delta.log import TableLog
from schemas.tables import Table

OLD = Table(
    name="silver.things",
    schema=StructType(
        [
            StructField("key", StringType()),
            StructField("day", StringType()),
            StructField("place", StructType([StructField("topic", StringType())])),
        ]
    ),
    key=("key",),
    partition_by=("day",),
    stats=("key",),
    change_feed=True,
)
NEW = replace(
    OLD,
    schema=StructType(
        [
            StructField("key", StringType()),
            StructField("owner", StringType()),
            StructField("day", StringType()),
            StructField(
                "place",
                StructType([StructField("topic", StringType()), StructField("offset", LongType())]),
            ),
            StructField("words", ArrayType(StringType())),
        ]
    ),
    stats=("key", "owner"),
    properties={"echostream.kind": "things"},
)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path)


def write(spark, table, settings, *rows):
    Lake(spark, settings).append(spark.createDataFrame(list(rows), table.schema), table)


def drain_changes(spark, settings, folder) -> list[str]:
    """Return the keys in a stream of the table's changes, from its last position."""
    keys: list[str] = []
    changes = Lake(spark, settings).stream_changes(OLD, starting_version=0)
    writer = changes.writeStream.option("checkpointLocation", str(folder)).trigger(
        availableNow=True
    )
    query = writer.foreachBatch(
        lambda rows, _: keys.extend(row["key"] for row in rows.collect())
    ).start()
    assert query.awaitTermination(120)
    return sorted(keys)


def test_columns_of_structs_too_and_properties_are_added_and_a_stream_reads_on(
    spark, settings, tmp_path
):
    Lake(spark, settings).ensure(OLD)
    write(spark, OLD, settings, ("a", "monday", ("t",)), ("b", "monday", None))
    assert drain_changes(spark, settings, tmp_path / "stream") == ["a", "b"]
    write(spark, OLD, settings, ("c", "monday", ("t",)))
    with pytest.raises(TableSchemaError, match=r"lacks the columns owner, place\.offset, words"):
        Lake(spark, settings).ensure_source(NEW)
    Lake(spark, settings).ensure(NEW)
    write(spark, NEW, settings, ("d", "public", "monday", ("t", 7), ["w"]))

    rows = {row["key"]: row for row in Lake(spark, settings).read(NEW).collect()}
    assert (rows["a"]["owner"], rows["a"]["place"], rows["a"]["words"]) == (None, ("t", None), None)
    assert (rows["d"]["owner"], rows["d"]["place"], rows["d"]["words"]) == (
        "public",
        ("t", 7),
        ["w"],
    )
    properties = TableLog(NEW, settings).properties()
    assert (properties["delta.dataSkippingStatsColumns"], properties["echostream.kind"]) == (
        "key,owner",
        "things",
    )
    assert drain_changes(spark, settings, tmp_path / "stream") == ["c", "d"]

    version = TableLog(NEW, settings).version()
    Lake(spark, settings).ensure(NEW)
    Lake(spark, settings).ensure_source(NEW)
    assert TableLog(NEW, settings).version() == version, "a table that lacks nothing got a commit"


def test_a_property_that_the_operator_has_set_stays(spark, settings):
    Lake(spark, settings).ensure(OLD)
    Lake(spark, settings).set_properties(OLD, {"delta.logRetentionDuration": "interval 90 days"})
    Lake(spark, settings).ensure(OLD)
    assert TableLog(OLD, settings).properties()["delta.logRetentionDuration"] == "interval 90 days"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            replace(NEW, partition_by=()),
            "is partitioned by day, this version's by nothing.*rebuild silver",
        ),
        (
            replace(NEW, schema=StructType(NEW.schema.fields[:-1])),
            "does not know: words.*a newer one",
        ),
        (
            replace(
                NEW,
                schema=StructType([*NEW.schema.fields[:-1], StructField("words", StringType())]),
            ),
            "words of table silver.things .* is array<string>, this version's is string"
            ".*rebuild silver",
        ),
    ],
    ids=["partitioning", "newer", "type"],
)
def test_any_other_change_is_refused_without_a_commit(spark, settings, changed, message):
    Lake(spark, settings).ensure(NEW)
    with pytest.raises(TableSchemaError, match=message):
        evolution.missing(TableLog(changed, settings))
    with pytest.raises(TableSchemaError):
        Lake(spark, settings).ensure(changed)
    assert TableLog(NEW, settings).version() == 0
