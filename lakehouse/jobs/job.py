"""Run a job's batches: writes in a fixed order, each at most once, and one row in ops.batches."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from foundation import clock
from foundation.crash_points import crash_point
from foundation.errors import EchoStreamError, JobFailedError
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.delta import driver_rows, evolution
from lakehouse.delta.lake import Lake, Txn
from lakehouse.delta.log import TableLog
from lakehouse.jobs import commit_marks
from lakehouse.jobs.checkpoint import Checkpoint, check, checkpoint
from lakehouse.jobs.done_batches import check_batches
from lakehouse.jobs.key_check import demand_key
from lakehouse.jobs.schedule import Schedule, Task
from lakehouse.spark.progress import Progress
from schemas.reasons import Fate
from schemas.stored_names import AFTER_LAST, BEFORE, CHECKPOINT_PROPERTY, KEY_PROPERTY, OPS_STEP
from schemas.tables import Table, ops_batches

OnProgress = Callable[[Progress], None] | None

_log = get_log("batches")


@dataclass(slots=True)
class Counts:
    """The counts of a batch for its row in ops.batches; fates that a job does not have stay 0."""

    consumed: int = 0
    fates: dict[str, int] = field(default_factory=dict)
    rows_removed: int = 0
    table_versions: dict[str, int] = field(default_factory=dict)
    lag_records: int | None = None
    # pieces of personal data that were removed from the written posts, by type
    masked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MicroBatch:
    """One micro-batch, with what a job needs to process it."""

    rows: DataFrame
    id: int
    job: "Job"
    started_at: datetime
    is_retry: bool  # an earlier run began this batch and did not finish it

    @property
    def lake(self) -> Lake:
        """Return the lake under the batch's own session, whose conf no other query changes."""
        return Lake(self.rows.sparkSession, self.settings)

    @property
    def settings(self) -> Settings:
        """Return the settings of the job."""
        return self.job.settings

    def txn(self, step: str) -> Txn:
        """Return the transaction id of one write of this batch."""
        return Txn(f"{self.job.checkpoint.id}:{step}", self.id)

    def run(self, steps: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """Do the batch's writes in order; a write that was done before must do nothing."""
        for name, write in steps:
            crash_point(self.job.name, f"{BEFORE}{name}", self.settings, batch_id=self.id)
            begun = time.monotonic()
            write()
            _log.debug(
                "step",
                job=self.job.name,
                batch_id=self.id,
                step=name,
                seconds=round(time.monotonic() - begun, 2),
            )
        crash_point(self.job.name, AFTER_LAST, self.settings, batch_id=self.id)

    def write_ops(self, counts: Counts) -> None:
        """Write the batch's row into ops.batches."""
        write_ops(
            self.settings,
            counts,
            query=self.job.name,
            batch_id=self.id,
            checkpoint_id=self.job.checkpoint.id,
            started_at=self.started_at,
            txn=self.txn(OPS_STEP),
        )


def write_ops(
    settings: Settings,
    counts: Counts,
    *,
    query: str,
    batch_id: int,
    checkpoint_id: str,
    started_at: datetime,
    txn: Txn,
) -> None:
    """Write the row of a batch into ops.batches, for a stream or a batch job."""
    ended_at = clock.now()
    seconds = max((ended_at - started_at).total_seconds(), 0.001)
    row: dict[str, Any] = {
        "query": query,
        "batch_id": batch_id,
        "checkpoint_id": checkpoint_id,
        "started_at": started_at,
        "ended_at": ended_at,
        "consumed": counts.consumed,
        **{fate: counts.fates.get(fate, 0) for fate in Fate},
        "rows_removed": counts.rows_removed,
        "table_versions": counts.table_versions,
        "input_rows_per_s": counts.consumed / seconds,
        "lag_records": counts.lag_records,
        "masked": counts.masked,
    }
    driver_rows.append([row], TableLog(ops_batches(query), settings), txn=txn)
    _log.info("batch", job=query, batch_id=batch_id, consumed=counts.consumed, **counts.fates)


@dataclass(frozen=True)
class Job:
    """A streaming job: the tables that it owns, and its checkpoint.

    Attributes:
        name: the job's name, such as `bronze_to_silver`.
        owns: the tables that this job alone writes; a property of the first names the checkpoint.
        settings: those of the lake.
        on_progress: called after each batch that had records.
        writing: held while a table is written, by a batch or by maintenance between batches.
        stopping: set when no new batch may begin.
        failures: our errors that a batch raised, since Spark wraps them beyond recognition.
    """

    name: str
    owns: tuple[Table, ...]
    settings: Settings
    on_progress: OnProgress = None
    writing: Lock = field(default_factory=Lock)
    stopping: Event = field(default_factory=Event)
    failures: list[EchoStreamError] = field(default_factory=list)

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the job's checkpoint."""
        return checkpoint(self.name, self.settings)

    def preflight(self, *, key_id: str | None = None) -> dict[str, str]:
        """Refuse to start if tables, checkpoint and key do not belong together; needs no Spark.

        Args:
            key_id: the fingerprint of the key that makes the tables' pseudonyms; None if they have
                none.

        Returns:
            The properties of the table that names the checkpoint; empty if it does not exist.

        Raises:
            LostCommitsError: a table that the job writes or reads has lost commits.
            CheckpointMissingError: the table has data, but the checkpoint is gone.
            CheckpointMismatchError: the checkpoint is another table's, or older than this one.
            CheckpointDamagedError: a file of the checkpoint is damaged.
            KeyMismatchError: the tables were written under another key.
            TableSchemaError: additions cannot bring a table to this version's schema.
        """
        main = self.owns[0]
        self.demand_whole()
        properties = TableLog(main, self.settings).properties()
        known = properties.get(CHECKPOINT_PROPERTY)
        checkpoint = self.checkpoint
        check(
            checkpoint,
            table=main.name,
            table_checkpoint=known,
            table_has_rows=known is not None,
        )
        check_batches(checkpoint, main, self.settings)
        if key_id:
            demand_key(properties, key_id)
        for table in self.owns:
            log = TableLog(table, self.settings)
            if log.exists():
                evolution.missing(log)
        return properties

    def prepare(self, lake: Lake, *, key_id: str | None = None) -> None:
        """Create the tables and the checkpoint, or check that they belong together.

        Args:
            lake: the lake that the job writes.
            key_id: as in `preflight`.

        Raises:
            EchoStreamError: as in `preflight`.
        """
        main = self.owns[0]
        checkpoint = self.checkpoint
        properties = self.preflight(key_id=key_id)
        for table in (*self.owns, ops_batches(self.name)):
            lake.ensure(table)
        if not checkpoint.exists:
            checkpoint.create()
        wanted = {CHECKPOINT_PROPERTY: checkpoint.id} | ({KEY_PROPERTY: key_id} if key_id else {})
        if new := {name: value for name, value in wanted.items() if properties.get(name) != value}:
            lake.set_properties(main, new)
        commit_marks.advance(checkpoint, self.settings)

    def demand_whole(self) -> None:
        """Refuse to start if commits are lost.

        This check comes first: a lost commit may have held the properties that the others read.

        Raises:
            LostCommitsError: a table that the job writes or reads has lost commits.
        """
        commit_marks.refuse(commit_marks.losses_for(self.name, self.settings))

    def start(
        self,
        rows: DataFrame,
        handle: Callable[[MicroBatch], int],
        *,
        available_now: bool,
        every_s: float,
        tasks: Sequence[Task] = (),
    ) -> "RunningJob":
        """Start a stream whose batches `handle` processes.

        Args:
            rows: the stream.
            handle: processes one batch, and returns how many records it had.
            available_now: whether the job ends once it has processed all present records.
            every_s: otherwise, the seconds from the start of a batch to that of the next, which
                follows a longer batch at once.
            tasks: the work between batches, in order.
        """
        checkpoint = self.checkpoint
        pending = (
            checkpoint.planned_batch
            if checkpoint.planned_batch != checkpoint.committed_batch
            else None
        )

        def on_batch(batch_rows: DataFrame, batch_id: int) -> None:
            with self.writing:
                if self.stopping.is_set():  # a return would commit a batch that was never written
                    raise JobFailedError(f"{self.name} is stopping")
                try:
                    begun = time.monotonic()
                    commit_marks.advance(checkpoint, self.settings)
                    rows = handle(
                        MicroBatch(
                            batch_rows, batch_id, self, clock.now(), is_retry=batch_id == pending
                        )
                    )
                    commit_marks.advance(checkpoint, self.settings)
                    self._report(batch_id, rows, time.monotonic() - begun)
                except EchoStreamError as error:
                    self.failures.append(error)
                    raise

        writer = (
            rows.writeStream.queryName(self.name)
            .option("checkpointLocation", str(checkpoint.folder))
            .foreachBatch(on_batch)
        )
        writer = (
            writer.trigger(availableNow=True)
            if available_now
            else writer.trigger(processingTime=f"{every_s} seconds")
        )

        schedule = Schedule(tasks)
        return RunningJob(self, writer.start(), schedule)

    def mark(self) -> None:
        """Compare the tables with their marks and advance the marks, between batches.

        Raises:
            LostCommitsError: a table has lost commits.
        """
        with self.writing:
            commit_marks.advance(self.checkpoint, self.settings)

    def _report(self, batch_id: int, rows: int, seconds: float) -> None:
        if self.on_progress and rows:
            self.on_progress(Progress(self.name, batch_id, rows, rows / seconds, seconds))


@dataclass(frozen=True)
class RunningJob:
    """A started job: its query, and the tasks that its tables need between batches."""

    job: Job
    query: StreamingQuery
    schedule: Schedule

    def maintain(self, force: bool) -> None:
        """Run the tasks that are due; with `force` also those that may not wait."""
        self.schedule.run_due(force=force)
        if force:  # else the next batch or the end of the run advances the marks
            self.job.mark()
