"""Run hop 3: read bronze.posts, write silver.posts, silver.tombstones and quarantine.posts."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from pyspark.sql import DataFrame, Observation

from foundation.errors import ConservationError
from foundation.job_names import JobName
from foundation.key_chain import KeyChain
from foundation.key_sources import payload_source, pseudonym_source
from foundation.policies import policies
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.erasure.author_deletes import author_deletes_task
from lakehouse.erasure.run import erasure_task
from lakehouse.jobs.job import Counts, Job, MicroBatch, OnProgress, RunningJob
from lakehouse.jobs.key_check import former_key_ids
from lakehouse.maintenance.compact import compaction_task
from lakehouse.retention.enforce import retention_tasks
from lakehouse.silver.lookup import BatchInput, quarantined_since, resolve_batch
from lakehouse.silver.writes import Tally, silver_writes, tally_of
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
from transforms.pii.options import Options
from transforms.pii.sanitizer import load_sanitizer
from transforms.refine import Refiner, refine
from transforms.scoring.posts import Scorers
from transforms.scoring.score import ScorerOptions
from transforms.silver import keep_quarantined, numbered, to_quarantine

NAME: JobName = "bronze_to_silver"


def preflight(settings: Settings) -> None:
    """Refuse to start if scorer, key, checkpoint or tables do not allow it; needs no Spark."""
    key_id = pseudonym_source(settings).key_id()
    _job(settings).preflight(key_id=key_id)
    make_refiner(settings, key_id)


def _job(settings: Settings, on_progress: OnProgress = None) -> Job:
    return Job(NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings, on_progress)


def start(lake: Lake, *, available_now: bool, on_progress: OnProgress = None) -> RunningJob:
    """Start the job; with `available_now` its query ends once it has processed all present rows."""
    settings = lake.settings
    job = _job(settings, on_progress)
    job.demand_whole()
    lake.ensure_source(BRONZE_POSTS)
    key_id = pseudonym_source(settings).key_id()
    job.prepare(lake, key_id=key_id)
    refiner = make_refiner(settings, key_id)
    rows = lake.stream_rows(BRONZE_POSTS)
    return job.start(
        rows,
        partial(handle, refiner=refiner),
        available_now=available_now,
        every_s=settings.stream.follow_s,
        tasks=[
            # First, so that its receipt counts the rows that it deletes.
            erasure_task(lake, job, (SILVER_POSTS, QUARANTINE_POSTS), registers=True),
            author_deletes_task(lake, job),
            *retention_tasks(lake, job),
            compaction_task(lake, job),
        ],
    )


def make_refiner(settings: Settings, key_id: str) -> Refiner:
    """Return the configuration of the pass over the payloads.

    Raises:
        SettingsError: the scorer, the person finder or the entity finder is not available.
    """
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    Scorers(options)  # loaded here, so that a wrong name is refused before the first post
    sanitizer = Options.of(settings.sanitizer)
    load_sanitizer(sanitizer)
    if entities := EntityOptions.of(settings):
        load_finder(entities)
    former = former_key_ids(settings)
    chain = KeyChain(pseudonym_source(settings), key_id, former) if former else None
    rules = Rules(policies(), key_id, settings.sanitizer.max_text_chars, chain)
    return Refiner(rules, options, sanitizer, entities, payload_key=payload_source(settings))


def handle(batch: MicroBatch, refiner: Refiner) -> int:
    """Resolve the batch once, account for each record, then write quarantine, ops and Silver."""
    with ExitStack() as kept:
        refined, batch_input = _refine(batch, refiner, kept)
        resolved = kept.enter_context(materialized(resolve_batch(batch.lake, refined)))
        tally = tally_of(resolved)
        counts = _counts(batch, tally, batch_input)
        breaker.check(batch, counts, resolved)
        steps: list[tuple[str, Callable[[], None]]] = []
        if counts.fates.get(Fate.QUARANTINED):
            steps.append((QUARANTINE_STEP, partial(_quarantine, batch, resolved, batch_input)))
        steps.append((OPS_STEP, partial(batch.write_ops, counts)))
        steps += silver_writes(batch.lake, refined, resolved, tally, txn=batch.txn)
        batch.run(steps)
    return batch_input.consumed


def _refine(batch: MicroBatch, refiner: Refiner, kept: ExitStack) -> tuple[DataFrame, BatchInput]:
    """Make the one pass over the payloads; return its rows, and the counts of its input."""
    observation = Observation()
    rows = batch.rows.observe(observation, *BatchInput.observed())
    refined = kept.enter_context(materialized(numbered(refine(rows, refiner, at=batch.started_at))))
    batch_input = BatchInput.from_observed(observation.get)
    if batch.is_retry:
        quarantined = quarantined_since(batch.lake, batch_input.since)
        refined = keep_quarantined(refined, quarantined)
    return refined, batch_input


def _counts(batch: MicroBatch, tally: Tally, batch_input: BatchInput) -> Counts:
    accounted = sum(tally.fates.values())
    if accounted != batch_input.consumed:
        raise ConservationError(
            f"batch {batch.id} of {NAME} consumed {batch_input.consumed} records"
            f" but accounts for {accounted}",
            remedy="Nothing of it was written; report this with the log",
        )
    end = batch.job.checkpoint.end_offset(batch.id)
    return Counts(
        consumed=batch_input.consumed,
        fates=tally.fates,
        rows_removed=tally.rows_removed,
        masked=tally.masked,
        table_versions={BRONZE_POSTS.name: end["reservoirVersion"]},
    )


def _quarantine(batch: MicroBatch, resolved: DataFrame, batch_input: BatchInput) -> None:
    rows = to_quarantine(batch.rows, resolved)
    present = quarantined_since(batch.lake, batch_input.since)
    new = rows.join(present, on=list(QUARANTINE_POSTS.key), how="left_anti")
    batch.lake.append(new, QUARANTINE_POSTS)


JOB = StreamingJob(NAME, preflight, start)

if __name__ == "__main__":
    main(JOB)
