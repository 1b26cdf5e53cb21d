"""Rebuild silver.posts from bronze.posts, with the stream's transforms over all history."""

from collections.abc import Iterator
from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from batch.job import batch_job
from foundation import clock
from foundation.crash_points import crash_point
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.jobs import commit_marks
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.commit_marks import GOLD_JOB, Lost
from lakehouse.jobs.key_check import key_id_in_use
from lakehouse.silver.lookup import author_deletes_of, lookup_silver
from lakehouse.spark.materialize import materialized
from schemas.stored_names import AFTER_SWAP, BEFORE_SWAP, CHECKPOINT_PROPERTY, REBUILD_SILVER_JOB
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming.bronze_to_silver import NAME as STREAM
from streaming.bronze_to_silver import make_refiner
from transforms.order import KEY, resolve
from transforms.refine import refine
from transforms.silver import to_posts


def preflight(settings: Settings) -> None:
    """Refuse to start with a wrong key, scorer, person finder or entity finder."""
    make_refiner(settings, key_id_in_use(settings))


def repairs(lost: Lost) -> bool:
    """Return whether the rebuild restores a loss: in silver.posts, or in Gold, rebuilt next."""
    return lost.table == SILVER_POSTS.name or lost.job == GOLD_JOB


@batch_job("rebuild silver", preflight=preflight, repairs=repairs)
def job(lake: Lake) -> Iterator[str]:
    """Yield a line for the table."""
    yield f"{SILVER_POSTS.name}: {rebuild_silver(lake):,} rows"


def rebuild_silver(lake: Lake) -> int:
    """Replace the rows by those of today's rules, sanitizer and scorer; return their number.

    The job writes new files beside the old ones, and one commit swaps them: readers see the old
    content or the new. Tombstones still block. A post whose Bronze record is deleted keeps its row,
    unless a remaining record supersedes it. Gold's job reads the change from the change data feed.
    """
    settings = lake.settings
    for table in (SILVER_POSTS, SILVER_TOMBSTONES):
        lake.ensure(table)
    bronze = lake.read(BRONZE_POSTS)
    refiner = make_refiner(settings, key_id_in_use(settings))
    with materialized(refine(bronze, refiner, at=clock.now())) as refined:
        content = _content(lake, bronze, refined)
        crash_point(REBUILD_SILVER_JOB, BEFORE_SWAP, settings)
        lake.overwrite(content, SILVER_POSTS, metadata={})
    job_checkpoint = checkpoint(STREAM, settings)
    # The table lacks the property if the commit that set it was lost.
    if job_checkpoint.exists and CHECKPOINT_PROPERTY not in lake.log(SILVER_POSTS).properties():
        lake.set_properties(SILVER_POSTS, {CHECKPOINT_PROPERTY: job_checkpoint.id})
    commit_marks.accept(job_checkpoint, settings, (SILVER_POSTS,))
    crash_point(REBUILD_SILVER_JOB, AFTER_SWAP, settings)
    return lake.read(SILVER_POSTS).count()


def _content(lake: Lake, bronze: DataFrame, refined: DataFrame) -> DataFrame:
    """Return the rows as if all of Bronze were one batch.

    The batch is resolved against only those rows of Silver whose Bronze record is deleted.
    """
    silver = lake.read(SILVER_POSTS)
    is_its_record = [F.col(f"bronze.{name}") == bronze[name] for name in BRONZE_POSTS.key]
    orphans = silver.join(bronze, on=is_its_record, how="left_anti")
    state = lookup_silver(lake, refined, None)
    orphaned = state.posts.join(orphans.select(*KEY), on=list(KEY), how="left_semi")
    resolved = resolve(
        refined, replace(state, posts=orphaned), author_deletes=author_deletes_of(refined)
    )
    winners = resolved.where("action IN ('append', 'update')").withColumn(
        "day", F.coalesce("held_day", "day")
    )
    outdone = resolved.where("action IN ('update', 'remove')").select(*KEY)
    kept = orphans.join(outdone, on=list(KEY), how="left_anti").select(*SILVER_POSTS.columns)
    return to_posts(winners).unionByName(kept)
