"""Compute the parts that several answers share: versions, completeness and fates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from serving.reader.reader import Snapshot

GOLD = "gold.sentiment_hourly"
SILVER = "silver.posts"
BATCHES = "ops.batches"
REFINING_JOB = "bronze_to_silver"  # it gives each record its fate
_WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller of a query.

    Attributes:
        owners: the owners whose rows the caller sees: `public` and those of the tenant.
        sees_small_cells: whether the caller owns the lake. The sums of other callers leave small
            cells out.
        min_authors: a cell with fewer authors is small.
    """

    owners: tuple[str, ...]
    sees_small_cells: bool
    min_authors: int


@dataclass(frozen=True, slots=True)
class AsOf:
    """The versions of tables that an answer comes from, and the time of that commit."""

    gold_version: int | None = None
    silver_version: int | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of the last 24 hours' data is in Silver, counted up to each job's newest batch.

    Attributes:
        share: records that did not go to quarantine, divided by records consumed or waiting; None
            if no batch has ended.
        lag_records: records that still waited after the newest batches.
        quarantined: records that went to quarantine.
        last_batch_at: the end of the newest batch of any job.
    """

    share: float | None = None
    lag_records: int | None = None
    quarantined: int = 0
    last_batch_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fates:
    """The number of records of the last 24 hours by fate."""

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
    """A job's newest batch, and the fates of the 24 hours before its end."""

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
    """Return the versions of Gold and of the Silver that it was computed from."""
    parts = lake.parts(GOLD)
    if not parts:
        return AsOf()
    gold = parts[0].pinned
    return AsOf(gold.version, gold.silver_version, gold.committed_at)


def as_of_silver(lake: Snapshot) -> AsOf:
    """Return the version of Silver."""
    parts = lake.parts(SILVER)
    if not parts:
        return AsOf()
    silver = parts[0].pinned
    return AsOf(None, silver.version, silver.committed_at)


def batches(lake: Snapshot) -> tuple[Batches, ...]:
    """Return one entry per job: its newest batch, and the 24 hours before that batch ended."""
    newest = [
        at
        for part in lake.parts(BATCHES)
        if (at := newest_of(part.pinned.files, "ended_at")) is not None
    ]
    # Begin at the oldest of the newest batches, so that a job that stopped long ago is included.
    since = min(newest) - _WINDOW if newest else None
    read = lake.relation(BATCHES, lambda file: file.may_have("ended_at", since, None))
    if read is None:
        return ()
    return tuple(_batches(row) for row in lake.rows(_NEWEST_BATCHES, None, batches=read))


def completeness(jobs: Sequence[Batches]) -> Completeness:
    """Return how complete the data is, from the batches of all jobs."""
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
    """Return the newest time of a column in the log's statistics; None if it has none."""
    return max((at for file in files if (at := file.greatest.get(column))), default=None)


def _batches(row: tuple[Any, ...]) -> Batches:
    job, last, lag, rate, count, *fates = row
    return Batches(job, last, lag, rate, count, Fates(*fates))
