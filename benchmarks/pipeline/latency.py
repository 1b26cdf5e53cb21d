"""Measure the latency from a producer's reading of a post to its Gold commit, at a steady rate.

The three jobs run together, as `echostream run` starts them. benchmarks/pipeline/reflection.py
defines when a record is in Gold.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.pipeline.bench_lake import Bench, BenchLake, open_lake
from benchmarks.pipeline.records import Feed
from benchmarks.pipeline.reflection import Change, Event, GoldCommit, event_of, summarise
from benchmarks.pipeline.watch import Watch
from foundation import clock
from foundation.errors import JobFailedError
from ingestion.kafka.producer import Producer
from ingestion.kafka.records import Record
from lakehouse.delta.log import TableLog
from lakehouse.jobs import kafka
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.job import RunningJob
from lakehouse.storage.s3 import client
from local.lag import table_lags
from local.progress import Ticker
from schemas.tables import GOLD_SENTIMENT_HOURLY, SILVER_POSTS
from streaming.jobs import STARTS

RATE = 500  # new posts per second
WARM_UP = 2_000
_WARM_FROM = 5_000_000  # the number of its first post; the load never gets so far
_TICK_S = 0.1
_PATIENCE_S = 300.0  # to wait for the last post in Gold


@dataclass
class Load:
    """The steady stream of records, and the events sent so far."""

    feed: Feed
    sent: list[Event] = field(default_factory=list)
    next: int = 0  # the number of the next post

    def due(self, now: int) -> int:
        """Return the number of the first post that is due only after `now` (in microseconds)."""
        return max(0, (now - self.feed.start) // self.feed.step + 1)

    def records(self, number: int) -> Iterable[Record]:
        """Yield a post's record and the edit and delete that come with it, observed now."""
        for record in self.feed.around(number, micros()):
            headers = dict(record.headers)
            self.sent.append(event_of(headers, record.value))
            yield record


def measure(bench: Bench, seconds: float) -> dict[str, Any]:
    """Measure latencies at `RATE` posts per second for `seconds`."""
    with open_lake(bench, "latency") as lake:
        warm_up(lake)
        load = Load(lake.feed(start=micros(), step=10**6 // RATE))
        with jobs(lake) as running, Watch(bench.jvm) as watch:
            press(lake, running, load, seconds)
            lag = _kafka_lag(lake)
            drained_s = await_gold(lake, running)
        figures = summarise(load.sent, changes(lake), gold_commits(lake))
        used = watch.usage.as_json()
        return figures | {
            "posts_per_s": RATE,
            "seconds": seconds,
            "records": len(load.sent),
            "trigger_s": lake.settings.stream.trigger_s,
            "follow_s": lake.settings.stream.follow_s,
            "is_on_s3": lake.settings.is_on_s3,
            "kafka_lag_at_end": lag,
            "in_gold_after_end_s": drained_s,
            "cores_busy": round(used.pop("cpu_s") / (seconds + drained_s), 2),
            **used,
        }


@contextmanager
def jobs(lake: BenchLake) -> Iterator[list[RunningJob]]:
    """Run the three jobs as `echostream run` does. At the end, wait for their batches."""
    running = [start(lake.delta, available_now=False) for start in STARTS.values()]
    try:
        yield running
    finally:
        for job in running:
            job.job.stopping.set()
            with job.job.writing:
                pass
            job.query.stop()


def warm_up(lake: BenchLake) -> None:
    """Run all jobs once with posts that are not measured."""
    feed = lake.feed(start=micros() - (_WARM_FROM + WARM_UP) * 1000, step=1000)
    lake.send(feed.stream(_WARM_FROM, WARM_UP), "warm-up into Kafka")
    for name, start in STARTS.items():
        with Ticker(f"{name}, warm-up", console=lake.bench.console):
            start(lake.delta, available_now=True).query.awaitTermination()


def press(lake: BenchLake, running: Sequence[RunningJob], load: Load, seconds: float) -> None:
    """Send the records that are due, for `seconds`."""
    end = time.monotonic() + seconds
    with (
        Producer(lake.settings) as producer,
        Ticker(
            f"{RATE} posts/s for {seconds:.0f} s", unit="records", console=lake.bench.console
        ) as ticker,
    ):
        while time.monotonic() < end:
            due = load.due(micros())
            for number in range(load.next, due):
                for record in load.records(number):
                    producer.send(record)
            load.next = max(load.next, due)
            _demand_alive(running)
            ticker.to(len(load.sent))
            time.sleep(_TICK_S)
        producer.flush()


def _demand_alive(running: Sequence[RunningJob]) -> None:
    for job in running:
        if not job.query.isActive:
            raise JobFailedError(
                f"{job.job.name} ended", remedy=str(job.query.exception() or "No error is known")
            )


def _kafka_lag(lake: BenchLake) -> int | None:
    own = checkpoint("topic_to_bronze", lake.settings)
    return (
        kafka.lag(own.end_offset(own.committed_batch), lake.settings)
        if own.committed_batch is not None
        else None
    )


def await_gold(lake: BenchLake, running: Sequence[RunningJob]) -> float:
    """Wait until all jobs have processed all records, and return the seconds that this took.

    Raises:
        JobFailedError: a job ended, or it took too long.
    """
    begun = time.monotonic()
    with Ticker("the last posts into Gold", console=lake.bench.console):
        while not _is_level(lake):
            if time.monotonic() - begun > _PATIENCE_S:
                raise JobFailedError(
                    f"Gold had not caught up after {_PATIENCE_S:.0f} s",
                    remedy="Measure on a freer machine",
                )
            _demand_alive(running)
            time.sleep(1)
    return round(time.monotonic() - begun, 1)


def _is_level(lake: BenchLake) -> bool:
    """Tell whether no job has anything to read. It asks upstream jobs first."""
    return _kafka_lag(lake) == 0 and all(lag.behind == 0 for lag in table_lags(lake.settings))


def changes(lake: BenchLake) -> list[Change]:
    """Return the changes of posts in Silver's commits."""
    silver = lake.delta.log(SILVER_POSTS).version()
    rows = (
        lake.delta.read_changes(SILVER_POSTS, first=1, last=silver)
        .where("_change_type != 'update_preimage'")
        .selectExpr(
            "post_key", "version", "_change_type = 'delete' AS gone", "_commit_version AS commit"
        )
        .toPandas()
    )
    return [Change(*row) for row in rows.itertuples(index=False, name=None)]


def gold_commits(lake: BenchLake) -> list[GoldCommit]:
    """Return Gold's commits, sorted by Silver's version."""
    log = TableLog(GOLD_SENTIMENT_HOURLY, lake.settings).open()
    named = {
        each["version"]: json.loads(each.get("userMetadata") or "{}").get("silver_version")
        for each in log.history()
    }
    times = _commit_times(lake)
    return sorted(
        GoldCommit(silver, times[version])
        for version, silver in named.items()
        if silver is not None
    )


def _commit_times(lake: BenchLake) -> dict[int, int]:
    """Return the time of each commit's file in microseconds, from which on it could be read."""
    folder = f"{TableLog(GOLD_SENTIMENT_HOURLY, lake.settings).path}/_delta_log"
    if lake.bench.s3 is None:
        return {
            int(file.stem): file.stat().st_mtime_ns // 1000 for file in Path(folder).glob("*.json")
        }
    bucket, _, prefix = folder.removeprefix("s3a://").partition("/")
    pages = (
        client(lake.bench.s3)
        .get_paginator("list_objects_v2")
        .paginate(Bucket=bucket, Prefix=f"{prefix}/")
    )
    files = [each for page in pages for each in page["Contents"] if each["Key"].endswith(".json")]
    return {
        int(Path(each["Key"]).stem): round(each["LastModified"].timestamp() * 1e6) + 10**6
        for each in files
    }


def micros() -> int:
    """Return the current time in microseconds since 1970."""
    return clock.micros()
