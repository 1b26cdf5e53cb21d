"""Measure how long a streaming query takes for all records that wait."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql.streaming.query import StreamingQuery

from benchmarks.pipeline.bench_lake import Bench
from benchmarks.pipeline.watch import Usage, Watch
from local.progress import Ticker


@dataclass(frozen=True)
class Drain:
    """A query's run over the records that waited.

    Attributes:
        records: the number of records.
        seconds: the sum of the batches' `triggerExecution`.
        wall_s: seconds from the start to the end of the query.
        batches: the number of batches.
        usage: memory and CPU time during the run.
    """

    records: int
    seconds: float
    wall_s: float
    batches: int
    usage: Usage

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    def as_json(self) -> dict[str, Any]:
        usage = self.usage.as_json()
        return {
            "posts_per_s": round(self.rate, 1),
            "cpu_us_per_post": round(usage.pop("cpu_s") / self.records * 1e6, 1),
            "records": self.records,
            "seconds": round(self.seconds, 2),
            "wall_s": round(self.wall_s, 2),
            "batches": self.batches,
            **usage,
        }


def drain(bench: Bench, title: str, start: Callable[[], StreamingQuery], records: int) -> Drain:
    """Start a query that ends by itself and wait for its end. Raises the query's errors."""
    with Ticker(f"{title}, {records:,} records", console=bench.console), Watch(bench.jvm) as watch:
        begun = time.monotonic()
        query = start()
        try:
            query.awaitTermination()
        finally:
            query.stop()
        wall_s = time.monotonic() - begun
    times = [progress.durationMs["triggerExecution"] / 1000 for progress in query.recentProgress]
    return Drain(records, sum(times), wall_s, len(times), watch.usage)


def together(drains: Sequence[Drain], *, in_a_row: bool) -> Drain:
    """Add drains up: consecutive hops of the same records, or rounds with other records."""
    memory = [each.usage for each in drains]
    usage = Usage(
        max(each.jvm_mb for each in memory),
        max(each.workers_mb for each in memory),
        sum(each.cpu_s for each in memory),
    )
    records = drains[0].records if in_a_row else sum(each.records for each in drains)
    return Drain(
        records,
        sum(each.seconds for each in drains),
        sum(each.wall_s for each in drains),
        sum(each.batches for each in drains),
        usage,
    )
