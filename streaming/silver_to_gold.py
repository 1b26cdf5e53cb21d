"""Run hop 4: read the change data feed of silver.posts, keep Gold exact after every batch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.job_names import JobName
from foundation.settings import Settings
from lakehouse.delta.expiry_marks import expiry_marks, expiry_versions
from lakehouse.delta.lake import Lake
from lakehouse.erasure.run import gold_erasure_task
from lakehouse.jobs.job import Counts, Job, MicroBatch, OnProgress, RunningJob
from lakehouse.maintenance.compact import compaction_task
from schemas.stored_names import OPS_STEP, RESET_STARTING_VERSION, SILVER_VERSION
from schemas.tables import GOLD_SENTIMENT_HOURLY, SILVER_POSTS, Table
from streaming.program import main
from streaming.run import StreamingJob
from transforms import sentiment_hourly
from transforms.aggregates import combine, group_deltas, member_deltas, signed, within_days
from transforms.expiry_rules import expired

NAME: JobName = "silver_to_gold"


@dataclass(frozen=True)
class Aggregate:
    """A Gold table: groups of posts, integer sums over them, and a count of distinct members.

    Attributes:
        table: the table.
        contributions: returns each post's group, its share of each sum, and its member.
        sums: the columns that are sums.
        count: the column that counts members.
        time: the column of the group's time.
    """

    table: Table
    contributions: Callable[[DataFrame], DataFrame]
    sums: tuple[str, ...]
    count: str
    time: str


@dataclass(frozen=True)
class Update:
    """The changes of a batch for one Gold table."""

    aggregate: Aggregate
    rows: DataFrame  # signed contributions, in memory
    count: int
    days: list[date]  # the days of their groups


AGGREGATES = (
    Aggregate(
        GOLD_SENTIMENT_HOURLY,
        sentiment_hourly.to_contributions,
        sentiment_hourly.SUMS,
        count="authors",
        time="hour",
    ),
)


def preflight(settings: Settings) -> None:
    """Refuse to start if checkpoint or tables do not allow it; needs no Spark."""
    _job(settings).preflight()


def _job(settings: Settings, on_progress: OnProgress = None) -> Job:
    return Job(NAME, tuple(aggregate.table for aggregate in AGGREGATES), settings, on_progress)


def start(lake: Lake, *, available_now: bool, on_progress: OnProgress = None) -> RunningJob:
    """Start the job; with `available_now` its query ends once it has processed all changes."""
    settings = lake.settings
    job = _job(settings, on_progress)
    job.demand_whole()
    lake.ensure_source(SILVER_POSTS)
    job.prepare(lake)
    # After a reset, start from the commit that Gold names: Delta refuses a version that does not
    # exist yet, such as the next.
    first = max(job.checkpoint.reset.get(RESET_STARTING_VERSION, 0) - 1, 0)
    changes = lake.stream_changes(SILVER_POSTS, starting_version=first)
    return job.start(
        changes,
        handle,
        available_now=available_now,
        every_s=settings.stream.follow_s,
        tasks=[gold_erasure_task(lake, job), compaction_task(lake, job)],
    )


def handle(batch: MicroBatch) -> int:
    """Bring each Gold table to the last Silver commit that the batch has begun, then write ops.

    The stream only says when and how far. Its rows are not used, because it may split a commit, and
    Gold must equal Silver as of a version. So the change data feed is read by whole commits.
    """
    first, last = _commits(batch)
    if first > last:
        return 0
    changes = _changes(batch, first, last)
    with ExitStack() as kept:
        updates = [kept.enter_context(_update(aggregate, changes)) for aggregate in AGGREGATES]
        counts = Counts(consumed=updates[0].count, table_versions={SILVER_POSTS.name: last})
        merges = [
            (update.aggregate.table.name.partition(".")[2], partial(_bring_up, batch, update, last))
            for update in updates
            if update.count
        ]
        batch.run([*merges, (OPS_STEP, partial(batch.write_ops, counts))])
    return counts.consumed


def _changes(batch: MicroBatch, first: int, last: int) -> DataFrame:
    """Return the changes between the versions, without commits that expired or purged rows."""
    changes = batch.lake.read_changes(SILVER_POSTS, first=first, last=last)
    expiries = expiry_versions(batch.settings, first)
    return changes.where(~F.col("_commit_version").isin(expiries)) if expiries else changes


def _commits(batch: MicroBatch) -> tuple[int, int]:
    """Return the batch's first and last Silver version; without any, the first is greater."""
    checkpoint = batch.job.checkpoint
    last = _through(checkpoint.end_offset(batch.id))
    if batch.id == 0:
        return checkpoint.reset.get(RESET_STARTING_VERSION, 0), last
    return _through(checkpoint.end_offset(batch.id - 1)) + 1, last


def _through(offset: dict[str, int]) -> int:
    """Return the last version that a stream has begun; index -1 precedes its first file."""
    return offset["reservoirVersion"] - (offset["index"] < 0)


@contextmanager
def _update(aggregate: Aggregate, changes: DataFrame) -> Iterator[Update]:
    """Yield the changes as this table counts them, one row per change.

    The feed is read once, since its plan alone is costly.
    """
    rows = signed(aggregate.contributions(changes), aggregate.sums).persist()
    try:
        # This query fills the cache. An empty cache would be sent with every task of the merge,
        # 200 MB each time (measured).
        days = F.collect_set(F.to_date(aggregate.time)).alias("days")
        row = rows.agg(F.count(F.lit(1)).alias("count"), days).collect()[0]
        yield Update(aggregate, rows, row["count"], row["days"])
    finally:
        rows.unpersist()


def _bring_up(batch: MicroBatch, update: Update, silver_version: int) -> None:
    """Merge the changes into a Gold table, in a commit that names Silver's version."""
    aggregate = update.aggregate
    table = aggregate.table
    silver = batch.lake.read(SILVER_POSTS, version=silver_version)
    now = aggregate.contributions(silver.where(within_days(F.col("posted_at"), update.days)))
    groups = group_deltas(update.rows, table.key, aggregate.sums)
    # Authors whose posts have expired in Silver cannot be counted again, so the count of a closed
    # group stays.
    closed = expiry_marks(batch.settings, "silver.author", version=silver_version)
    members = member_deltas(
        update.rows.where(~expired(aggregate.time, closed)), now, table.key, aggregate.count
    )
    total = combine(groups, members, table.key, aggregate.count)
    with batch.lake.commit_as(txn=batch.txn(table.name), metadata={SILVER_VERSION: silver_version}):
        _merge(batch, aggregate, total, update.days)


def _merge(
    batch: MicroBatch, aggregate: Aggregate, changes: DataFrame, days: Sequence[date]
) -> None:
    table = aggregate.table
    added = (*aggregate.sums, aggregate.count)
    same = F.expr(" AND ".join(f"t.{name} <=> s.{name}" for name in table.key))
    on = same & within_days(F.col(f"t.{aggregate.time}"), days)
    (
        batch.lake.merge(changes, table, on)
        .whenMatchedDelete("t.posts + s.posts = 0")
        .whenMatchedUpdate(set={name: f"t.{name} + s.{name}" for name in added})
        .whenNotMatchedInsert("s.posts > 0", {name: f"s.{name}" for name in table.columns})
        .execute()
    )


JOB = StreamingJob(NAME, preflight, start)

if __name__ == "__main__":
    main(JOB)
