"""Rebuild gold.* from silver.posts, with the stream's transform over all history."""

from collections.abc import Iterator

from batch.job import batch_job
from foundation.crash_points import crash_point
from lakehouse.delta.expiry_marks import expiry_marks
from lakehouse.delta.lake import Lake
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.checkpoint_reset import begin_anew
from lakehouse.jobs.commit_marks import GOLD_JOB, Lost
from schemas.stored_names import AFTER_SWAP, BEFORE_SWAP, REBUILD_GOLD_JOB, SILVER_VERSION
from schemas.tables import SILVER_POSTS
from streaming.silver_to_gold import AGGREGATES, NAME
from transforms.aggregates import summarise
from transforms.expiry_rules import expired


def repairs(lost: Lost) -> bool:
    """Return whether the rebuild restores a loss, which it does for all of Gold."""
    return lost.job == GOLD_JOB


@batch_job("rebuild gold", repairs=repairs)
def job(lake: Lake) -> Iterator[str]:
    """Yield a line for each table."""
    for table, rows in rebuild_gold(lake).items():
        yield f"{table}: {rows:,} rows"


def rebuild_gold(lake: Lake) -> dict[str, int]:
    """Replace each Gold table's content in one commit, and return the rows by table.

    Readers see the old content or the new. First the job sets the stream's checkpoint aside. Last
    it creates a new one, which starts after the Silver version that the new content names. A crash
    in between leaves a stream that refuses to start until `checkpoint reset`, never one that adds
    twice. Groups of a time that has expired in Silver stay as they are.
    """
    settings = lake.settings
    checkpoint(NAME, settings).set_aside()
    version = lake.log(SILVER_POSTS).version()
    posts = lake.read(SILVER_POSTS, version=version)
    marks = expiry_marks(settings, "silver.author", version=version)
    rows = {}
    for aggregate in AGGREGATES:
        table = aggregate.table
        lake.ensure(table)
        closed = lake.read(table).where(expired(aggregate.time, marks))
        summary = summarise(
            aggregate.contributions(posts), table.key, aggregate.sums, aggregate.count
        )
        is_closed = [summary[name].eqNullSafe(closed[name]) for name in table.key]
        content = summary.join(closed, on=is_closed, how="left_anti").unionByName(closed)
        crash_point(REBUILD_GOLD_JOB, BEFORE_SWAP, settings)
        lake.overwrite(content, table, metadata={SILVER_VERSION: version})
        rows[table.name] = lake.read(table).count()
    crash_point(REBUILD_GOLD_JOB, AFTER_SWAP, settings)
    begin_anew(settings, NAME)
    return rows
