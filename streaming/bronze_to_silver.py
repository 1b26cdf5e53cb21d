"""Hop 3: bronze.posts → silver.posts and silver.tombstones; bad records → quarantine.posts."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from pyspark.sql import DataFrame, Observation, SparkSession

from foundation.errors import ConservationError
from foundation.key_chain import KeyChain
from foundation.key_sources import payload_source, pseudonym_source
from foundation.policies import policies
from foundation.sections import JobName
from foundation.settings import Settings
from lakehouse.delta import tables as delta
from lakehouse.erasure.author_deletes import author_deletes_task
from lakehouse.erasure.run import erasure_task
from lakehouse.jobs.job import Counts, Job, MicroBatch, OnProgress, RunningJob
from lakehouse.jobs.key_check import former_key_ids
from lakehouse.maintenance.compact import compaction_task
from lakehouse.retention.enforce import retention_tasks
from lakehouse.silver.lookup import BatchInput, batch_scope, lookup_silver, quarantined_since
from lakehouse.silver.writes import Tally, silver_writes, tally
from lakehouse.spark.materialize import materialized
from schemas.reasons import Fate
from schemas.stored_names import OPS_STEP, QUARANTINE_STEP
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming import breaker
from streaming.program import main
from streaming.run import StreamingJob
from transforms.decode import Rules
from transforms.entities.entity import EntityOptions
from transforms.entities.finder import load_finder
from transforms.order import AUTHOR, resolve
from transforms.pii.options import Options
from transforms.pii.sanitizer import load_sanitizer
from transforms.refine import Refiner, refine
from transforms.scoring.posts import Scorers
from transforms.scoring.score import ScorerOptions
from transforms.silver import deciding, keep_quarantined, numbered, to_quarantine

NAME: JobName = "bronze_to_silver"


def preflight(settings: Settings) -> None:
    """Refuse to start where scorer, key, checkpoint or tables do not allow it; needs no Spark."""
    key_id = pseudonym_source(settings).key_id()
    _job(settings).preflight(key_id=key_id)
    make_refiner(settings, key_id)


def _job(settings: Settings, on_progress: OnProgress = None) -> Job:
    return Job(NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings, on_progress)


def start(
    spark: SparkSession, settings: Settings, *, available_now: bool, on_progress: OnProgress = None
) -> RunningJob:
    """Start the job; its query ends by itself when `available_now`."""
    job = _job(settings, on_progress)
    job.demand_whole()
    delta.ensure_source(spark, BRONZE_POSTS, settings)
    key_id = pseudonym_source(settings).key_id()
    job.prepare(spark, key_id=key_id)
    refiner = make_refiner(settings, key_id)
    rows = delta.stream_rows(spark, BRONZE_POSTS, settings)
    return job.start(
        rows,
        partial(handle, refiner=refiner),
        available_now=available_now,
        every_s=settings.stream.follow_s,
        tasks=[
            # first, so that the rows which it deletes are counted for its receipt
            erasure_task(spark, job, (SILVER_POSTS, QUARANTINE_POSTS), registers=True),
            author_deletes_task(spark, job),
            *retention_tasks(spark, job),
            compaction_task(spark, job),
        ],
    )


def make_refiner(settings: Settings, key_id: str) -> Refiner:
    """What the pass over the payloads needs to know.

    Raises:
        SettingsError: there is no such scorer, no such way to find persons, or no such finder of
            entities.
    """
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    Scorers(options)  # here, so that a wrong name is refused before the first post
    sanitizer = Options.of(settings.sanitizer)
    load_sanitizer(sanitizer)
    if entities := EntityOptions.of(settings):
        load_finder(entities)
    former = former_key_ids(settings)
    chain = KeyChain(pseudonym_source(settings), key_id, former) if former else None
    rules = Rules(policies(), key_id, settings.sanitizer.max_text_chars, chain)
    return Refiner(rules, options, sanitizer, entities, payload_key=payload_source(settings))


def handle(batch: MicroBatch, refiner: Refiner) -> int:
    """Resolve the batch once, check that no record is unaccounted for, then write: quarantine, ops, Silver last."""
    with ExitStack() as frozen:
        refined, arrived = _refine(batch, refiner, frozen)
        resolved = frozen.enter_context(materialized(_resolve(batch, refined)))
        found = tally(resolved)
        counts = _counts(batch, found, arrived)
        breaker.check(batch, counts, resolved)
        steps: list[tuple[str, Callable[[], None]]] = [(OPS_STEP, lambda: batch.write_ops(counts))]
        if counts.fates.get(Fate.QUARANTINED):
            steps.insert(0, (QUARANTINE_STEP, lambda: _quarantine(batch, resolved, arrived)))
        writes = silver_writes(batch.spark, refined, resolved, found, batch.settings, txn=batch.txn)
        batch.run([*steps, *writes])
    return arrived.consumed


def _refine(batch: MicroBatch, refiner: Refiner, frozen: ExitStack) -> tuple[DataFrame, BatchInput]:
    """The one pass over the payloads, and what was seen going in."""
    seen = Observation()
    rows = batch.rows.observe(seen, *BatchInput.observed())
    refined = frozen.enter_context(
        materialized(numbered(refine(rows, refiner, at=batch.started_at)))
    )
    arrived = BatchInput.from_observed(seen.get)
    if batch.is_retry:
        refined = keep_quarantined(
            refined, quarantined_since(batch.spark, arrived.since, batch.settings)
        )
    return refined, arrived


def _resolve(batch: MicroBatch, refined: DataFrame) -> DataFrame:
    seen = batch_scope(refined)
    held = lookup_silver(batch.spark, refined, seen.days, batch.settings)
    author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
    return resolve(
        deciding(refined), held, author_deletes=author_deletes if seen.has_author_deletes else None
    )


def _counts(batch: MicroBatch, found: Tally, arrived: BatchInput) -> Counts:
    accounted = sum(found.fates.values())
    if accounted != arrived.consumed:
        raise ConservationError(
            f"batch {batch.id} of {NAME} consumed {arrived.consumed} records but accounts for {accounted}",
            remedy="Nothing of it was written; report this with the log",
        )
    return Counts(
        consumed=arrived.consumed,
        fates=found.fates,
        rows_removed=found.rows_removed,
        masked=found.masked,
        table_versions={
            BRONZE_POSTS.name: batch.job.checkpoint.end_offset(batch.id)["reservoirVersion"]
        },
    )


def _quarantine(batch: MicroBatch, resolved: DataFrame, arrived: BatchInput) -> None:
    rows = to_quarantine(batch.rows, resolved)
    there = quarantined_since(batch.spark, arrived.since, batch.settings)
    delta.append(
        rows.join(there, on=list(QUARANTINE_POSTS.key), how="left_anti"),
        QUARANTINE_POSTS,
        batch.settings,
    )


JOB = StreamingJob(NAME, preflight, start)

if __name__ == "__main__":
    main(JOB)
