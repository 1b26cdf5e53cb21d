"""Measure how long erasures take, for batches of requests of several sizes.

The script sends generated posts through the jobs once and then multiplies the rows. Each copy has
its own pseudonyms and the same payloads. It creates requests for several authors at once and lets
the jobs' own steps carry them out. The time runs from the request to the receipt's "unqueryable".
Running streams add up to `erasure.interval_s` (60 s) and the rest of the current batch. Results
are in docs/privacy/erasure.md.

    python -m benchmarks.erasure --posts 20000 --copies 10 --requests 1 10 100 1000
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from batch.erase import carry_out
from foundation import clock
from foundation.key_sources import pseudonym_source
from foundation.keys import create_key
from foundation.logs import setup_logs
from foundation.settings import Settings
from ingestion.generator import run_generator
from ingestion.kafka.producer import MemoryProducer
from lakehouse.delta.lake import Lake
from lakehouse.erasure import ledger
from lakehouse.erasure import requests as erasure_requests
from lakehouse.erasure.receipts import receipts
from lakehouse.erasure.requests import Target
from lakehouse.spark.session import build_session
from schemas.tables import BRONZE_POSTS, SILVER_POSTS
from schemas.topics import platform_of
from streaming import bronze_to_silver, silver_to_gold

Row = tuple[object, ...]
SEED = 20261121


def main() -> None:
    """Build the lake, then measure each number of requests."""
    parser = argparse.ArgumentParser(prog="benchmarks.erasure")
    parser.add_argument(
        "--posts", type=int, default=20_000, help="generated posts to send through the jobs"
    )
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--requests", type=int, nargs="+", default=[1, 10, 100, 1000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        create_key(settings.key_file)
        setup_logs(settings.home / "logs" / "benchmark.jsonl", settings.log_level)
        spark = build_session(settings, "benchmark")
        try:
            lake = Lake(spark, settings)
            build(lake, options.posts, options.copies)
            for count in options.requests:
                measure(lake, count)
        finally:
            spark.stop()


def build(lake: Lake, posts: int, copies: int) -> None:
    """Build Bronze, Silver and Gold from generated posts, each copied several times."""
    lake.ensure(BRONZE_POSTS)
    memory = MemoryProducer()
    run_generator(lake.settings, memory, n_posts=posts, seed=SEED)
    received = lake.spark.createDataFrame(
        [_received(n, *message) for n, message in enumerate(memory.messages)], BRONZE_POSTS.schema
    )
    lake.append(received, BRONZE_POSTS)
    bronze_to_silver.start(lake, available_now=True).query.awaitTermination()
    for table in (BRONZE_POSTS, SILVER_POSTS):
        lake.append(_copied(lake.read(table), copies), table)
    gold = silver_to_gold.start(lake, available_now=True)
    gold.query.awaitTermination()
    sizes = {table.name: lake.read(table).count() for table in (BRONZE_POSTS, SILVER_POSTS)}
    say(f"{sizes}")


def measure(lake: Lake, count: int) -> None:
    """Measure the time until no table shows the data of `count` requests."""
    settings = lake.settings
    authors = (
        lake.read(SILVER_POSTS).where("author_key IS NOT NULL").groupBy("platform", "author_key")
    )
    rows = (
        authors.agg(F.count(F.lit(1)).alias("posts"))
        .orderBy(F.xxhash64("author_key"))
        .limit(count)
        .collect()
    )
    key = ledger.receipt_key(settings)
    key_id = pseudonym_source(settings).key_id()
    asked = {
        erasure_requests.create_request(
            settings,
            targets=[Target(row["platform"], "author", (row["author_key"],))],
            key_id=key_id,
            key=key,
        ).id
        for row in rows
    }
    begun = time.monotonic()
    carry_out(lake)
    seconds = time.monotonic() - begun
    carried_out = [receipt for receipt in receipts(settings) if receipt.id in asked]
    waits = sorted(
        (receipt.unqueryable_at - receipt.asked_at).total_seconds()
        for receipt in carried_out
        if receipt.unqueryable_at
    )
    if len(waits) < count:
        raise SystemExit(f"{count - len(waits)} of {count} requests were not carried out")
    removed = {
        name: sum(receipt.tables[name].rows or 0 for receipt in carried_out)
        for name in (SILVER_POSTS.name, BRONZE_POSTS.name)
    }
    p95 = waits[math.ceil(0.95 * count) - 1]
    say(
        f"{count:5,} requests: p95 {p95:.1f} s until unqueryable, {seconds / count:.2f} s each;"
        f" removed {removed}"
    )


def _received(
    offset: int,
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
) -> Row:
    """Return a row of Bronze as topic_to_bronze would have written it."""
    named = {name: text.decode() for name, text in headers}
    now = clock.now()
    day = date.fromisoformat(named["day"]) if "day" in named else None
    return (
        topic,
        0,
        offset,
        now,
        now.date(),
        platform_of(topic),
        named.get("op"),
        named.get("post_key"),
        named.get("author_key"),
        day,
        key,
        dict(headers),
        value,
    )


def _copied(rows: DataFrame, copies: int) -> DataFrame:
    """Return copies of rows with the same content and other pseudonyms."""
    more = rows.crossJoin(rows.sparkSession.range(1, copies).withColumnRenamed("id", "copy"))
    for name in {"post_key", "author_key", "event_id"} & set(rows.columns):
        more = more.withColumn(name, F.concat(name, F.lit("-"), "copy"))
    if "offset" in rows.columns:
        more = more.withColumn("offset", F.col("offset") + F.col("copy") * 1_000_000_000)
    return more.select(*rows.columns)


def say(text: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
