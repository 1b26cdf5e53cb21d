"""Measure the cost of one batch in Silver and in Gold while a single day grows.

The day is filled with generated rows as wide as real ones, in files of `_ROWS_PER_FILE` rows like
those of compaction. Then Gold is rebuilt. After that, Kafka brings batches of 5,000 new posts of
the day, 250 edits and 50 deletes. The edited and deleted posts are spread over the rows that the
day gained last, which are nine tenths of it. This is the worst case, because live edits mostly
concern the newest posts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from batch.rebuild_gold import rebuild_gold
from benchmarks.pipeline.bench_lake import Bench, BenchLake, open_lake
from benchmarks.pipeline.drain import Drain, drain
from benchmarks.pipeline.records import Feed
from foundation import clock
from foundation.job_names import JobName
from ingestion.kafka.records import Record
from local.progress import Ticker
from schemas.epoch import to_micros
from schemas.tables import SILVER_POSTS
from streaming.jobs import STARTS

NEW = 5_000
EDITS = 250
DELETES = 50
BATCHES = 2  # measured after a first one, which warms up
BYTES_PER_ROW = 700  # on disk, with the files that merges replace
_MODELS = 2_000  # real Silver rows, as models of the generated ones
_ROWS_PER_FILE = 250_000
_AUTHORS = 200_000
_DAY_US = 86_400 * 10**6
_ROOM = 100_000  # numbers for the new posts of all batches
_MEASURED: tuple[JobName, ...] = ("bronze_to_silver", "silver_to_gold")


@dataclass
class Day:
    """The day that grows. Its posts have numbers, the generated ones first."""

    lake: BenchLake
    feed: Feed
    models: DataFrame
    rows: int = 0  # generated so far
    next_new: int = 0  # the number of the next post through Kafka

    def grow(self, rows: int) -> list[int]:
        """Grow to `rows` generated rows. Return the numbers of new posts to edit and delete."""
        changed = (1 + BATCHES) * (EDITS + DELETES)
        numbers = spread(self.rows, rows, changed)
        lake = self.lake
        title = f"the day to {rows:,} rows"
        with Ticker(title, console=lake.bench.console):
            silver_rows = made_rows(self.models, self.feed, self.rows, rows, numbers)
            files = max(2, (rows - self.rows) // _ROWS_PER_FILE)
            lake.delta.append(silver_rows.repartition(files), SILVER_POSTS)
        with Ticker(f"{title}: Gold", console=lake.bench.console):
            rebuild_gold(lake.delta)
        self.rows = rows
        return numbers

    def batch(self, numbers: list[int]) -> Iterator[Record]:
        """Yield new posts, and edits and deletes of the posts with these numbers."""
        now = self.feed.time_of(self.next_new) + _DAY_US
        yield from (self.feed.new(number) for number in range(self.next_new, self.next_new + NEW))
        yield from (self.feed.edit(number, now) for number in numbers[:EDITS])
        yield from (self.feed.delete(number, now) for number in numbers[EDITS:])
        self.next_new += NEW


def measure(bench: Bench, day_rows: list[int]) -> dict[str, Any]:
    """Measure seconds per batch and hop at each size, and the ratios to the smallest size."""
    with open_lake(bench, "growth") as lake:
        day = _first_day(lake, largest=max(day_rows))
        sizes = [_measure_at(day, rows) for rows in sorted(day_rows)]
        for size in sizes:
            size["ratio"] = {hop: round(size[hop] / sizes[0][hop], 2) for hop in _MEASURED}
        return {"new": NEW, "edits": EDITS, "deletes": DELETES, "sizes": sizes}


def _first_day(lake: BenchLake, *, largest: int) -> Day:
    """Create tables and checkpoints with posts of the day before, which then serve as models."""
    midnight = (clock.now() - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    start = to_micros(midnight)
    before = lake.feed(start=start - _DAY_US // 2, step=1000)
    sent = lake.send((before.new(number) for number in range(_MODELS)), "models into Kafka")
    for name in STARTS:
        _drain(lake, name, sent.records)
    models = lake.delta.read(SILVER_POSTS).localCheckpoint()  # later merges must not change them
    # This feed has another start than the one before, so it must not use the models' numbers again.
    step = (_DAY_US - 1) // (_MODELS + largest + _ROOM)
    return Day(
        lake, lake.feed(start=start, step=step), models, rows=_MODELS, next_new=_MODELS + largest
    )


def _measure_at(day: Day, rows: int) -> dict[str, Any]:
    numbers = day.grow(_MODELS + rows)
    drains: dict[JobName, list[Drain]] = {name: [] for name in _MEASURED}
    for at in range(1 + BATCHES):
        sent = day.lake.send(day.batch(numbers[at :: 1 + BATCHES]), "a batch into Kafka")
        _drain(day.lake, "topic_to_bronze", sent.records)
        for name in _MEASURED:
            drains[name].append(_drain(day.lake, name, sent.records))
    seconds: dict[str, Any] = {
        name: round(median(one.seconds for one in each[1:]), 2) for name, each in drains.items()
    }
    usages = [one.usage for each in drains.values() for one in each[1:]]
    memory = {
        "jvm_peak_mb": round(max(each.jvm_mb for each in usages)),
        "workers_peak_mb": round(max(each.workers_mb for each in usages)),
    }
    return {"rows": rows, **seconds, **memory}


def _drain(lake: BenchLake, name: JobName, records: int) -> Drain:
    start = STARTS[name]
    return drain(
        lake.bench,
        name,
        lambda: start(lake.delta, available_now=True).query,
        records,
    )


def spread(first: int, end: int, count: int) -> list[int]:
    """Return `count` distinct numbers, evenly spread from `first` to `end`.

    Raises:
        ValueError: the range has fewer numbers.
    """
    if end - first < count:
        msg = f"{count} posts are to be edited among {end - first}: let the day grow by more"
        raise ValueError(msg)
    return [first + (end - first) * at // count for at in range(count)]


def made_rows(models: DataFrame, feed: Feed, first: int, end: int, numbers: list[int]) -> DataFrame:
    """Return rows of Silver. The posts in `numbers` have the keys that Kafka's records use."""
    spark = models.sparkSession
    keys = spark.createDataFrame(
        [(number, *feed.post_key(number)) for number in numbers],
        "id long, known_platform string, known_key string",
    )
    like = models.drop(
        "post_key",
        "author_key",
        "version",
        "day",
        "created_at",
        "observed_at",
        "posted_at",
        "event_id",
    )
    like = like.coalesce(1).withColumn("model", F.monotonically_increasing_id())
    at = F.timestamp_micros(F.lit(feed.start) + F.col("id") * feed.step)
    columns = {
        "platform": F.coalesce("known_platform", "platform"),
        "post_key": F.coalesce("known_key", _pseudonym(F.col("id"))),
        "author_key": _pseudonym(F.format_string("author %d", F.hash("id") % _AUTHORS)),
        "event_id": F.substring(F.sha2(F.format_string("event %d", F.col("id")), 256), 1, 32),
        "version": F.lit(0).cast("long"),
        "day": F.to_date(at),
        "created_at": at,
        "observed_at": at,
        "posted_at": at,
    }
    rows = spark.range(first, end).withColumn("model", F.col("id") % _MODELS)
    rows = rows.join(F.broadcast(like), on="model", how="inner").join(
        F.broadcast(keys), on="id", how="left"
    )
    return rows.withColumns(columns).select(*SILVER_POSTS.columns)


def _pseudonym(of: Any) -> Any:
    """Return a text with the form of a pseudonym."""
    return F.concat(F.lit("v1:"), F.substring(F.sha2(of.cast("string"), 256), 1, 26))
