"""Compare the API with a bare Starlette application, and print a table and JSON.

Usage: `python -m benchmarks.serving [--seconds N]`. Servers run one after the other, on one core if
the machine has two. The bare one runs first and last, and its better figure counts. On a busy
machine, the ratio of CPU times is the reliable one. The texts are generated and of usual length.
Half of them have personal data.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.serving import load
from benchmarks.serving.texts import text
from local.host.ports import free_ports

_CONNECTIONS = 50
_TEXTS = 2_000
_START_S = 300.0
_SETTLE_S = 1.0
_GOALS = {"scored": 0.3, "sanitised": 0.1}


def main(words: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds per measurement")
    parser.add_argument("--scorers", default="vader,linear", help="names, separated by commas")
    options = parser.parse_args(words)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    figures = _measure(options.scorers.split(","), options.seconds, cores[0])
    _show(figures)
    print(json.dumps(figures))
    return 0


def _measure(scorers: Sequence[str], seconds: float, core: int) -> dict[str, dict[str, float]]:
    texts = [text(number) for number in range(_TEXTS)]
    with _bare(core) as (port, process):
        bare = [_loaded(port, process, _bodies(texts), seconds)]
    figures: dict[str, dict[str, float]] = {}
    for scorer in scorers:
        with _api(core, scorer) as (port, process):
            for name, sanitise in (("scored", False), ("sanitised", True)):
                bodies = _bodies(texts, sanitise=sanitise)
                figures[f"{scorer}, {name}"] = _loaded(port, process, bodies, seconds)
    with _bare(core) as (port, process):
        bare.append(_loaded(port, process, _bodies(texts), seconds))
    best = max(bare, key=lambda each: each["per_s"])
    least = min(each["cpu_us"] for each in bare)
    for each in figures.values():
        each["ratio"] = each["per_s"] / best["per_s"]
        each["cpu_ratio"] = least / each["cpu_us"]
    return {"bare": best} | figures


def _bodies(texts: Sequence[str], *, sanitise: bool = False) -> list[bytes]:
    return [json.dumps({"text": text, "sanitise": sanitise}).encode() for text in texts]


def _loaded(
    port: int, process: psutil.Process, bodies: Sequence[bytes], seconds: float
) -> dict[str, float]:
    load.run(port, bodies, connections=_CONNECTIONS, seconds=_SETTLE_S)
    before = process.cpu_times()
    run = load.run(port, bodies, connections=_CONNECTIONS, seconds=seconds)
    after = process.cpu_times()
    run.cpu_s = after.user + after.system - before.user - before.system
    if set(run.statuses) != {200}:
        raise SystemExit(f"error: the server gave other answers than 200: {dict(run.statuses)}")
    return {
        "per_s": run.per_s,
        "cpu_us": run.cpu_us,
        "p50_ms": run.percentile(0.5) * 1000,
        "p99_ms": run.percentile(0.99) * 1000,
    }


@contextmanager
def _bare(core: int) -> Iterator[tuple[int, psutil.Process]]:
    port = free_ports(1)[0]
    with _running(["-m", "benchmarks.serving.bare", str(port)], port, core, {}) as process:
        yield port, process


@contextmanager
def _api(core: int, scorer: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_ports(1)[0]
    variables = {
        "ECHOSTREAM_API__PORT": str(port),
        "ECHOSTREAM_API__KEYLESS_RATE_LIMIT": "1000000000",
        "ECHOSTREAM_SCORER__NAME": scorer,
    }
    with tempfile.TemporaryDirectory() as home:
        words = ["-m", "cli.main", "--home", home, "serve"]
        with _running(words, port, core, variables) as process:
            yield port, process


@contextmanager
def _running(
    words: Sequence[str], port: int, core: int, variables: dict[str, str]
) -> Iterator[psutil.Process]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ECHOSTREAM_")}
    process = subprocess.Popen(
        [sys.executable, *words], env=environment | variables, stdout=subprocess.DEVNULL
    )
    try:
        running = psutil.Process(process.pid)
        running.cpu_affinity([core])
        _wait(port, process)
        yield running
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10).close()  # our own
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise SystemExit("error: the server did not start")


def _show(figures: dict[str, dict[str, float]]) -> None:
    table = Table(box=None)
    for column in (
        "",
        "requests/s",
        "CPU µs each",
        "p50 ms",
        "p99 ms",
        "of bare",
        "by CPU",
        "goal",
    ):
        table.add_column(column, justify="right")
    for name, each in figures.items():
        goal = _GOALS.get(name.rpartition(", ")[2])
        table.add_row(
            name,
            f"{each['per_s']:,.0f}",
            f"{each['cpu_us']:,.0f}",
            f"{each['p50_ms']:.0f}",
            f"{each['p99_ms']:.0f}",
            f"{each.get('ratio', 1.0):.2f}",
            f"{each.get('cpu_ratio', 1.0):.2f}",
            f"{goal}" if goal else "",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
