"""Log the progress that Spark's queries report for each batch."""

import math
import time
from dataclasses import dataclass

from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.spark import event_logs

_TRIM_EACH_S = 60.0

_log = get_log("progress")


@dataclass(frozen=True, slots=True)
class Progress:
    """One finished batch of one query, for `on_progress`."""

    job: str
    batch_id: int
    rows: int
    rows_per_s: float
    seconds: float


class ProgressListener(StreamingQueryListener):
    """Logs how long each part of a batch took, and trims Spark's event logs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._trimmed_at = -math.inf

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802  # Spark's name
        _log.info("query_started", job=event.name, query_id=str(event.id))

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802  # likewise
        if time.monotonic() - self._trimmed_at > _TRIM_EACH_S:
            self._trimmed_at = time.monotonic()
            event_logs.trim(self._settings)
        progress = event.progress
        if not progress.numInputRows:
            return
        _log.info(
            "batch_time",
            job=progress.name,
            batch_id=progress.batchId,
            duration_ms=dict(progress.durationMs),
        )

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802  # likewise
        """Log nothing."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802  # likewise
        _log.info(
            "query_terminated", query_id=str(event.id), error_class=event.errorClassOnException
        )
