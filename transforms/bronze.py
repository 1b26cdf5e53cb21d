"""Kafka records → rows of bronze.posts: as received; the payload stays closed."""

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
    """Return Kafka's columns and the headers' fields; a header that is not UTF-8 or a date is null.

    With a payload key, workers encrypt the payloads; they read the key for themselves.
    """
    return records.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.lit(ingest_date).alias("ingest_date"),
        # From the topic, never from a header: it names a folder.
        F.regexp_extract("topic", TOPIC_PATTERN, 1).alias("platform"),
        *_routing(_last_header),
        "key",
        F.map_from_entries("headers").alias("headers"),
        (_encrypted(payload_key) if payload_key else _as_received()).alias("value"),
    ).select(*BRONZE_POSTS.columns)


def from_quarantine(quarantined: DataFrame) -> DataFrame:
    """Return rows of quarantine.posts as they stood in Bronze, all but their ingest date."""
    kept = [name for name in BRONZE_POSTS.columns if name in quarantined.columns]
    return quarantined.select(
        *kept, *_routing(lambda name: F.try_element_at("headers", F.lit(name)))
    )


def _routing(header: Callable[[str], Column]) -> list[Column]:
    """Return the headers' fields, so that nobody has to decrypt the payload for them."""

    def text(name: str) -> Column:
        return F.try_validate_utf8(header(name).cast("string"))

    names = [text(name).alias(name) for name in ("op", "post_key", "author_key")]
    return [*names, _python_date(text("day").try_cast("date")).alias("day")]


def _as_received() -> Column:
    """Return the payload; one that looks encrypted or marked gets the byte for "as received"."""
    looks_stored = F.substring("value", 1, 1).isin(F.lit(AS_RECEIVED), F.lit(ENCRYPTED))
    return F.when(looks_stored, F.concat(F.lit(AS_RECEIVED), F.col("value"))).otherwise(
        F.col("value")
    )


def _encrypted(source: KeySource) -> Column:
    """Return the payload as it rests.

    Only the columns that the worker needs go to it, and no key stands in the plan.
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
    """Return the date, or null where it would stop the Python workers.

    Spark's calendar is longer than Python's.
    """
    return F.when(F.year(day).between(1, 9999), day)
