"""Lines that `echostream run` prints while it runs."""

import time
from collections import Counter

from lakehouse.spark.progress import Progress


class Watch:
    """Prints a line per batch to standard output."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._rows: Counter[str] = Counter()

    def started(self, ui: str | None) -> None:
        """Tell that the session is up."""
        place = f", its UI at {ui}" if ui else ""
        print(f"Spark is up{place}; Ctrl-C ends after the batch", flush=True)

    def batch(self, progress: Progress) -> None:
        """Tell that a batch is done."""
        self._rows[progress.job] += progress.rows
        print(
            f"{progress.job:<16} batch {progress.batch_id:<4} {progress.rows:>9,} rows"
            f" in {progress.seconds:5.1f} s ({progress.rows_per_s:,.0f}/s)",
            flush=True,
        )

    def ended(self) -> None:
        """Tell that all is stored."""
        rows = ", ".join(f"{job} {count:,}" for job, count in self._rows.items()) or "nothing new"
        print(f"done in {time.monotonic() - self._began:.0f} s: {rows}")
