"""Apply the stream's transforms to quarantined records again, after a rule was corrected."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession

from batch.job import batch_job
from foundation import clock
from foundation.crash_points import crash_point
from foundation.errors import ConservationError
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.jobs.job import Counts, write_ops
from lakehouse.jobs.key_check import key_id_in_use
from lakehouse.silver import quarantine_replay
from lakehouse.silver.lookup import batch_scope, lookup_silver
from lakehouse.silver.quarantine_replay import Plan
from lakehouse.silver.writes import Tally, silver_writes, tally
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
from transforms.order import AUTHOR, resolve
from transforms.refine import Refiner, refine
from transforms.silver import deciding, numbered


@dataclass(frozen=True, slots=True)
class Replayed:
    """The fates of a topic's quarantined records; those with the fate `quarantined` stay."""

    topic: str
    fates: dict[str, int]


def preflight(settings: Settings) -> None:
    """Refuse to start with a wrong key, scorer, way to find persons or finder of entities."""
    make_refiner(settings, key_id_in_use(settings))


@batch_job(
    "replay-quarantine",
    preflight=preflight,
    arguments={
        "--reason": {"choices": [reason.value for reason in Reason], "metavar": "REASON"},
        "--dry-run": {"action": "store_true"},
    },
)
def job(
    spark: SparkSession, settings: Settings, *, reason: str | None = None, dry_run: bool = False
) -> Iterator[str]:
    """Yield a line for each topic."""
    only = None if reason is None else Reason(reason)
    topics = replay_quarantine(spark, settings, reason=only, dry_run=dry_run)
    verb = "would be replayed" if dry_run else "replayed"
    for topic in topics:
        counts = [(topic.fates.get(fate, 0), fate) for fate in Fate]
        fates = ", ".join(f"{count:,} {fate}" for count, fate in counts if count)
        yield f"{topic.topic}: {sum(topic.fates.values()):,} {verb}: {fates}"
    if not topics:
        yield "nothing in quarantine was put there by older rules"


def replay_quarantine(
    spark: SparkSession, settings: Settings, *, reason: Reason | None = None, dry_run: bool = False
) -> list[Replayed]:
    """Apply today's rules to records that older rules quarantined, in a batch per topic.

    A record that passes leaves quarantine. Any other stays there with its reason, one attempt more
    and the number of today's rules, so that a second run finds nothing. A batch that a crash has
    interrupted is finished before another begins.

    Args:
        spark: the session; its process holds the lake.
        settings: of this process.
        reason: only the records that were quarantined for it; None takes all but those that could
            not be mapped.
        dry_run: return the fates that they would have, and write nothing.

    Raises:
        ConservationError: the fates of a batch do not add up; nothing of it is written.
    """
    if not delta_log.exists(QUARANTINE_POSTS, settings):
        return []
    job = _Replay(spark, settings, make_refiner(settings, key_id_in_use(settings)))
    if dry_run:
        return [
            job.rehearse(plan)
            for plan in quarantine_replay.plans(spark, settings, reason, RULE_VERSION)
        ]
    for table in (SILVER_POSTS, SILVER_TOMBSTONES, quarantine_replay.OPS):
        delta.ensure(spark, table, settings)
    pending = quarantine_replay.unfinished(spark, settings)
    done = [job.run(pending, is_begun=True)] if pending else []
    # Again, until none is due: coordinates that stand in quarantine twice are taken one after the
    # other.
    while due := quarantine_replay.plans(spark, settings, reason, RULE_VERSION):
        done += [job.run(plan) for plan in due]
    return done


@dataclass(frozen=True)
class _Replay:
    spark: SparkSession
    settings: Settings
    refiner: Refiner

    def rehearse(self, plan: Plan) -> Replayed:
        with self._resolved(plan, at=clock.now()) as (_, resolved):
            return Replayed(plan.topic, tally(resolved).fates)

    def run(self, plan: Plan, *, is_begun: bool = False) -> Replayed:
        """Do the batch's writes, ops first and quarantine last; a repeat skips those that are done."""
        at = clock.now()
        attempt = uuid.uuid4()

        def txn(step: str) -> delta.Txn:
            return delta.Txn(f"{REPLAY_QUARANTINE_JOB}:{attempt}:{step}", plan.batch_id)

        with self._resolved(plan, at=at) as (refined, resolved):
            found = tally(resolved)
            ops = partial(self._write_ops, plan, found, at=at, txn=txn(OPS_STEP))
            end_batch = partial(
                quarantine_replay.end_batch,
                self.spark,
                self.settings,
                plan,
                resolved,
                at=at,
                txn=txn(QUARANTINE_STEP),
            )
            steps: list[tuple[str, Callable[[], None]]] = [
                *(() if is_begun else ((OPS_STEP, ops),)),
                *silver_writes(self.spark, refined, resolved, found, self.settings, txn=txn),
                (QUARANTINE_STEP, end_batch),
            ]
            for name, write in steps:
                crash_point(
                    REPLAY_QUARANTINE_JOB, f"{BEFORE}{name}", self.settings, batch_id=plan.batch_id
                )
                write()
        crash_point(REPLAY_QUARANTINE_JOB, AFTER_LAST, self.settings, batch_id=plan.batch_id)
        return Replayed(plan.topic, found.fates)

    def _write_ops(self, plan: Plan, found: Tally, *, at: datetime, txn: delta.Txn) -> None:
        version = delta_log.version(QUARANTINE_POSTS, self.settings)
        counts = Counts(
            consumed=sum(found.fates.values()),
            fates=found.fates,
            rows_removed=found.rows_removed,
            masked=found.masked,
            table_versions={QUARANTINE_POSTS.name: version},
        )
        write_ops(
            self.settings,
            counts,
            query=REPLAY_QUARANTINE_JOB,
            batch_id=plan.batch_id,
            checkpoint_id=str(plan),
            started_at=at,
            txn=txn,
        )

    @contextmanager
    def _resolved(self, plan: Plan, *, at: datetime) -> Iterator[tuple[DataFrame, DataFrame]]:
        """Yield the plan's records, and their fates against Silver's rows."""
        taken = quarantine_replay.records_of(self.spark, self.settings, plan)
        with materialized(numbered(refine(from_quarantine(taken), self.refiner, at=at))) as refined:
            seen = batch_scope(refined)
            held = lookup_silver(self.spark, refined, seen.days, self.settings)
            deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
            judged = resolve(
                deciding(refined), held, author_deletes=deletes if seen.has_author_deletes else None
            )
            with materialized(judged) as resolved:
                if (accounted := resolved.count()) != (consumed := taken.count()):
                    raise ConservationError(
                        f"{REPLAY_QUARANTINE_JOB} took {consumed} records of {plan.topic} but accounts for {accounted}",
                        remedy="Nothing of them was written; report this with the log",
                    )
                yield refined, resolved
