"""Stop a query most of whose batches are poison, before it drains a topic into quarantine.

It remembers nothing itself: ops.batches says how the batches before went, also those before a
restart.
"""

from collections.abc import Iterable
from itertools import takewhile

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.errors import BreakerTrippedError
from foundation.logs import get_log
from foundation.sections import BreakerSettings
from lakehouse.jobs.job import Counts, MicroBatch
from schemas.reasons import Fate
from schemas.tables import ops_batches

_LOOK_BACK = 1000  # batches; tiny ones take that many to become a row that counts

_log = get_log("breaker")

Outcome = tuple[int, int]  # records consumed and quarantined


def check(batch: MicroBatch, counts: Counts, resolved: DataFrame) -> None:
    """Let a batch pass of which nothing is written yet, or refuse it; the next run begins with it.

    Raises:
        BreakerTrippedError: with this batch, several in a row are mostly poison.
    """
    limits = batch.settings.breaker
    this = (counts.consumed, counts.fates.get(Fate.QUARANTINED, 0))
    if not is_mostly_poison(this, limits):
        return
    row = [
        this,
        *takewhile(lambda outcome: is_mostly_poison(outcome, limits), _outcomes_before(batch)),
    ]
    if not is_row_too_long(row, limits):
        return
    records, poison = (sum(numbers) for numbers in zip(*row, strict=True))
    worst = _most_often(resolved)
    facts = {
        "batch_id": batch.id,
        "batches": len(row),
        "records": records,
        "quarantined": poison,
        **worst,
    }
    if limits.accept:
        _log.warning("accepted", job=batch.job.name, **facts)
        return
    _log.error("tripped", job=batch.job.name, **facts)
    raise BreakerTrippedError(
        f"{batch.job.name} stopped before batch {batch.id}: {poison:,} of {records:,} records in"
        f" {len(row)} batches"
        f" in a row are poison, most often {worst['reason']} on {worst['topic']}",
        remedy="Nothing of the batch is written or lost. Mend the rule and run again, or take such"
        " records into"
        " quarantine with `echostream run --accept-poison`",
    )


def is_mostly_poison(outcome: Outcome, limits: BreakerSettings) -> bool:
    """Return whether more of a batch went into quarantine than may."""
    consumed, quarantined = outcome
    return quarantined > limits.share * consumed


def is_row_too_long(row: Iterable[Outcome], limits: BreakerSettings) -> bool:
    """Return whether a row of such batches is long enough, in batches and in records."""
    consumed = [records for records, _ in row]
    return len(consumed) >= limits.batches and sum(consumed) >= limits.min_records


def _outcomes_before(batch: MicroBatch) -> list[Outcome]:
    """Return how the batches before this one went, the last one first."""
    rows = (
        batch.lake.read(ops_batches(batch.job.name))
        .where(F.col("checkpoint_id") == batch.job.checkpoint.id)
        .where(F.col("batch_id").between(batch.id - _LOOK_BACK, batch.id - 1))
        .orderBy(F.desc("batch_id"))
        .select("consumed", "quarantined")
    )
    return [(row["consumed"], row["quarantined"]) for row in rows.collect()]


def _most_often(resolved: DataFrame) -> dict[str, str]:
    bad = resolved.where(F.col("fate") == Fate.QUARANTINED)
    row = (
        bad.groupBy("reason", "topic")
        .count()
        .orderBy(F.desc("count"), "reason", "topic")
        .collect()[0]
    )
    return {"reason": row["reason"], "topic": row["topic"]}
