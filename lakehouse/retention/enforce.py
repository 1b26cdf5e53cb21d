"""Delete rows and fields that have been kept for as long as their platform's policy allows.

Expiry is not erasure: no person asked for it, and the counts stay true. So Gold keeps its counts
and no post gets a tombstone. An expiry mark says up to when a platform's posts have expired
(lakehouse/delta/expiry_marks.py). Each step looks for due rows and deletes them, so the next run
finishes one that was cut short.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation import clock
from foundation.crash_points import crash_point
from foundation.logs import get_log
from foundation.policies import Field, Policy, policies
from foundation.settings import Settings
from lakehouse.delta.expiry_marks import advanced, mark_expired
from lakehouse.delta.lake import Lake
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
    """The outcome of a rule: rows deleted or emptied, and due rows that a stream has to read."""

    field: Field
    rows: int
    waiting: int = 0


def retention_tasks(lake: Lake, job: Job) -> list[Task]:
    """Return a job's tasks: enforce policies in the tables that it writes, then delete old files.

    The timers outlive the process. The first enforcement comes one interval after the first start,
    so that whoever replays old records can look at them before.
    """
    upkeep = job.settings.upkeep
    retention = _Retention(lake, job)
    enforcing = Task(
        "enforce_retention",
        upkeep.retain_interval_s,
        retention.enforce,
        first_run=FirstRun.AFTER_INTERVAL,
        begins_at_end=True,
        timer=LastRun(job.settings, f"{job.name}{ENFORCED_FILE}"),
    )
    removing = [
        Task(
            f"remove_expired_files of {table.name}",
            upkeep.keep_h * 3600,
            partial(retention.remove_files, table),
            first_run=FirstRun.WHEN_STARTED,
            begins_at_end=True,  # a run leaves files replaced since its wait began
            timer=retention.waiting[table.name],
        )
        for table in job.owns
    ]
    return [enforcing, *removing]


class _Retention:
    """Retention within a job; `waiting` has, by table, since when files wait for a vacuum."""

    def __init__(self, lake: Lake, job: Job) -> None:
        self._lake = lake
        self._job = job
        self.waiting = {
            table.name: LastRun(job.settings, f"{table.name}{EXPIRED_FILE}") for table in job.owns
        }

    def enforce(self) -> None:
        """Enforce the policies in each table; start the wait for its vacuum if none has begun."""
        for table in self._job.owns:
            waiting = self.waiting[table.name]
            with self._job.writing:  # released between tables, so that a batch may run
                is_new = waiting.age_s() is None
                if is_new:
                    waiting.start()  # before the work, which may be killed
                for done in enforce(self._lake, [table], policies(), now=clock.now()):
                    _log.info("expired", field=done.field, rows=done.rows, waiting=done.waiting)
                if is_new:
                    # again: then the files replaced here are old enough when the vacuum comes
                    waiting.start()

    def remove_files(self, table: Table) -> bool:
        """Vacuum a table; return False if a stream has yet to read files that it would delete."""
        keep_h = self._job.settings.upkeep.keep_h
        unread_h = optimize.unread_for_h(table, self._job.settings)
        if unread_h is None or unread_h > keep_h:
            return False
        with self._job.writing:
            optimize.vacuum(self._lake, table, keep_h=keep_h)
        return True


def enforce(
    lake: Lake,
    tables: Sequence[Table],
    policies: Mapping[str, Policy],
    *,
    now: datetime,
    dry_run: bool = False,
) -> Iterator[Enforced]:
    """Enforce the policies in some tables, as of a moment; yield the outcome of each rule.

    Args:
        lake: the lake.
        tables: the tables; rules of other tables are skipped.
        policies: the policies by platform.
        now: the moment.
        dry_run: whether to count the rows only.
    """
    changes = _Changes(lake, dry_run)
    if SILVER_POSTS in tables and lake.log(SILVER_POSTS).exists():
        wanted = {rule.field: limits(policies, rule.field, now) for rule in _SILVER}
        yield from _expire_silver(changes, wanted)
    for rule in _ROWS:
        if rule.table in tables and lake.log(rule.table).exists():
            yield _delete_rows(changes, rule, limits(policies, rule.field, now))


@dataclass(frozen=True, slots=True)
class _Changes:
    """Makes commits that are marked as expiry, or none in a dry run."""

    lake: Lake
    dry_run: bool

    def commit(self, table: Table, change: Callable[[DeltaTable], object]) -> None:
        """Change a table in one commit, which Gold's reader skips."""
        if not self.dry_run:
            with self.lake.commit_as(metadata={EXPIRY: True}):
                change(self.lake.target(table))


def _expire_silver(changes: _Changes, wanted: Mapping[Field, Limits]) -> Iterator[Enforced]:
    """Set the marks, so that no row of that time is added or counted any more, then delete."""
    lake = changes.lake
    marks = advanced(lake.settings, wanted)
    if not changes.dry_run:
        mark_expired(lake, marks)
    crash_point(RETAIN_JOB, BEFORE_POSTS, lake.settings)
    is_gone = due(POST, marks[POST.field])
    rows = lake.read(SILVER_POSTS).where(is_gone).count()
    if rows:
        changes.commit(SILVER_POSTS, lambda posts: posts.delete(is_gone))
    yield Enforced(POST.field, rows)
    crash_point(RETAIN_JOB, BEFORE_FIELDS, lake.settings)
    fields = {rule: due(rule, marks[rule.field]) for rule in (TEXT, AUTHOR)}
    counts = _counts(lake.read(SILVER_POSTS).where(~is_gone), fields)
    if any(counts.values()):
        is_due = fields[TEXT] | fields[AUTHOR]
        emptied: dict[str, str | Column] = {
            name: F.when(~expired(rule.clock, marks[rule.field]), F.col(name))
            for rule in fields
            for name in rule.clears
        }
        changes.commit(SILVER_POSTS, lambda posts: posts.update(is_due, emptied))
    if not changes.dry_run:  # the values that edits had replaced are older still, and leave too
        purge(lake, SILVER_POSTS)
    for rule in fields:
        yield Enforced(rule.field, counts[rule])


def _counts(rows: DataFrame, conditions: Mapping[Rule, Column]) -> dict[Rule, int]:
    counts = [F.count_if(condition).alias(rule.field) for rule, condition in conditions.items()]
    row = rows.agg(*counts).collect()[0]
    return {rule: row[rule.field] for rule in conditions}


def _delete_rows(changes: _Changes, rule: Rule, due_by: Limits) -> Enforced:
    """Delete due rows that Gold does not count, except those that a stream has yet to read."""
    lake = changes.lake
    crash_point(RETAIN_JOB, f"{BEFORE}{rule.table.name}", lake.settings)
    is_due = due(rule, due_by)
    is_deletable = is_due & _was_read(lake.settings) if rule.table is BRONZE_POSTS else is_due
    rows = lake.read(rule.table).where(is_due)
    total, deleted = rows.agg(F.count(F.lit(1)), F.count_if(is_deletable)).collect()[0]
    if deleted:
        changes.commit(rule.table, lambda table: table.delete(is_deletable))
    return Enforced(rule.field, deleted, total - deleted)


def _was_read(settings: Settings) -> Column:
    """Return the condition for rows that Bronze's reader has certainly read, by the wall clock."""
    unread_h = optimize.unread_for_h(BRONZE_POSTS, settings)
    if unread_h is None:
        return F.lit(False)
    return F.col(BRONZE_RECORD.clock) < F.lit(clock.now() - timedelta(hours=unread_h))
