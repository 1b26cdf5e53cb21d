"""Kafka records → rows of bronze.posts: as received; the payload stays closed."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.tables import BRONZE_POSTS
from schemas.topics import TOPIC_PATTERN


def to_bronze(records: DataFrame, *, ingest_date: date) -> DataFrame:
    """Kafka's columns plus what the headers say; a header that is not UTF-8 or not a date is null."""
    return records.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.lit(ingest_date).alias("ingest_date"),
        # From the topic, never from a header: it names a folder.
        F.regexp_extract("topic", TOPIC_PATTERN, 1).alias("platform"),
        _header("op").alias("op"),
        _header("post_key").alias("post_key"),
        _header("author_key").alias("author_key"),
        _python_date(_header("day").try_cast("date")).alias("day"),
        "key",
        F.map_from_entries("headers").alias("headers"),
        "value",
    ).select(*BRONZE_POSTS.columns)


def _header(name: str) -> Column:
    """The last header of that name, as text."""
    values = F.filter("headers", lambda header: header["key"] == name)
    return F.try_validate_utf8(F.try_element_at(values, F.lit(-1))["value"].cast("string"))


def _python_date(day: Column) -> Column:
    """The date, or null where Spark's calendar is longer than that of the Python workers, which it would stop."""
    return F.when(F.year(day).between(1, 9999), day)
