"""Measure posts per second of a copy, the three jobs, the jobs without scoring, and a naive one.

Each query first drains `WARM_UP` posts to warm up. The second drain, on the same tables, is
measured. The copy is measured before and after the jobs, so that the ratio does not depend on one
moment. The naive pipeline is last and has fewer posts, because its libraries stay in the workers'
memory.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from benchmarks.pipeline import unscored
from benchmarks.pipeline.bench_lake import Bench, BenchLake, open_lake
from benchmarks.pipeline.drain import Drain, drain, together
from foundation import clock
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.jobs import kafka
from schemas.tables import BRONZE_POSTS
from streaming.jobs import STARTS

WARM_UP = 10_000
NAIVE_WARM_UP = 2_000
BYTES_PER_POST = 9_000  # on disk: Kafka, two copies, Bronze, and Silver twice (measured: 5,600)
_SPAN_US = 48 * 3600 * 10**6  # of the posts' times, less than Kafka's 72 hours

_COPIES = ("copy before", "copy after")


def measure(bench: Bench, posts: int, naive_posts: int) -> dict[str, Any]:
    """Measure all pipelines in one session."""
    with open_lake(bench, "throughput") as lake:
        total = WARM_UP + posts + NAIVE_WARM_UP + naive_posts
        feed = lake.feed(start=clock.micros() - _SPAN_US, step=_SPAN_US // total)
        ways = _ways(lake)
        first = lake.send(feed.stream(0, WARM_UP), "warm-up into Kafka")
        for name, start in ways.items():
            drain(bench, f"{name}, warm-up", start, first.records)
        sent = lake.send(feed.stream(WARM_UP, posts), "posts into Kafka")
        figures = {name: drain(bench, name, start, sent.records) for name, start in ways.items()}
        start = _naive(lake)
        warm = lake.send(feed.stream(WARM_UP + posts, NAIVE_WARM_UP), "warm-up into Kafka")
        drain(bench, "naive, warm-up", start, warm.records)
        few = lake.send(
            feed.stream(WARM_UP + posts + NAIVE_WARM_UP, naive_posts), "posts into Kafka"
        )
        figures["naive"] = drain(bench, "naive", start, few.records)
        return _figures(figures) | {
            "posts": posts,
            "bytes_per_record": round(sent.value_bytes / sent.records),
            "bronze_bytes_per_record": round(
                _size(lake, BRONZE_POSTS.folder) / (first.records + sent.records)
            ),
            "lake_bytes_per_record": round(_size(lake, "") / (first.records + sent.records)),
        }


def _ways(lake: BenchLake) -> dict[str, Callable[[], StreamingQuery]]:
    """Return functions that start the queries, in the order of measuring."""
    spark = lake.bench.spark
    settings = lake.settings
    copies: dict[str, Callable[[], StreamingQuery]] = {
        name: _copying(spark, settings, name.replace(" ", "_")) for name in _COPIES
    }
    bare = _beside(settings)
    jobs: dict[str, Callable[[], StreamingQuery]] = {
        name: _running(spark, settings, name) for name in STARTS
    }
    return {
        _COPIES[0]: copies[_COPIES[0]],
        **jobs,
        "unscored": lambda: unscored.start(Lake(spark, bare)).query,
        _COPIES[1]: copies[_COPIES[1]],
    }


def _running(spark: SparkSession, settings: Settings, name: Any) -> Callable[[], StreamingQuery]:
    return lambda: STARTS[name](Lake(spark, settings), available_now=True).query


def _copying(spark: SparkSession, settings: Settings, name: str) -> Callable[[], StreamingQuery]:
    return lambda: _append(
        _records(spark, settings, "earliest").select("key", "value", "headers", "timestamp"),
        settings.home / name,
    )


def _naive(lake: BenchLake) -> Callable[[], StreamingQuery]:
    """Return a function that starts the naive pipeline from Kafka's current end."""
    from benchmarks.pipeline.naive import to_posts  # noqa: PLC0415  # heavy, and the other pipelines do not need it

    ends = json.dumps(kafka.end_offsets(lake.settings))
    spark = lake.bench.spark
    settings = lake.settings
    return lambda: _append(to_posts(_records(spark, settings, ends)), settings.home / "naive")


def _records(spark: SparkSession, settings: Settings, offsets: str) -> DataFrame:
    return kafka.stream_records(spark, settings, starting_offsets=offsets)


def _append(rows: DataFrame, folder: Path) -> StreamingQuery:
    writer = rows.writeStream.format("delta").option(
        "checkpointLocation", str(folder / "checkpoint")
    )
    return writer.trigger(availableNow=True).start(str(folder / "table"))


def _beside(settings: Settings) -> Settings:
    """Return settings with the same Bronze and key, and with another Silver and checkpoint."""
    home = settings.home / "unscored"
    bronze = home / "lake" / BRONZE_POSTS.folder
    bronze.parent.mkdir(parents=True)
    bronze.symlink_to(Path(settings.lake_uri) / BRONZE_POSTS.folder, target_is_directory=True)
    return settings.model_copy(
        update={"home": home, "keys": settings.keys.model_copy(update={"file": settings.key_file})}
    )


def _size(lake: BenchLake, folder: str) -> int:
    """Return the bytes of the jobs' data files. The other pipelines write to other folders."""
    return sum(
        file.stat().st_size for file in (Path(lake.settings.lake_uri) / folder).rglob("*.parquet")
    )


def _figures(drains: dict[str, Drain]) -> dict[str, Any]:
    copy = together([drains[name] for name in _COPIES], in_a_row=False)
    hops = {name: drains[name] for name in STARTS}
    ours = together(list(hops.values()), in_a_row=True)
    scored = drains["bronze_to_silver"]
    bare = drains["unscored"]
    naive = drains["naive"]
    return {
        "copy": copy.as_json() | {"rounds": [drains[name].as_json() for name in _COPIES]},
        "naive": naive.as_json(),
        "ours": ours.as_json() | {"hops": {name: each.as_json() for name, each in hops.items()}},
        "unscored": bare.as_json(),
        "ratios": {
            "ours_to_copy": ours.rate / copy.rate,
            "ours_to_naive": ours.rate / naive.rate,
            "scored_to_unscored_time": scored.seconds / bare.seconds,
            "scored_to_unscored_cpu": scored.usage.cpu_s / bare.usage.cpu_s,
            "ours_to_copy_cpu": _cpu(copy) / _cpu(ours),
            "ours_to_naive_cpu": _cpu(naive) / _cpu(ours),
        },
    }


def _cpu(drained: Drain) -> float:
    return drained.usage.cpu_s / drained.records
