"""Measure the API's queries of the lake, in comparison with simpler ways to read it.

    python -m benchmarks.serving.lake_queries [--cells 1000000] [--posts 500000] [--days 63]

Gold, Silver and Bronze are generated in a temporary folder. All ways run in turn in one process, so
that other programs affect them equally, and their medians are printed.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from foundation.policies import policies
from serving.queries.posts import PostsAsked, posts
from serving.queries.shared import Viewer
from serving.queries.volume import VolumeAsked, volume
from serving.reader.reader import Reader

START = datetime(2026, 9, 1, tzinfo=UTC)
PLATFORMS = (
    "bluesky",
    "facebook",
    "hackernews",
    "instagram",
    "linkedin",
    "mastodon",
    "reddit",
    "x",
)
CHANNELS = [f"channel {number}" for number in range(80)]
VIEWER = Viewer(("public", "default"), sees_small_cells=True, min_authors=5)
TURNS = 15
_GOLD = "gold/sentiment_hourly"
_SILVER = "silver/posts"
_BRONZE = "bronze/posts"
_PAYLOAD = "x" * 1_000  # an event has a few kB
_WEEK_SQL = (
    "SELECT date_trunc('hour', hour) AS begins, platform, sum(posts), sum(positive), sum(negative),"
    " sum(compound_sum) FROM gold WHERE owner = 'public' AND hour >= $since AND hour < $until"
    " GROUP BY ALL ORDER BY ALL"
)
_PAGE_SQL = (
    "SELECT post_key, platform, channel, posted_at, lang, title, text FROM posts"
    " WHERE owner = 'public' ORDER BY posted_at DESC, post_key LIMIT 51"
)


def main() -> None:
    """Generate the tables, measure all ways and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--posts", type=int, default=500_000)
    parser.add_argument("--days", type=int, default=63)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="echostream-bench-") as folder:
        lake = Path(folder)
        for day, cells in _by_day(_gold(options.cells, options.days), options.days, "hour"):
            _append(lake / _GOLD, cells, day)
        for day, silver_posts in _by_day(
            _silver(options.posts, options.days), options.days, "posted_at"
        ):
            _append(lake / _SILVER, silver_posts, day)
            _append(lake / _BRONZE, _bronze(silver_posts), day, ("ingest_date", "platform"))
        print(f"{options.cells:,} cells and {options.posts:,} posts in {options.days} files each\n")
        for name, ways in (("one week of Gold", _week(lake)), ("a page of 50 posts", _page(lake))):
            _print(name, measured(ways))


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of the first run, and the medians of elapsed and of CPU time."""

    first: float
    wall: float
    cpu: float


def measured(ways: Mapping[str, Callable[[], object]]) -> dict[str, Figures]:
    """Return the figures of each way."""
    walls: dict[str, list[float]] = {name: [] for name in ways}
    cpus: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS + 1):
        for name, way in ways.items():
            wall = time.perf_counter()
            cpu = time.process_time()
            way()
            cpus[name].append((time.process_time() - cpu) * 1000)
            walls[name].append((time.perf_counter() - wall) * 1000)
    return {
        name: Figures(
            walls[name][0], statistics.median(walls[name][1:]), statistics.median(cpus[name][1:])
        )
        for name in ways
    }


def _print(title: str, figures: Mapping[str, Figures]) -> None:
    ours = next(iter(figures.values())).wall
    print(f"{title:28}{'first ms':>10}{'median ms':>11}{'CPU ms':>9}{'x reader':>10}")
    for name, figure in figures.items():
        numbers = (
            f"{figure.first:10.1f}{figure.wall:11.1f}{figure.cpu:9.1f}{figure.wall / ours:10.1f}"
        )
        print(f"  {name:26}{numbers}")
    print()


def _week(lake: Path) -> dict[str, Callable[[], object]]:
    reader = Reader(str(lake))
    asked = VolumeAsked(step="hour", by="platform")
    uri = str(lake / _GOLD)
    until = START + timedelta(days=60)
    times = {"since": until - timedelta(days=7), "until": until}
    dataset = DeltaTable(uri).to_pyarrow_dataset()
    return {
        "reader": lambda: reader.answer(lambda now: volume(now, VIEWER, asked)),
        "Arrow dataset, kept": lambda: _ask("gold", dataset, _WEEK_SQL, times),
        "Arrow dataset, opened": lambda: _ask(
            "gold", DeltaTable(uri).to_pyarrow_dataset(), _WEEK_SQL, times
        ),
    }


def _page(lake: Path) -> dict[str, Callable[[], object]]:
    reader = Reader(str(lake))
    uri = str(lake / _SILVER)
    dataset = DeltaTable(uri).to_pyarrow_dataset()
    first = reader.answer(lambda now: posts(now, VIEWER, PostsAsked(limit=50), policies()))
    second = PostsAsked(limit=50, after=first.after)
    rare = PostsAsked(limit=50, channels=(CHANNELS[0],))
    return {
        "reader": lambda: reader.answer(
            lambda now: posts(now, VIEWER, PostsAsked(limit=50), policies())
        ),
        "reader, the next page": lambda: reader.answer(
            lambda now: posts(now, VIEWER, second, policies())
        ),
        "reader, one channel of 80": lambda: reader.answer(
            lambda now: posts(now, VIEWER, rare, policies())
        ),
        "Arrow dataset, kept": lambda: _ask("posts", dataset, _PAGE_SQL, {}),
    }


def _ask(name: str, source: Any, sql: str, values: Mapping[str, Any]) -> object:
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(name, source)
        return connection.execute(sql, dict(values)).fetchall()


def _append(folder: Path, rows: pa.Table, day: int, partition_by: Sequence[str] = ()) -> None:
    write_deltalake(str(folder), rows, mode="append", partition_by=list(partition_by) or None)
    if day % 10 == 0:
        DeltaTable(str(folder)).create_checkpoint()


def _by_day(rows: pa.Table, days: int, column: str) -> Iterator[tuple[int, pa.Table]]:
    """Yield the rows of each day. They must be sorted by the column."""
    starts = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(days + 1) * np.timedelta64(
        1, "D"
    )
    at = rows.column(column).cast(pa.timestamp("us")).to_numpy()
    bounds = np.searchsorted(at, starts)
    for day in range(days):
        first, last = int(bounds[day]), int(bounds[day + 1])
        yield day, rows.slice(first, last - first)


def _gold(count: int, days: int) -> pa.Table:
    chance = np.random.default_rng(1)
    posted = chance.integers(1, 200, count)
    positive = posted // 3
    hours = np.sort(chance.integers(0, days * 24, count))
    return pa.table(
        {
            "owner": pa.array(["public"] * count),
            "platform": _some(PLATFORMS, chance, count),
            "channel": _some(CHANNELS, chance, count),
            "hour": _times(hours * 3600),
            "posts": posted,
            "positive": positive,
            "neutral": posted - 2 * positive,
            "negative": positive,
            "mixed": np.zeros(count, np.int64),
            "unscored": np.zeros(count, np.int64),
            "compound_sum": chance.integers(-1000, 1000, count) * posted,
            "compound_sumsq": chance.integers(0, 1000, count),
            "authors": chance.integers(1, 100, count),
        }
    )


def _silver(count: int, days: int) -> pa.Table:
    chance = np.random.default_rng(2)
    seconds = np.sort(chance.integers(0, days * 86_400, count))
    words = _some(
        [f"some words about thing {number}, " * 4 for number in range(999)], chance, count
    )
    label = pa.StructArray.from_arrays(
        [
            _some(("positive", "negative", "neutral"), chance, count),
            pa.array(chance.random(count)),
            pa.array(chance.random(count)),
        ],
        names=["label", "compound", "confidence"],
    )
    platforms = _some(PLATFORMS, chance, count)
    times = _times(seconds)
    coordinates = pa.StructArray.from_arrays(
        [platforms, pa.array(np.zeros(count, np.int32)), pa.array(np.arange(count))],
        names=["topic", "partition", "offset"],
    )
    return pa.table(
        {
            "owner": pa.array(["public"] * count),
            "platform": platforms,
            "post_key": pa.array([f"v1:{number:026}" for number in range(count)]),
            "channel": _some(CHANNELS, chance, count),
            "posted_at": times,
            "lang": _some(("en", "de"), chance, count),
            "title": pa.nulls(count, pa.string()),
            "text": words,
            "metrics": pa.array([[("score", 3)]] * count, pa.map_(pa.string(), pa.int64())),
            "sentiment": label,
            "rights": pa.array([{"may_display": True}] * count),
            "bronze": coordinates,
            "event_id": pa.array([f"{number:032}" for number in range(count)]),
            "observed_at": times,
            "processed_at": times,
        }
    )


def _bronze(silver_posts: pa.Table) -> pa.Table:
    """Return the records from which the posts were made."""
    times = silver_posts.column("posted_at")
    values = [
        json.dumps({"event_id": event_id, "url": f"https://x.test/{event_id}", "raw": _PAYLOAD})
        for event_id in silver_posts.column("event_id").to_pylist()
    ]
    coordinates = silver_posts.column("bronze").combine_chunks()
    return pa.table(
        {
            **dict(zip(("topic", "partition", "offset"), coordinates.flatten(), strict=True)),
            "platform": silver_posts.column("platform"),
            "kafka_timestamp": times,
            "ingest_date": times.cast(pa.date32()),
            "value": pa.array(values).cast(pa.binary()),
        }
    )


def _some(values: Any, chance: np.random.Generator, count: int) -> pa.Array:
    numbers = pa.array(chance.integers(0, len(values), count).astype(np.int32))
    return pa.DictionaryArray.from_arrays(numbers, pa.array(values)).cast(pa.string())


def _times(seconds: Any) -> pa.Array:
    start = int(START.timestamp())
    return pa.array((seconds + start) * 1_000_000, pa.int64()).cast(pa.timestamp("us", "UTC"))


if __name__ == "__main__":
    main()
