"""Measure how long a backlog takes to reach Gold while posts keep coming."""

from typing import Any

from benchmarks.pipeline.bench_lake import Bench, open_lake
from benchmarks.pipeline.latency import (
    RATE,
    Load,
    await_gold,
    changes,
    gold_commits,
    jobs,
    micros,
    press,
    warm_up,
)
from benchmarks.pipeline.reflection import summarise
from benchmarks.pipeline.watch import Watch

MEANWHILE_S = 150.0  # posts keep coming at `RATE` for this time


def measure(bench: Bench, seconds: float) -> dict[str, Any]:
    """Send a backlog of `seconds` at `RATE`; measure from the jobs' start until it is in Gold."""
    with open_lake(bench, "backlog") as lake:
        warm_up(lake)
        load = Load(lake.feed(start=micros() - round(seconds * 1e6), step=10**6 // RATE))
        count = round(RATE * seconds)
        lake.send(
            (record for number in range(count) for record in load.records(number)),
            "the backlog into Kafka",
        )
        load.next = count
        backlog = len(load.sent)
        begun = micros()
        with jobs(lake) as running, Watch(bench.jvm) as watch:
            press(lake, running, load, MEANWHILE_S)
            await_gold(lake, running)
        waited = [event._replace(observed_at=begun) for event in load.sent[:backlog]]
        latencies = summarise(waited, changes(lake), gold_commits(lake))
        used = watch.usage.as_json()
        return {
            "posts_per_s": RATE,
            "seconds": seconds,
            "records": backlog,
            "gone_s": max(latencies[kind]["max_s"] or 0.0 for kind in latencies),
            "half_gone_s": latencies["new"]["p50_s"],
            "jvm_peak_mb": used["jvm_peak_mb"],
            "workers_peak_mb": used["workers_peak_mb"],
        }
