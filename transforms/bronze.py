"""Turn Kafka records into rows of bronze.posts, with the payload as received or encrypted."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from foundation.key_sources import KeySource
from schemas.tables import BRONZE_POSTS
from schemas.topics import TOPIC_PATTERN
from transforms.payloads import AS_RECEIVED, ENCRYPTED, At, encrypt, key_of

_pandas_udf: Any = pandas_udf  # its stubs do not know iterators


def to_bronze(
    records: DataFrame, *, ingest_date: date, payload_key: KeySource | None = None
) -> DataFrame:
    """Return one row per Kafka record: Kafka's columns, and columns taken from the headers.

    A header that is not UTF-8, or a day that is not a date, gives null. With a payload key the
    workers encrypt the payloads; they read the key themselves.
    """
    return records.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.lit(ingest_date).alias("ingest_date"),
        # The platform names a folder, so it comes from the topic, never from a header.
        F.regexp_extract("topic", TOPIC_PATTERN, 1).alias("platform"),
        *_routing(_last_header),
        "key",
        F.map_from_entries("headers").alias("headers"),
        (_encrypted(payload_key) if payload_key else _as_received()).alias("value"),
    ).select(*BRONZE_POSTS.columns)


def from_quarantine(quarantined: DataFrame) -> DataFrame:
    """Return rows of quarantine.posts as they were in Bronze, without their ingest date."""
    kept = [name for name in BRONZE_POSTS.columns if name in quarantined.columns]
    return quarantined.select(
        *kept, *_routing(lambda name: F.try_element_at("headers", F.lit(name)))
    )


def _routing(header: Callable[[str], Column]) -> list[Column]:
    """Return the columns taken from headers, so that nobody decrypts the payload for them."""

    def text(name: str) -> Column:
        return F.try_validate_utf8(header(name).cast("string"))

    names = [text(name).alias(name) for name in ("op", "post_key", "author_key")]
    return [*names, _python_date(text("day").try_cast("date")).alias("day")]


def _as_received() -> Column:
    """Return the payload; AS_RECEIVED precedes one that begins like a stored payload."""
    looks_stored = F.substring("value", 1, 1).isin(F.lit(AS_RECEIVED), F.lit(ENCRYPTED))
    return F.when(looks_stored, F.concat(F.lit(AS_RECEIVED), F.col("value"))).otherwise(
        F.col("value")
    )


def _encrypted(source: KeySource) -> Column:
    """Return the encrypted payload.

    Spark sends only the needed columns to the worker, and the plan contains no key.
    """
    import pandas as pd  # noqa: PLC0415  # half a second that a job's refusal does not need

    def run(
        batches: Iterator[tuple[pd.Series, pd.Series, pd.Series, pd.Series]],
    ) -> Iterator[pd.Series]:
        for columns in batches:
            key = key_of(source)
            yield pd.Series(
                [
                    None if value is None else encrypt(value, key, At(topic, partition, offset))
                    for topic, partition, offset, value in zip(*columns, strict=True)
                ],
                dtype=object,
            )

    column: Column = _pandas_udf(run, "binary").asNondeterministic()(
        "topic", "partition", "offset", "value"
    )
    return column


def _last_header(name: str) -> Column:
    values = F.filter("headers", lambda header: header["key"] == name)
    return F.try_element_at(values, F.lit(-1))["value"]


def _python_date(day: Column) -> Column:
    """Return the date, or null if Python has no such date, which would stop the workers.

    Spark's calendar is longer than Python's.
    """
    return F.when(F.year(day).between(1, 9999), day)
