"""Return the quality of the data: records processed, waiting and quarantined, and costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from foundation.settings import Settings
from serving.queries.shared import (
    REFINING_JOB,
    AsOf,
    Batches,
    Completeness,
    Fates,
    as_of_gold,
    batches,
    completeness,
)
from serving.reader.reader import Snapshot
from transforms.scoring.budget import spent

_QUARANTINE = "quarantine.posts"
_BY_REASON = (
    "SELECT platform, reason, count(*) FROM quarantine"
    " GROUP BY ALL ORDER BY count(*) DESC, platform, reason"
)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The number of records in quarantine for a platform and a reason."""

    platform: str | None
    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a paid service this month (UTC)."""

    name: str
    spent_usd: float
    limit_usd: float


@dataclass(frozen=True, slots=True)
class Quota:
    """The spent part of a platform's budget. The program that starts the API supplies it."""

    platform: str
    unit: str
    spent: float
    limit: float
    window: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of the data. `quarantine` is empty if that layer may not be read."""

    as_of: AsOf
    jobs: tuple[Batches, ...]
    quarantine: tuple[Quarantined, ...]
    fates: Fates
    completeness: Completeness
    costs: tuple[Cost, ...]
    quotas: tuple[Quota, ...]


def quality(lake: Snapshot, *, costs: Sequence[Cost] = (), quotas: Sequence[Quota] = ()) -> Quality:
    """Return the quality of the data.

    Args:
        lake: a snapshot.
        costs: the result of `costs_of`.
        quotas: what producers have spent of their budgets.

    Raises:
        DataFileDamagedError, LogDamagedError, LostCommitsError, QueryTimeoutError, QueryError: the
            lake cannot be read.
    """
    jobs = batches(lake)
    refining = [job.fates for job in jobs if job.job == REFINING_JOB]
    return Quality(
        as_of=as_of_gold(lake),
        jobs=jobs,
        quarantine=_quarantine(lake),
        fates=refining[0] if refining else Fates(),
        completeness=completeness(jobs),
        costs=tuple(costs),
        quotas=tuple(quotas),
    )


def costs_of(settings: Settings, now: datetime) -> tuple[Cost, ...]:
    """Return what paid services have cost in the month of `now`.

    Raises:
        ScorerBudgetError: the file of a budget cannot be read.
    """
    used = spent(settings.home / "budgets" / "comprehend.json", f"{now:%Y-%m}")
    if used is None:
        return ()
    return (Cost("comprehend", used, settings.scorer.comprehend.max_usd_per_month),)


def _quarantine(lake: Snapshot) -> tuple[Quarantined, ...]:
    read = lake.relation(_QUARANTINE)
    if read is None:
        return ()
    return tuple(Quarantined(*row) for row in lake.rows(_BY_REASON, None, quarantine=read))
