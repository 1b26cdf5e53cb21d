"""Measure how many rows of a job a worker scores per second of CPU time, and its memory.

Usage: `python -m benchmarks.serving.jobs [--rows N]`. One job has N rows that are scored as they
are. For another one, the worker also removes personal data. Each job has its own worker. CPU time
depends less on other programs than elapsed time. Memory is read at a tenth of the job and at its
peak.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.serving.texts import text
from foundation.settings import Settings
from serving.jobs.files import JobFiles
from tenancy import jobs
from tenancy.database import Database
from tenancy.jobs import OPEN, Job

_LOOK_S = 0.2
_MB = 1024 * 1024


@dataclass
class Figures:
    """The figures of one job."""

    rows: int
    seconds: float = 0.0
    cpu_s: float = 0.0
    early_mb: float = 0.0  # at a tenth of the rows
    peak_mb: float = 0.0

    @property
    def per_core_s(self) -> float:
        """Rows per second of CPU time."""
        return self.rows / self.cpu_s


def main(words: Sequence[str]) -> int:
    """Measure both jobs and print their figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.jobs", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sanitised-rows", type=int, default=100_000)
    options = parser.parse_args(words)
    for name, rows, sanitise in (
        ("scored", options.rows, False),
        ("sanitised", options.sanitised_rows, True),
    ):
        with tempfile.TemporaryDirectory() as home:
            measured = _measure(Path(home), rows, sanitise=sanitise)
        figures = asdict(measured) | {"rows_per_core_s": measured.per_core_s}
        print(json.dumps({name: {key: round(value, 1) for key, value in figures.items()}}))
    return 0


def _measure(home: Path, rows: int, *, sanitise: bool) -> Figures:
    database = Database(Settings(home=home).control_database)
    job = _submit(home, database, rows, sanitise=sanitise)
    words = ["-m", "cli.main", "--home", str(home), "worker"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ECHOSTREAM_")}
    process = subprocess.Popen([sys.executable, *words], env=environment)
    try:
        return _watched(database, job, psutil.Process(process.pid), Figures(rows))
    finally:
        process.terminate()
        process.wait()
        database.close()


def _submit(home: Path, database: Database, rows: int, *, sanitise: bool) -> Job:
    job_id = jobs.new_job_id()
    with JobFiles(home).make(job_id).open("w", encoding="utf-8") as out:
        for number in range(rows):
            out.write(json.dumps({"id": number, "text": text(number)}) + "\n")
    return jobs.create(database, "default", job_id, form="jsonl", sanitise=sanitise)


def _watched(database: Database, job: Job, worker: psutil.Process, figures: Figures) -> Figures:
    """Follow the job from its first chunk, after everything is loaded, to its end."""
    began = 0.0
    loaded_s = 0.0
    first = 0
    while True:
        now = jobs.find(database, job.tenant, job.job_id)
        if now is None or (now.status not in OPEN and now.status != "COMPLETED"):
            raise SystemExit(f"error: the job did not complete: {now and now.message}")
        memory = worker.memory_info().rss / _MB
        if now.read and not began:
            began = time.monotonic()
            loaded_s = _cpu_s(worker)
            first = now.read
        if not figures.early_mb and now.read >= figures.rows / 10:
            figures.early_mb = memory
        figures.peak_mb = max(figures.peak_mb, memory)
        if now.status == "COMPLETED":
            figures.rows -= first
            figures.seconds = time.monotonic() - began
            figures.cpu_s = _cpu_s(worker) - loaded_s
            return figures
        time.sleep(_LOOK_S)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
