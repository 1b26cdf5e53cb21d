"""Data quality: records processed, waiting and quarantined, and the costs."""

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
    """Records in quarantine; none are told where that layer is closed."""

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
    """The spent part of a platform's budget; the caller that starts the API supplies it."""

    platform: str
    unit: str
    spent: float
    limit: float
    window: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The answer."""

    as_of: AsOf
    jobs: tuple[Batches, ...]
    quarantine: tuple[Quarantined, ...]
    fates: Fates
    completeness: Completeness
    costs: tuple[Cost, ...]
    quotas: tuple[Quota, ...]


def quality(lake: Snapshot, *, costs: Sequence[Cost] = (), quotas: Sequence[Quota] = ()) -> Quality:
    """Return the state of the data.

    Args:
        lake: as it is now.
        costs: as `costs_of` returns them.
        quotas: of the producers, which the API does not know.

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
        ScorerBudgetError: a budget's file does not say what was spent.
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
