"""Measure a run with few posts, from `echostream run --available-now` to each job's first batch.

With a small load, most of the cost is that of starting. Each variant runs twice on the same lake.
The first run creates the tables. The second one, with as many new posts, is measured. The files
are in the page cache by then.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from benchmarks.pipeline.bench_lake import Bench, BenchLake, open_lake
from benchmarks.pipeline.watch import Moment, is_below, processes
from foundation import clock
from foundation.errors import JobFailedError
from foundation.settings import Settings
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.spark.session import jars
from schemas.tables import JOBS

POSTS = 1_000
_POLL_S = 0.1
_PATIENCE_S = 300.0
AS_SET = "as set"  # the variant by which a month's cost is computed
_JAVA_OPTIONS = "ECHOSTREAM_SPARK__JAVA_OPTIONS"


@dataclass
class Tree:
    """The resources of a process and its descendants. Ended ones count with their last figures."""

    root: int
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    _last: dict[int, float] = field(default_factory=dict)

    def add(self, moment: Moment) -> None:
        """Add the figures of one moment."""
        mine = {
            pid: seen
            for pid, seen in moment.items()
            if pid == self.root or is_below(pid, self.root, moment)
        }
        self._last |= {pid: seen.cpu_s for pid, seen in mine.items()}
        self.cpu_s = sum(self._last.values())
        self.peak_mb = max(self.peak_mb, sum(seen.rss_mb for seen in mine.values()))


def measure(bench: Bench, java_options: str | None = None) -> dict[str, Any]:
    """Measure seconds and CPU time for each variant of Java's options.

    `java_options` replaces the setting in the first variant.
    """
    with tempfile.TemporaryDirectory(prefix="echostream-jars-") as folder:
        jars_dir = str(_without_archive(bench, Path(folder)))
        ways = {
            AS_SET: {} if java_options is None else {_JAVA_OPTIONS: java_options},
            "its own choices": {_JAVA_OPTIONS: ""},
            "and no archive of classes": {
                _JAVA_OPTIONS: "",
                "ECHOSTREAM_SPARK__JARS_DIR": jars_dir,
            },
        }
        return {
            "posts": POSTS,
            "ways": {name: _one_way(bench, name, more) for name, more in ways.items()},
        }


def _without_archive(bench: Bench, folder: Path) -> Path:
    spark_jars = jars(Settings(home=bench.home))
    (folder / "spark").mkdir()
    for jar in spark_jars:
        (folder / "spark" / jar.name).symlink_to(jar)
    return folder


def _one_way(bench: Bench, name: str, more: Mapping[str, str]) -> dict[str, Any]:
    with open_lake(bench, "start") as lake:
        feed = lake.feed(start=clock.micros() - 3600 * 10**6, step=1000)
        for number in (0, 1):
            lake.send(feed.stream(number * POSTS, POSTS), f"{name}, posts into Kafka")
            objects = _objects(lake)
            figures = _run(lake, more)
        return figures | {"objects": _objects(lake) - objects}


def _run(lake: BenchLake, more: Mapping[str, str]) -> dict[str, Any]:
    checkpoints = {name: checkpoint(name, lake.settings) for name in JOBS}
    before = {name: job_checkpoint.committed_batch for name, job_checkpoint in checkpoints.items()}
    committed: dict[str, float] = {}
    begun = time.monotonic()

    def look() -> None:
        for name, job_checkpoint in checkpoints.items():
            if name not in committed and job_checkpoint.committed_batch != before[name]:
                committed[name] = round(time.monotonic() - begun, 1)

    with tempfile.TemporaryFile() as said, _started(lake, more, said) as process:
        tree = Tree(process.pid)
        while process.poll() is None:
            look()
            tree.add(processes())
            if time.monotonic() - begun > _PATIENCE_S:
                raise JobFailedError(
                    f"a run took more than {_PATIENCE_S:.0f} s", remedy="Measure on a freer machine"
                )
            time.sleep(_POLL_S)
        whole_s = round(time.monotonic() - begun, 1)
        look()
        if process.returncode or len(committed) < len(JOBS):
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise JobFailedError(
                f"a run ended with {process.returncode}", remedy=last or "It printed nothing"
            )
    return {
        "committed_s": committed,
        "whole_s": whole_s,
        "cpu_s": round(tree.cpu_s, 1),
        "peak_mb": round(tree.peak_mb),
    }


@contextmanager
def _started(
    lake: BenchLake, more: Mapping[str, str], errors: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    broker = lake.settings.broker
    environment = {
        **os.environ,
        "ECHOSTREAM_HOME": str(lake.settings.home),
        "ECHOSTREAM_BROKER__PORT": str(broker.port),
        "ECHOSTREAM_BROKER__CONTROLLER_PORT": str(broker.controller_port),
        "ECHOSTREAM_SPARK__UI_PORT": "0",
        **more,
    }
    command = [sys.executable, "-m", "cli.main", "run", "--available-now"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=errors
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def _objects(lake: BenchLake) -> int:
    """Count the files of lake and checkpoints, each of which is at least one PUT on S3."""
    folders = (Path(lake.settings.lake_uri), lake.settings.home / "checkpoints")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return sum(1 for file in files if not file.name.startswith("."))
