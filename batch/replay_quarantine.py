"""Quarantined records once more through the stream's transforms, after a rule was mended."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession

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
from schemas.reasons import RULE_VERSION, Reason
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
    """What became of a topic's quarantined records; those with the fate `quarantined` stay."""

    topic: str
    fates: dict[str, int]


def replay_quarantine(
    spark: SparkSession, settings: Settings, *, reason: Reason | None = None, dry_run: bool = False
) -> list[Replayed]:
    """Run what older rules have put into quarantine through today's, as if it came now; a batch per topic.

    What passes leaves quarantine; what does not stays there with its reason, one attempt more and
    today's rules, so that a second run finds nothing. A batch that a crash has cut short is
    finished before another begins.

    Args:
        spark: the session; its process holds the lake.
        settings: of this process.
        reason: only the records that were quarantined for it; None takes all but those that could
            not be mapped.
        dry_run: say what would become of them, and write nothing.

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
        """The batch's writes, ops first and quarantine last; what a repeat finds done needs doing no more."""
        at, attempt = clock.now(), uuid.uuid4()

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
        """The plan's records, and what was decided on them against what Silver holds."""
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
