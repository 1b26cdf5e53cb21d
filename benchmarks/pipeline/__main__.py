"""Measure parts of the pipeline, print tables and store the figures as JSON.

Usage: `python -m benchmarks.pipeline [PART …] [--posts N]`, or `make bench`. Other parts keep their
stored figures. It needs Linux and the extra `bench`.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.pipeline import (
    backlog,
    growth,
    knobs,
    latency,
    records,
    results,
    start,
    steps,
    tables,
    throughput,
)
from benchmarks.pipeline.bench_lake import Bench, open_bench
from foundation.errors import EchoStreamError, JobFailedError, UsageError

_DAY_ROWS = [50_000, 500_000, 5_000_000]
_LATENCY_BYTES_PER_S = 10 * 10**6
_ON_S3 = ("latency_s3",)
_END_S = 120.0


def main(words: Sequence[str]) -> int:
    """Run the parts and return the exit code."""
    options = _options(words)
    console = Console(highlight=False)
    for name in [name for name in os.environ if name.startswith("ECHOSTREAM_")]:
        del os.environ[name]  # do not use the user's lake or broker
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(options, console)
    except EchoStreamError as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        default=list(results.PARTS),
        metavar="PART",
        help=", ".join(results.PARTS),
    )
    parser.add_argument(
        "--posts", type=int, default=500_000, help="for throughput, without edits and deletes"
    )
    parser.add_argument(
        "--naive-posts", type=int, default=20_000, help="for the naive pipeline, which is slow"
    )
    parser.add_argument("--step-posts", type=int, default=10_000, help="for steps")
    parser.add_argument("--knob-posts", type=int, default=50_000, help="for knobs, per value")
    parser.add_argument("--day-rows", type=int, nargs="+", default=_DAY_ROWS, help="for growth")
    parser.add_argument(
        "--latency-s", type=float, default=120.0, help="seconds of load; published figures use 600"
    )
    parser.add_argument(
        "--backlog-s", type=float, default=600.0, help="seconds for which the jobs were stopped"
    )
    parser.add_argument("--java-options", help="used instead of the setting `spark.java_options`")
    options = parser.parse_args(words)
    if unknown := set(options.parts) - set(results.PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(results.PARTS)}")
    options.command = " ".join(["python -m benchmarks.pipeline", *words])
    return options


def _run(options: argparse.Namespace, console: Console) -> None:
    if not Path("/proc/self/stat").exists():
        raise UsageError("memory and CPU time are read from /proc", remedy="Measure on Linux")
    templates = records.recorded()
    source = "recorded posts" if templates else "made posts: there are no recordings"
    templates = templates or records.made()
    console.print(f"{len(templates):,} {source}")
    if set(options.parts) == {"steps"}:
        _measure(
            "steps", lambda: steps.measure(templates, options.step_posts), source, options, console
        )
        return
    on_disk = [part for part in options.parts if part not in _ON_S3]
    parts = on_disk or options.parts
    with open_bench(
        templates,
        console,
        need_bytes=_need_bytes(options),
        java_options=options.java_options,
        on_s3=not on_disk,
    ) as bench:
        for part in parts:
            _measure(part, _part(part, bench, options), source, options, console)
    if on_disk and len(on_disk) < len(options.parts):
        _in_a_process_of_its_own(options)


def _in_a_process_of_its_own(options: argparse.Namespace) -> None:
    """Measure the parts on S3 in another process.

    This process has a Spark session without S3's jars, and a process has only one session.

    Raises:
        JobFailedError: the process failed, and has printed the reason.
    """
    words = [*_ON_S3, "--latency-s", str(options.latency_s), *_java_options(options)]
    with subprocess.Popen([sys.executable, "-m", "benchmarks.pipeline", *words]) as process:
        try:
            code = process.wait()
        finally:  # let it stop its broker and S3 server, and delete its folder
            process.terminate()
            process.wait(_END_S)
    if code:
        raise JobFailedError(f"the benchmark on S3 ended with {code}", remedy="See above")


def _java_options(options: argparse.Namespace) -> list[str]:
    return [] if options.java_options is None else [f"--java-options={options.java_options}"]


def _part(part: str, bench: Bench, options: argparse.Namespace) -> Callable[[], dict[str, Any]]:
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "throughput": lambda: throughput.measure(bench, options.posts, options.naive_posts),
        "steps": lambda: steps.measure(bench.templates, options.step_posts),
        "growth": lambda: growth.measure(bench, options.day_rows),
        "latency": lambda: latency.measure(bench, options.latency_s),
        "backlog": lambda: backlog.measure(bench, options.backlog_s),
        "start": lambda: start.measure(bench, options.java_options),
        "latency_s3": lambda: latency.measure(bench, options.latency_s),
        "knobs": lambda: knobs.measure(bench, options.knob_posts),
    }
    return parts[part]


def _measure(
    part: str,
    measure: Callable[[], dict[str, Any]],
    source: str,
    options: argparse.Namespace,
    console: Console,
) -> None:
    about = results.machine() | {"command": options.command, "posts_from": source}
    figures = measure()
    about["load_1m_after"] = round(os.getloadavg()[0], 1)
    known = results.store(part, figures, about)
    table = tables.throughput(known) if part == "throughput" else tables.OF_PARTS[part](figures)
    table.show(console)


def _need_bytes(options: argparse.Namespace) -> int:
    """Return the largest need of disk space of the parts, since each part deletes its files."""
    needs = {
        "throughput": (options.posts + options.naive_posts) * throughput.BYTES_PER_POST,
        "knobs": (options.knob_posts + knobs.BESIDE) * throughput.BYTES_PER_POST,
        "growth": max(options.day_rows) * growth.BYTES_PER_ROW,
        "latency": int(options.latency_s * _LATENCY_BYTES_PER_S),
        "latency_s3": int(options.latency_s * _LATENCY_BYTES_PER_S),
        "backlog": int(options.backlog_s * _LATENCY_BYTES_PER_S),
    }
    return max(int(needs.get(part, 0)) for part in options.parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
