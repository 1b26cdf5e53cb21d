"""The shared parts of all answers: the caller, the as-of time, and completeness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from serving.reader.reader import Snapshot

GOLD = "gold.sentiment_hourly"
SILVER = "silver.posts"
BATCHES = "ops.batches"
REFINING_JOB = "bronze_to_silver"  # each record that came is in one of its fates
_WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller of a query.

    Attributes:
        owners: whose rows the viewer sees: public ones, the tenant's, the lake's owner's.
        sees_small_cells: whether the viewer is the lake's owner; anybody else gets no sum that a
            cell of few authors is part of.
        min_authors: how many are few.
    """

    owners: tuple[str, ...]
    sees_small_cells: bool
    min_authors: int


@dataclass(frozen=True, slots=True)
class AsOf:
    """The versions that an answer reflects."""

    gold_version: int | None = None
    silver_version: int | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of what came is in the lake, by the batches of a day up to the newest one.

    Attributes:
        share: of the records that Kafka has or had for these batches, those that went through and
            not into quarantine; None where no batch has ended.
        lag_records: how many still waited in Kafka after the newest batch.
        quarantined: how many went into quarantine.
        last_batch_at: when the newest batch of any job ended.
    """

    share: float | None = None
    lag_records: int | None = None
    quarantined: int = 0
    last_batch_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fates:
    """How many records of the day had which fate."""

    consumed: int = 0
    new: int = 0
    edited: int = 0
    deleted: int = 0
    duplicate: int = 0
    stale: int = 0
    suppressed: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Batches:
    """A job's batches: its newest one, and the fates of a day up to that."""

    job: str
    last_batch_at: datetime | None
    lag_records: int | None
    input_rows_per_s: float | None
    batches_24h: int
    fates: Fates


_SUMS = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in Fates.__slots__)
_NEWEST_BATCHES = " ".join(
    [
        "SELECT query, max(ended_at), arg_max_null(lag_records, ended_at),",
        "arg_max_null(input_rows_per_s, ended_at), count(*),",
        _SUMS,
        "FROM (SELECT *, max(ended_at) OVER (PARTITION BY query) AS last FROM batches)",
        "WHERE ended_at > last - INTERVAL 24 HOURS GROUP BY query ORDER BY query",
    ]
)


def as_of_gold(lake: Snapshot) -> AsOf:
    """Return what Gold's version says of itself."""
    parts = lake.parts(GOLD)
    if not parts:
        return AsOf()
    gold = parts[0].pinned
    return AsOf(gold.version, gold.silver_version, gold.committed_at)


def as_of_silver(lake: Snapshot) -> AsOf:
    """Return what Silver's version says of itself."""
    parts = lake.parts(SILVER)
    if not parts:
        return AsOf()
    silver = parts[0].pinned
    return AsOf(None, silver.version, silver.committed_at)


def batches(lake: Snapshot) -> tuple[Batches, ...]:
    """Return the batches of each job that has had any, of a day up to its newest one."""
    newest = [
        at
        for part in lake.parts(BATCHES)
        if (at := newest_of(part.pinned.files, "ended_at")) is not None
    ]
    # The oldest of the jobs' newest batches: a job that stopped long ago is shown too.
    since = min(newest) - _WINDOW if newest else None
    read = lake.relation(BATCHES, lambda file: file.may_have("ended_at", since, None))
    if read is None:
        return ()
    return tuple(_batches(row) for row in lake.rows(_NEWEST_BATCHES, None, batches=read))


def completeness(jobs: Sequence[Batches]) -> Completeness:
    """Return how whole the data are."""
    if not jobs:
        return Completeness()
    refining = [job for job in jobs if job.job == REFINING_JOB]
    consumed = sum(job.fates.consumed for job in refining)
    quarantined = sum(job.fates.quarantined for job in refining)
    lags = [job.lag_records for job in jobs if job.lag_records is not None]
    came = consumed + sum(lags)
    return Completeness(
        share=(consumed - quarantined) / came if refining and came else None,
        lag_records=sum(lags) if lags else None,
        quarantined=quarantined,
        last_batch_at=max((job.last_batch_at for job in jobs if job.last_batch_at), default=None),
    )


def newest_of(files: Sequence[Any], column: str) -> datetime | None:
    """Return the greatest time of a column by the log; None where it tells none."""
    return max((at for file in files if (at := file.greatest.get(column))), default=None)


def _batches(row: tuple[Any, ...]) -> Batches:
    job, last, lag, rate, count, *fates = row
    return Batches(job, last, lag, rate, count, Fates(*fates))
