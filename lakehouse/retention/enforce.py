"""What has been kept for as long as its platform's policy says goes: rows and fields, table by table.

Expiry is not erasure: nobody asked, what was counted stays true. So Gold keeps its counts, no
    tombstone is set per
post, and one moment per platform says up to when Silver has forgotten
(lakehouse/delta/expiry_marks.py). Each step looks for what is due and does that, so that a run that
was cut short is finished by the next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation import clock
from foundation.crash_points import crash_point
from foundation.logs import get_log
from foundation.policies import Field, Policy, policies
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.delta.expiry_marks import advanced, mark_expired
from lakehouse.jobs.job import Job
from lakehouse.jobs.schedule import FirstRun, Task
from lakehouse.maintenance import optimize
from lakehouse.maintenance.purge import purge
from lakehouse.retention.last_run import LastRun
from schemas.stored_names import (
    BEFORE,
    BEFORE_FIELDS,
    BEFORE_POSTS,
    ENFORCED_FILE,
    EXPIRED_FILE,
    EXPIRY,
    RETAIN_JOB,
)
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, Table
from transforms.expiry_rules import (
    AUTHOR,
    BRONZE_RECORD,
    POST,
    QUARANTINE_RECORD,
    TEXT,
    TOMBSTONES,
    Limits,
    Rule,
    due,
    expired,
    limits,
)

_SILVER = (POST, TEXT, AUTHOR)
_ROWS = (TOMBSTONES, QUARANTINE_RECORD, BRONZE_RECORD)

_log = get_log("retention")


@dataclass(frozen=True, slots=True)
class Enforced:
    """What a rule did: the rows that went, or were emptied of the field, and those that a stream has yet to read."""

    field: Field
    rows: int
    waiting: int = 0


def retention_tasks(spark: SparkSession, job: Job) -> list[Task]:
    """Return a job's part: policies in the tables that it alone writes, then their replaced files.

    The timers outlive the process. Policies are enforced for the first time one interval after the
    first start, so that whoever replays old records can look at them before.
    """
    upkeep = job.settings.upkeep
    retention = _Retention(spark, job)
    enforcing = Task(
        "enforce_retention",
        upkeep.retain_interval_s,
        retention.enforce,
        first_run=FirstRun.AFTER_INTERVAL,
        begins_at_end=True,
        timer=LastRun(job.settings, f"{job.name}{ENFORCED_FILE}"),
    )
    return [
        enforcing,
        *(
            Task(
                f"remove_expired_files of {table.name}",
                upkeep.keep_h * 3600,
                partial(retention.remove_files, table),
                first_run=FirstRun.WHEN_STARTED,
                begins_at_end=True,  # files that have expired meanwhile are too young to go
                timer=retention.waiting[table.name],
            )
            for table in job.owns
        ),
    ]


class _Retention:
    """Runs within a job; `waiting` says by table since when replaced files wait for a vacuum."""

    def __init__(self, spark: SparkSession, job: Job) -> None:
        self._spark = spark
        self._job = job
        self.waiting = {
            table.name: LastRun(job.settings, f"{table.name}{EXPIRED_FILE}") for table in job.owns
        }

    def enforce(self) -> None:
        """Enforce the policies in each table, and start its wait where none was begun."""
        settings = self._job.settings
        for table in self._job.owns:
            waiting = self.waiting[table.name]
            with self._job.writing:  # a batch may come between two tables
                if is_new := waiting.age_s() is None:
                    waiting.start()  # before, for a kill may come
                for done in enforce(self._spark, settings, [table], policies(), now=clock.now()):
                    _log.info("expired", field=done.field, rows=done.rows, waiting=done.waiting)
                if is_new:
                    # again: what this has replaced is old enough when the vacuum comes
                    waiting.start()

    def remove_files(self, table: Table) -> bool:
        """Vacuum a table; False where a stream has yet to read what that would remove."""
        settings = self._job.settings
        unread_h = optimize.unread_for_h(table, settings)
        if unread_h is None or unread_h > settings.upkeep.keep_h:
            return False
        with self._job.writing:
            optimize.vacuum(self._spark, table, settings, keep_h=settings.upkeep.keep_h)
        return True


def enforce(
    spark: SparkSession,
    settings: Settings,
    tables: Sequence[Table],
    policies: Mapping[str, Policy],
    *,
    now: datetime,
    dry_run: bool = False,
) -> Iterator[Enforced]:
    """Enforce the policies in some tables, as of a moment; answers what each rule did, once it is done.

    Args:
        spark: the session.
        settings: of the lake.
        tables: in which; rules of others have no say.
        policies: by platform.
        now: the moment.
        dry_run: only say what would be done.
    """
    lake = _Lake(spark, settings, dry_run)
    if SILVER_POSTS in tables and delta_log.exists(SILVER_POSTS, settings):
        yield from _expire_silver(
            lake, {rule.field: limits(policies, rule.field, now) for rule in _SILVER}
        )
    for rule in _ROWS:
        if rule.table in tables and delta_log.exists(rule.table, settings):
            yield _delete_rows(lake, rule, limits(policies, rule.field, now))


@dataclass(frozen=True, slots=True)
class _Lake:
    spark: SparkSession
    settings: Settings
    dry_run: bool

    def read(self, table: Table) -> DataFrame:
        return delta.read(self.spark, table, self.settings)

    def change(self, table: Table, how: Callable[[DeltaTable], object]) -> None:
        """One commit, marked as expiry: Gold's reader passes over it."""
        if not self.dry_run:
            with delta.commit_as(self.spark, metadata={EXPIRY: True}):
                how(delta.target(self.spark, table, self.settings))


def _expire_silver(lake: _Lake, wanted: Mapping[Field, Limits]) -> Iterator[Enforced]:
    """The marks first: from then on nothing of that time comes in, and Gold's groups of it are closed."""
    marks = advanced(lake.settings, wanted)
    if not lake.dry_run:
        mark_expired(lake.spark, lake.settings, marks)
    crash_point(RETAIN_JOB, BEFORE_POSTS, lake.settings)
    gone = due(POST, marks[POST.field])
    rows = lake.read(SILVER_POSTS).where(gone).count()
    if rows:
        lake.change(SILVER_POSTS, lambda posts: posts.delete(gone))
    yield Enforced(POST.field, rows)
    crash_point(RETAIN_JOB, BEFORE_FIELDS, lake.settings)
    fields = {rule: due(rule, marks[rule.field]) for rule in (TEXT, AUTHOR)}
    counts = _counts(lake.read(SILVER_POSTS).where(~gone), fields)
    if any(counts.values()):
        some = fields[TEXT] | fields[AUTHOR]
        emptied: dict[str, str | Column] = {
            name: F.when(~expired(rule.clock, marks[rule.field]), F.col(name))
            for rule in fields
            for name in rule.clears
        }
        lake.change(SILVER_POSTS, lambda posts: posts.update(some, emptied))
    if not lake.dry_run:  # what edits had replaced goes too: it is older still
        purge(lake.spark, SILVER_POSTS, lake.settings)
    for rule in fields:
        yield Enforced(rule.field, counts[rule])


def _counts(rows: DataFrame, conditions: Mapping[Rule, Column]) -> dict[Rule, int]:
    found = rows.agg(
        *(F.count_if(condition).alias(rule.field) for rule, condition in conditions.items())
    ).collect()[0]
    return {rule: found[rule.field] for rule in conditions}


def _delete_rows(lake: _Lake, rule: Rule, due_by: Limits) -> Enforced:
    """Rows of a table from which nothing is counted; what a stream has still to read of it stays, and is said."""
    crash_point(RETAIN_JOB, f"{BEFORE}{rule.table.name}", lake.settings)
    condition = due(rule, due_by)
    may_go = condition & _was_read(lake.settings) if rule.table is BRONZE_POSTS else condition
    found = (
        lake.read(rule.table)
        .where(condition)
        .agg(F.count(F.lit(1)), F.count_if(may_go))
        .collect()[0]
    )
    total, rows = found
    if rows:
        lake.change(rule.table, lambda table: table.delete(may_go))
    return Enforced(rule.field, rows, total - rows)


def _was_read(settings: Settings) -> Column:
    """Rows of Bronze that its reader has certainly passed, by the clock on the wall: how far it is, no policy says."""
    unread_h = optimize.unread_for_h(BRONZE_POSTS, settings)
    if unread_h is None:
        return F.lit(False)
    return F.col(BRONZE_RECORD.clock) < F.lit(clock.now() - timedelta(hours=unread_h))
