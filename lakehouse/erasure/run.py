"""Carry out erasures within the jobs: register, erase rows, delete files, record Gold's part."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from lakehouse.delta.lake import Lake
from lakehouse.erasure import ledger
from lakehouse.erasure.delete import EraseRows
from lakehouse.erasure.ledger import Erasure, Step
from lakehouse.erasure.register import register
from lakehouse.erasure.vacuum import remove_files
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import Schedule, Task
from schemas.stored_names import REMOVED, SILVER_VERSION
from schemas.tables import SILVER_POSTS, Table


def erasure_task(
    lake: Lake,
    job: Job,
    tables: Sequence[Table],
    *,
    registers: bool = False,
    now_s: Callable[[], float] = time.monotonic,
) -> Task:
    """Return the task that erases rows from a job's tables.

    Args:
        lake: the lake that the job writes.
        job: the job that owns the tables.
        tables: the tables.
        registers: whether the task also registers requests and batches, as in one job.
        now_s: the clock of the task's intervals, in seconds.

    Raises:
        KeyFileError: the receipt key is at AWS and its id is not set.
    """
    ledger.demand_receipt_key(job.settings)
    erasures = _Erasures(lake, job, tables, registers=registers, now_s=now_s)
    return Task("erasures", job.settings.erasure.interval_s, erasures.run, may_wait=False)


class _Erasures:
    """Checks the ledger, and works on the tables at intervals of their own."""

    def __init__(
        self,
        lake: Lake,
        job: Job,
        tables: Sequence[Table],
        *,
        registers: bool,
        now_s: Callable[[], float],
    ) -> None:
        self._lake = lake
        self._job = job
        self._tables = tables
        self._registers = registers
        self._erasures: list[Erasure] = []
        self._known = 0  # how many erasures there were when rows were last erased
        intervals = job.settings.erasure
        erase_rows = Task(
            "erase_rows",
            intervals.batch_interval_s,
            self._erase_rows,
            may_wait=False,
            begins_at_end=True,
        )
        remove = Task(
            "remove_files", intervals.vacuum_interval_s, self._remove_files, begins_at_end=True
        )
        self._on_tables = Schedule([erase_rows, remove], now_s=now_s)

    def run(self) -> None:
        """Register requests; erase rows if an erasure is new or due; then delete replaced files."""
        with self._job.writing:
            if self._registers:
                register(self._lake, self._job.name)
            self._erasures = ledger.registered(self._job.settings)
            if self._erasures:
                self._on_tables.run_due(force=len(self._erasures) != self._known)

    def _erase_rows(self) -> None:
        for table in self._tables:
            EraseRows(self._lake, self._job.name, table).run(self._erasures)
        self._known = len(self._erasures)

    def _remove_files(self) -> None:
        for table in self._tables:
            remove_files(self._lake, self._job.name, table, self._erasures)


def gold_erasure_task(lake: Lake, job: Job) -> Task:
    """Return the task of Gold's job: record the version from which Gold lacks the erased posts."""

    def run() -> None:
        with job.writing:
            _record_gold(lake, job)

    return Task("gold_erasures", job.settings.erasure.interval_s, run, may_wait=False)


def _record_gold(lake: Lake, job: Job) -> None:
    """Record the erasures that the change data feed has brought to Gold."""
    rows = _unrecorded(job)
    if not rows:
        return
    by_id = {erasure.id: erasure for erasure in ledger.registered(job.settings)}
    for table in job.owns:
        reflected = lake.log(table).newest_metadata(SILVER_VERSION)
        version = lake.log(table).version()
        steps = [
            Step(
                by_id[row["erasure_id"]],
                REMOVED,
                table.name,
                what={SILVER_VERSION: row["version_after"]},
                version_after=version,
            )
            for row in rows
            if reflected is not None and reflected >= row["version_after"]
        ]
        ledger.record_steps(lake, job.name, steps, txn=ledger.new_txn())


def _unrecorded(job: Job) -> list[dict[str, Any]]:
    """Return the steps in which Silver lost rows and which Gold's job has not recorded."""
    recorded = {
        (row["erasure_id"], row["what"].get(SILVER_VERSION))
        for row in ledger.steps(job.settings, job.name)
    }
    return [
        row
        for row in ledger.steps(job.settings, "bronze_to_silver")
        if row["step"] == REMOVED
        and row["table"] == SILVER_POSTS.name
        and row["rows"]
        and (row["erasure_id"], row["version_after"]) not in recorded
    ]
