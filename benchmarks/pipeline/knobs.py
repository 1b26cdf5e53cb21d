"""Measure the cost of a backlog and of a small batch with other values of Spark's settings.

All rounds share a session, and each has its own lake. A round with another value runs between two
rounds with our value and is compared with their mean. The difference of these two rounds shows the
noise. The first round warms up the JVM and is not shown. Java's options cannot change in a running
session, so `--java-options` compares them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from benchmarks.pipeline.bench_lake import Bench, BenchLake, open_lake
from benchmarks.pipeline.drain import Drain, drain, together
from foundation import clock
from foundation.job_names import JobName
from streaming.jobs import STARTS

OTHERS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": ("500", "10000"),
    "spark.sql.shuffle.partitions": ("8",),
    "spark.databricks.delta.snapshotPartitions": ("4",),
    "spark.sql.files.openCostInBytes": ("131072",),
}
_WARM_UP = 5_000
_SMALL = 5_000
_SMALL_BATCHES = 2
_SPAN_US = 24 * 3600 * 10**6
BESIDE = _WARM_UP + _SMALL * _SMALL_BATCHES  # posts of a round besides the backlog


def measure(bench: Bench, posts: int) -> dict[str, Any]:
    """Measure rates, CPU time and the seconds of a small batch, for each setting and value."""
    _one(bench, "warm-up", posts)
    before = _one(bench, "ours", posts)
    pairs: list[dict[str, Any]] = []
    for setting, values in OTHERS.items():
        for value in values:
            with set_to(bench.spark, setting, value) as ours:
                other = _one(bench, f"{setting} {value}, not {ours}", posts)
            after = _one(bench, "ours", posts)
            pairs.append(
                {
                    "setting": setting,
                    "value": value,
                    "ours": ours,
                    "other": other,
                    "rounds": [before, after],
                }
            )
            before = after
    return {"posts": posts, "small": _SMALL, "pairs": pairs}


@contextmanager
def set_to(spark: SparkSession, setting: str, value: str) -> Iterator[str]:
    """Set a value for queries that start within the block. Yield the former value."""
    before = spark.conf.get(setting) or ""
    spark.conf.set(setting, value)
    try:
        yield before
    finally:
        spark.conf.set(setting, before)


def _one(bench: Bench, title: str, posts: int) -> dict[str, Any]:
    with open_lake(bench, "knobs") as lake:
        total = posts + BESIDE
        feed = lake.feed(start=clock.micros() - _SPAN_US, step=_SPAN_US // total)
        sizes = [_WARM_UP, posts, *[_SMALL] * _SMALL_BATCHES]
        at = 0
        drains: list[Drain] = []
        bench.console.print(title)
        for size in sizes:
            sent = lake.send(feed.stream(at, size), "posts into Kafka")
            drains.append(_through(lake, sent.records))
            at += size
        _, heap, *small = drains
        return heap.as_json() | {"small_s": round(median(each.seconds for each in small), 2)}


def _through(lake: BenchLake, records: int) -> Drain:
    """Drain the three hops, one after the other."""
    return together(
        [drain(lake.bench, name, _running(lake, name), records) for name in STARTS], in_a_row=True
    )


def _running(lake: BenchLake, name: JobName) -> Callable[[], StreamingQuery]:
    return lambda: STARTS[name](lake.delta, available_now=True).query
