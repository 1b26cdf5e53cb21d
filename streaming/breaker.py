"""Stop a job whose batches are mostly bad records, before it drains a topic into quarantine.

The breaker keeps no state: ops.batches has the outcomes of earlier batches, also of those before a
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

_LOOK_BACK = 1000  # batches: so many tiny ones may be needed for a row that counts

_log = get_log("breaker")

Outcome = tuple[int, int]  # records consumed and quarantined


def check(batch: MicroBatch, counts: Counts, resolved: DataFrame) -> None:
    """Let a batch pass before anything of it is written, or refuse it.

    The next run begins with a refused batch again.

    Raises:
        BreakerTrippedError: with this batch, several in a row are mostly bad.
    """
    limits = batch.settings.breaker
    current = (counts.consumed, counts.fates.get(Fate.QUARANTINED, 0))
    if not is_mostly_bad(current, limits):
        return
    row = [
        current,
        *takewhile(lambda outcome: is_mostly_bad(outcome, limits), _outcomes_before(batch)),
    ]
    if not is_row_too_long(row, limits):
        return
    records, bad = (sum(numbers) for numbers in zip(*row, strict=True))
    worst = _most_often(resolved)
    facts = {
        "batch_id": batch.id,
        "batches": len(row),
        "records": records,
        "quarantined": bad,
        **worst,
    }
    if limits.accept:
        _log.warning("accepted", job=batch.job.name, **facts)
        return
    _log.error("tripped", job=batch.job.name, **facts)
    raise BreakerTrippedError(
        f"{batch.job.name} stopped before batch {batch.id}: {bad:,} of {records:,} records in"
        f" {len(row)} batches in a row are bad, most often {worst['reason']} on {worst['topic']}",
        remedy="Nothing of the batch is written or lost. Correct the rule and run again, or"
        " quarantine such records with `echostream run --accept-poison`",
    )


def is_mostly_bad(outcome: Outcome, limits: BreakerSettings) -> bool:
    """Return whether more of a batch went into quarantine than `breaker.share` allows."""
    consumed, quarantined = outcome
    return quarantined > limits.share * consumed


def is_row_too_long(row: Iterable[Outcome], limits: BreakerSettings) -> bool:
    """Return whether a row of such batches is long enough, in batches and in records."""
    consumed = [records for records, _ in row]
    return len(consumed) >= limits.batches and sum(consumed) >= limits.min_records


def _outcomes_before(batch: MicroBatch) -> list[Outcome]:
    """Return the outcomes of the batches before this one, the last one first."""
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
