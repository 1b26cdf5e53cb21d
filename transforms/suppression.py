"""Find the records that tombstones of erasures block, alike in Bronze, quarantine and Silver.

Records are matched by platform and pseudonym only, since the owner is part of each pseudonym. A
record whose version cannot be read counts as blocked: it might be one of the person's.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf

from foundation.key_sources import KeySource
from transforms.decode import BadRecordError
from transforms.order import blocked_by_author
from transforms.payloads import At, decrypt

# The version up to which a person's request blocks: 9999-12-31 in µs.
FOREVER = 253_402_214_400_000_000
_RECORD = ("topic", "partition", "offset", "kafka_timestamp")
_IN_PAYLOAD = "version long, post_key string, author_key string"
_pandas_udf: Any = pandas_udf  # its stubs do not know iterators


def suspects(records: DataFrame, tombstones: DataFrame) -> DataFrame:
    """Return the records that tombstones may block, without a look at their payloads.

    They are the records of which a header has a tombstone's pseudonym, whatever the version. If a
    header lacks its pseudonym, the payload must be read, so such records are returned too.
    """
    posts = tombstones.where("post_key IS NOT NULL").select("platform", "post_key").distinct()
    authors = tombstones.where("author_key IS NOT NULL").select("platform", "author_key").distinct()
    keyed = records.where("post_key IS NOT NULL OR author_key IS NOT NULL")
    by_post = keyed.join(posts, on=["platform", "post_key"], how="left_semi")
    by_author = keyed.join(authors, on=["platform", "author_key"], how="left_semi")
    by_payload = records.where("post_key IS NULL OR author_key IS NULL")
    return by_post.unionByName(by_author).unionByName(by_payload).dropDuplicates(list(_RECORD))


def with_versions(records: DataFrame, payload_key: KeySource) -> DataFrame:
    """Return the records with `version`: a row per pair of pseudonyms, of header and payload."""
    decoded = records.withColumn("in_payload", _in_payload(payload_key))
    by_header = F.struct("post_key", "author_key", "in_payload.version")
    by_payload = F.struct(
        F.coalesce("in_payload.post_key", "post_key").alias("post_key"),
        F.coalesce("in_payload.author_key", "author_key").alias("author_key"),
        "in_payload.version",
    )
    # The version is part of the exploded struct, because beside an explode Spark loses a column
    # that comes from a worker.
    kept = [name for name in records.columns if name not in ("post_key", "author_key", "value")]
    names = F.explode(F.array_distinct(F.array(by_header, by_payload))).alias("names")
    return decoded.select(*kept, names).select(*kept, "names.*")


def blocked(records: DataFrame, tombstones: DataFrame, *keys: str) -> DataFrame:
    """Return `keys` of the blocked records, each once, with the `erasure_id` of one tombstone.

    Args:
        records: keys, platform, op, post_key, author_key, day, version.
        tombstones: platform, post_key or author_key, version, erasure_id.
        keys: the columns that identify a record.
    """
    until = F.col("tombstone_version")
    named = tombstones.withColumnRenamed("version", "tombstone_version")
    of_posts = named.where("post_key IS NOT NULL").select(
        "platform", "post_key", until, "erasure_id"
    )
    of_authors = named.where("author_key IS NOT NULL").select(
        "platform", "author_key", until, "erasure_id"
    )
    by_post = records.join(of_posts, on=["platform", "post_key"]).where(_is_up_to(until))
    is_theirs = (until >= FOREVER) | (F.col("op") == "delete_author")
    by_author = records.join(of_authors, on=["platform", "author_key"]).where(
        F.when(is_theirs, _is_up_to(until)).otherwise(
            F.coalesce(
                blocked_by_author(F.coalesce("version", F.lit(0)), F.col("day"), until),
                F.lit(False),
            )
        )
    )
    rows = by_post.select(*keys, "erasure_id").unionByName(by_author.select(*keys, "erasure_id"))
    return rows.groupBy(*keys).agg(F.min("erasure_id").alias("erasure_id"))


def _is_up_to(until: Column) -> Column:
    return F.col("version").isNull() | (F.col("version") <= until)


def _in_payload(source: KeySource) -> Column:
    """Return the payloads' own fields; Spark sends the worker only needed columns, and no key."""
    import pandas as pd  # noqa: PLC0415  # half a second that a job's refusal does not need

    def run(
        batches: Iterator[tuple[pd.Series, pd.Series, pd.Series, pd.Series]],
    ) -> Iterator[pd.DataFrame]:
        for columns in batches:
            rows = [
                _read(value, source, At(topic, partition, offset))
                for topic, partition, offset, value in zip(*columns, strict=True)
            ]
            yield pd.DataFrame(rows, columns=["version", "post_key", "author_key"]).astype(
                {"version": "Int64"}
            )

    column: Column = _pandas_udf(run, _IN_PAYLOAD)("topic", "partition", "offset", "value")
    return column


def _read(
    value: bytes | None, source: KeySource, at: At
) -> tuple[int | None, str | None, str | None]:
    try:
        event = orjson.loads(decrypt(value, source, at) or b"")
    except (BadRecordError, orjson.JSONDecodeError):
        return None, None, None
    if not isinstance(event, dict):
        return None, None, None
    event_keys = event.get("keys")
    keys: dict[str, Any] = event_keys if isinstance(event_keys, dict) else {}
    version = event.get("version")
    is_version = (
        isinstance(version, int) and not isinstance(version, bool) and abs(version) < 1 << 63
    )
    return version if is_version else None, _text(keys.get("post")), _text(keys.get("author"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
