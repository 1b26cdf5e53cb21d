"""Hop 3: bronze.posts → silver.posts and silver.tombstones; bad records → quarantine.posts."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from functools import partial

from pyspark.sql import DataFrame, Observation, Row, SparkSession
from pyspark.sql import functions as F

from foundation.errors import ConservationError
from foundation.keys import read_key_id
from foundation.policies import policies
from foundation.settings import JobName, Settings
from lakehouse import delta
from lakehouse.author_removals import AuthorRemovals
from lakehouse.batches import Batch, Counts, Job, OnProgress, RunningJob
from lakehouse.frozen import computed_once
from lakehouse.held import Arrived, held_by_silver, outline, quarantined_since
from schemas.reasons import Fate
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming.submit import submit
from transforms.decode import Rules
from transforms.order import AUTHOR, KEY, resolve
from transforms.refine import Refiner, refine
from transforms.scoring.posts import Scorers
from transforms.scoring.score import ScorerOptions
from transforms.silver import keep_quarantined, to_posts, to_quarantine, to_tombstones

NAME: JobName = "bronze_to_silver"


def start(
    spark: SparkSession, settings: Settings, *, available_now: bool, on_progress: OnProgress = None
) -> RunningJob:
    """Start the job; its query ends by itself when `available_now`."""
    job = Job(NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings, on_progress)
    delta.ensure(spark, BRONZE_POSTS, settings)
    key_id = read_key_id(settings.key_id_file)
    job.prepare(spark, key_id=key_id)
    refiner = make_refiner(settings, key_id)
    rows = delta.stream_rows(spark, BRONZE_POSTS, settings)
    removals = AuthorRemovals(spark, job)
    return job.start(rows, partial(handle, refiner=refiner), available_now=available_now, maintain=removals.run)


def make_refiner(settings: Settings, key_id: str) -> Refiner:
    """What the pass over the payloads needs to know.

    Raises:
        SettingsError: there is no such scorer.
    """
    options = ScorerOptions.of(settings.scorer)
    Scorers(options)  # here, so that a wrong name is refused before the first post
    return Refiner(Rules(policies(), key_id, settings.sanitizer.max_text_chars), options)


def handle(batch: Batch, refiner: Refiner) -> int:
    """Resolve the batch once, check that no record is unaccounted for, then write: quarantine, ops, Silver last."""
    with ExitStack() as frozen:
        refined, arrived = _refine(batch, refiner, frozen)
        resolved = frozen.enter_context(computed_once(_resolve(batch, refined)))
        tally = _tally(resolved)
        counts = _counts(batch, tally, arrived)
        steps: list[tuple[str, Callable[[], None]]] = [("ops", lambda: batch.write_ops(counts))]
        if counts.fates.get(Fate.QUARANTINED):
            steps.insert(0, ("quarantine", lambda: _quarantine(batch, resolved, arrived)))
        if any(row["entombs"] for row in tally):
            steps.append(("tombstones", lambda: _entomb(batch, resolved)))
        if any(row["action"] == "append" for row in tally):
            steps.append(("append", lambda: _append(batch, resolved)))
        if changed_days := sorted({day for row in tally for day in row["changed_days"]}):
            steps.append(("merge", lambda: _merge(batch, resolved, changed_days)))
        batch.run(steps)
    return arrived.consumed


def _refine(batch: Batch, refiner: Refiner, frozen: ExitStack) -> tuple[DataFrame, Arrived]:
    """The one pass over the payloads, and what was seen going in."""
    seen = Observation()
    rows = batch.rows.observe(seen, *Arrived.observed())
    refined = frozen.enter_context(computed_once(refine(rows, refiner)))
    arrived = Arrived.from_observed(seen.get)
    if batch.is_replay:
        refined = keep_quarantined(refined, quarantined_since(batch.spark, arrived.since, batch.settings))
    return refined, arrived


def _resolve(batch: Batch, refined: DataFrame) -> DataFrame:
    seen = outline(refined)
    held = held_by_silver(batch.spark, refined, seen.days, batch.settings)
    author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
    return resolve(refined, held, author_deletes=author_deletes if seen.has_author_deletes else None)


def _tally(resolved: DataFrame) -> list[Row]:
    changes = F.col("action").isin("update", "remove")
    return (
        resolved.groupBy("fate", "action", "entombs")
        .agg(
            F.count(F.lit(1)).alias("records"), F.collect_set(F.when(changes, F.col("held_day"))).alias("changed_days")
        )
        .collect()
    )


def _counts(batch: Batch, tally: list[Row], arrived: Arrived) -> Counts:
    fates: dict[str, int] = {}
    for row in tally:
        fates[row["fate"]] = fates.get(row["fate"], 0) + row["records"]
    if sum(fates.values()) != arrived.consumed:
        raise ConservationError(
            f"batch {batch.id} of {NAME} consumed {arrived.consumed} records but accounts for {sum(fates.values())}",
            remedy="Nothing of it was written; report this with the log",
        )
    return Counts(
        consumed=arrived.consumed,
        fates=fates,
        rows_removed=sum(row["records"] for row in tally if row["action"] == "remove"),
        table_versions={BRONZE_POSTS.name: batch.job.checkpoint.end_offset(batch.id)["reservoirVersion"]},
    )


def _quarantine(batch: Batch, resolved: DataFrame, arrived: Arrived) -> None:
    rows = to_quarantine(batch.rows, resolved, at=batch.started_at)
    there = quarantined_since(batch.spark, arrived.since, batch.settings)
    delta.append(rows.join(there, on=list(QUARANTINE_POSTS.key), how="left_anti"), QUARANTINE_POSTS, batch.settings)


def _entomb(batch: Batch, resolved: DataFrame) -> None:
    rows = to_tombstones(resolved, at=batch.started_at)
    delta.append(rows, SILVER_TOMBSTONES, batch.settings, txn=batch.txn("tombstones"))


def _append(batch: Batch, resolved: DataFrame) -> None:
    rows = to_posts(resolved.where("action = 'append'"), processed_at=batch.started_at)
    delta.append(rows, SILVER_POSTS, batch.settings, txn=batch.txn("append"))


def _merge(batch: Batch, resolved: DataFrame, days: list[date]) -> None:
    """Edits and deletes, by key within the days they touch; conditions on the version make a repeat do nothing."""
    changes = resolved.where("action IN ('update', 'remove')")
    source = to_posts(
        changes.withColumn("day", F.col("held_day")), processed_at=batch.started_at, keep=("action",)
    ).alias("s")
    same = " AND ".join(f"t.{name} = s.{name}" for name in KEY)
    (
        delta.target(batch.spark, SILVER_POSTS, batch.settings)
        .alias("t")
        .merge(source, F.expr(same) & F.col("t.day").isin(days))
        .whenMatchedDelete("s.action = 'remove' AND t.version <= s.version")
        .whenMatchedUpdate("s.action = 'update' AND t.version < s.version", {c: f"s.{c}" for c in SILVER_POSTS.columns})
        .execute()
    )


if __name__ == "__main__":
    submit(NAME)
