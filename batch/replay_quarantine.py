"""Apply the stream's transforms again to quarantined records, after a rule was corrected."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pyspark.sql import DataFrame

from batch.job import batch_job
from foundation import clock
from foundation.crash_points import crash_point
from foundation.errors import ConservationError
from foundation.settings import Settings
from lakehouse.delta.lake import Lake, Txn
from lakehouse.jobs.job import Counts, write_ops
from lakehouse.jobs.key_check import key_id_in_use
from lakehouse.silver import quarantine_replay
from lakehouse.silver.lookup import resolve_batch
from lakehouse.silver.quarantine_replay import Plan
from lakehouse.silver.writes import Tally, silver_writes, tally_of
from lakehouse.spark.materialize import materialized
from schemas.reasons import RULE_VERSION, Fate, Reason
from schemas.stored_names import (
    AFTER_LAST,
    BEFORE,
    OPS_STEP,
    QUARANTINE_STEP,
    REPLAY_QUARANTINE_JOB,
)
from schemas.tables import QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming.bronze_to_silver import make_refiner
from transforms.bronze import from_quarantine
from transforms.refine import Refiner, refine
from transforms.silver import numbered


@dataclass(frozen=True, slots=True)
class Replayed:
    """The fates of a topic's quarantined records; those still `quarantined` stay there."""

    topic: str
    fates: dict[str, int]


def preflight(settings: Settings) -> None:
    """Refuse to start with a wrong key, scorer, person finder or entity finder."""
    make_refiner(settings, key_id_in_use(settings))


@batch_job(
    "replay-quarantine",
    preflight=preflight,
    arguments={
        "--reason": {"choices": [reason.value for reason in Reason], "metavar": "REASON"},
        "--dry-run": {"action": "store_true"},
    },
)
def job(lake: Lake, *, reason: str | None = None, dry_run: bool = False) -> Iterator[str]:
    """Yield a line for each topic."""
    only = None if reason is None else Reason(reason)
    topics = replay_quarantine(lake, reason=only, dry_run=dry_run)
    verb = "would be replayed" if dry_run else "replayed"
    for topic in topics:
        counts = [(topic.fates.get(fate, 0), fate) for fate in Fate]
        fates = ", ".join(f"{count:,} {fate}" for count, fate in counts if count)
        yield f"{topic.topic}: {sum(topic.fates.values()):,} {verb}: {fates}"
    if not topics:
        yield "no record was quarantined by older rules"


def replay_quarantine(
    lake: Lake, *, reason: Reason | None = None, dry_run: bool = False
) -> list[Replayed]:
    """Apply today's rules to records that older rules quarantined, in a batch per topic.

    A record that passes leaves quarantine. Any other stays there with its reason, one more attempt
    and today's rule version, so a second run finds none. If a crash has interrupted a batch, that
    batch is finished before another begins.

    Args:
        lake: the lake, which this process holds.
        reason: only the records that were quarantined for this reason; None takes all but those
            that could not be mapped.
        dry_run: whether to return the fates that the records would have, and write nothing.

    Raises:
        ConservationError: the fates of a batch do not add up; nothing of it is written.
    """
    if not lake.log(QUARANTINE_POSTS).exists():
        return []
    job = _Replay(lake, make_refiner(lake.settings, key_id_in_use(lake.settings)))
    if dry_run:
        due = quarantine_replay.plans(lake, reason, RULE_VERSION)
        return [job.rehearse(plan) for plan in due]
    for table in (SILVER_POSTS, SILVER_TOMBSTONES, quarantine_replay.OPS):
        lake.ensure(table)
    pending = quarantine_replay.unfinished(lake)
    done = [job.run(pending, is_begun=True)] if pending else []
    # Repeat until no batch is due: of records with the same coordinates, a batch takes one.
    while due := quarantine_replay.plans(lake, reason, RULE_VERSION):
        done += [job.run(plan) for plan in due]
    return done


@dataclass(frozen=True)
class _Replay:
    lake: Lake
    refiner: Refiner

    def rehearse(self, plan: Plan) -> Replayed:
        """Return the fates that the batch would have, and write nothing."""
        with self._resolved(plan, at=clock.now()) as (_, resolved):
            return Replayed(plan.topic, tally_of(resolved).fates)

    def run(self, plan: Plan, *, is_begun: bool = False) -> Replayed:
        """Write the batch, ops first and quarantine last; a repeated run skips finished writes."""
        settings = self.lake.settings
        at = clock.now()
        attempt = uuid.uuid4()

        def txn(step: str) -> Txn:
            return Txn(f"{REPLAY_QUARANTINE_JOB}:{attempt}:{step}", plan.batch_id)

        with self._resolved(plan, at=at) as (refined, resolved):
            tally = tally_of(resolved)
            steps: list[tuple[str, Callable[[], None]]] = []
            if not is_begun:
                ops = partial(self._write_ops, plan, tally, at=at, txn=txn(OPS_STEP))
                steps.append((OPS_STEP, ops))
            steps += silver_writes(self.lake, refined, resolved, tally, txn=txn)
            ended = txn(QUARANTINE_STEP)
            end_batch = partial(
                quarantine_replay.end_batch, self.lake, plan, resolved, at=at, txn=ended
            )
            steps.append((QUARANTINE_STEP, end_batch))
            for name, write in steps:
                point = f"{BEFORE}{name}"
                crash_point(REPLAY_QUARANTINE_JOB, point, settings, batch_id=plan.batch_id)
                write()
        crash_point(REPLAY_QUARANTINE_JOB, AFTER_LAST, settings, batch_id=plan.batch_id)
        return Replayed(plan.topic, tally.fates)

    def _write_ops(self, plan: Plan, tally: Tally, *, at: datetime, txn: Txn) -> None:
        version = self.lake.log(QUARANTINE_POSTS).version()
        counts = Counts(
            consumed=sum(tally.fates.values()),
            fates=tally.fates,
            rows_removed=tally.rows_removed,
            masked=tally.masked,
            table_versions={QUARANTINE_POSTS.name: version},
        )
        write_ops(
            self.lake.settings,
            counts,
            query=REPLAY_QUARANTINE_JOB,
            batch_id=plan.batch_id,
            checkpoint_id=str(plan),
            started_at=at,
            txn=txn,
        )

    @contextmanager
    def _resolved(self, plan: Plan, *, at: datetime) -> Iterator[tuple[DataFrame, DataFrame]]:
        """Yield the plan's refined rows, and the decisions on them against Silver's rows."""
        records = quarantine_replay.records_of(self.lake, plan)
        rows = numbered(refine(from_quarantine(records), self.refiner, at=at))
        with (
            materialized(rows) as refined,
            materialized(resolve_batch(self.lake, refined)) as resolved,
        ):
            accounted = resolved.count()
            consumed = records.count()
            if accounted != consumed:
                raise ConservationError(
                    f"{REPLAY_QUARANTINE_JOB} took {consumed} records of {plan.topic}"
                    f" but accounts for {accounted}",
                    remedy="Nothing of them was written; report this with the log",
                )
            yield refined, resolved
