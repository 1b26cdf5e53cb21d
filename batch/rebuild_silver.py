"""Rebuild silver.posts from bronze.posts, by the stream's transforms over history."""

from collections.abc import Iterator
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from batch.job import batch_job
from foundation import clock
from foundation.crash_points import crash_point
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.jobs import commit_marks
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.commit_marks import GOLD_JOB, Lost
from lakehouse.jobs.key_check import key_id_in_use
from lakehouse.silver.lookup import lookup_silver
from lakehouse.spark.materialize import materialized
from schemas.stored_names import AFTER_SWAP, BEFORE_SWAP, CHECKPOINT_PROPERTY, REBUILD_SILVER_JOB
from schemas.tables import BRONZE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming.bronze_to_silver import NAME as STREAM
from streaming.bronze_to_silver import make_refiner
from transforms.order import AUTHOR, KEY, resolve
from transforms.refine import refine
from transforms.silver import to_posts


def preflight(settings: Settings) -> None:
    """Refuse to start with a wrong key, scorer, way to find persons or finder of entities."""
    make_refiner(settings, key_id_in_use(settings))


def repairs(lost: Lost) -> bool:
    """Tell whether the rebuild restores what is lost: Silver, after which Gold is rebuilt."""
    return lost.table == SILVER_POSTS.name or lost.job == GOLD_JOB


@batch_job("rebuild silver", preflight=preflight, repairs=repairs)
def job(spark: SparkSession, settings: Settings) -> Iterator[str]:
    """Yield a line for the table."""
    yield f"{SILVER_POSTS.name}: {rebuild_silver(spark, settings):,} rows"


def rebuild_silver(spark: SparkSession, settings: Settings) -> int:
    """Replace the content by today's rules, sanitizer and scorer, and return the number of rows.

    The job writes new files beside the old ones, and one commit swaps them: readers see the old
    content or the new. Tombstones still block. A post whose Bronze record is deleted keeps its
    row, unless a remaining record supersedes it. Gold follows by the change feed.
    """
    for table in (SILVER_POSTS, SILVER_TOMBSTONES):
        delta.ensure(spark, table, settings)
    bronze = delta.read(spark, BRONZE_POSTS, settings)
    refiner = make_refiner(settings, key_id_in_use(settings))
    with materialized(refine(bronze, refiner, at=clock.now())) as refined:
        content = _content(spark, bronze, refined, settings)
        crash_point(REBUILD_SILVER_JOB, BEFORE_SWAP, settings)
        delta.overwrite(content, SILVER_POSTS, settings, metadata={})
    mine = checkpoint(STREAM, settings)
    # The table lacks the property where its commits were lost.
    if mine.exists and CHECKPOINT_PROPERTY not in delta_log.properties(SILVER_POSTS, settings):
        delta.set_properties(spark, SILVER_POSTS, settings, {CHECKPOINT_PROPERTY: mine.id})
    commit_marks.accept(mine, settings, (SILVER_POSTS,))
    crash_point(REBUILD_SILVER_JOB, AFTER_SWAP, settings)
    return delta.read(spark, SILVER_POSTS, settings).count()


def _content(
    spark: SparkSession, bronze: DataFrame, refined: DataFrame, settings: Settings
) -> DataFrame:
    """Return the rows as if all of Bronze were one batch.

    It is resolved against those rows of Silver alone whose Bronze record is deleted.
    """
    silver = delta.read(spark, SILVER_POSTS, settings)
    is_its_record = [F.col(f"bronze.{name}") == bronze[name] for name in BRONZE_POSTS.key]
    orphans = silver.join(bronze, on=is_its_record, how="left_anti")
    held = lookup_silver(spark, refined, None, settings)
    held = replace(held, posts=held.posts.join(orphans.select(*KEY), on=list(KEY), how="left_semi"))
    author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
    resolved = resolve(refined, held, author_deletes=author_deletes)
    winners = resolved.where("action IN ('append', 'update')").withColumn(
        "day", F.coalesce("held_day", "day")
    )
    outdone = resolved.where("action IN ('update', 'remove')").select(*KEY)
    kept = orphans.join(outdone, on=list(KEY), how="left_anti").select(*SILVER_POSTS.columns)
    return to_posts(winners).unionByName(kept)
