"""Score silver.posts again after a change of scorer, in commits of whole days."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from pyspark.errors import PythonException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from batch import ROWS_PER_COMMIT
from batch.job import batch_job
from foundation.crash_points import crash_point
from foundation.settings import Settings
from lakehouse.delta.expiry_marks import expiry_marks
from lakehouse.delta.lake import Lake
from lakehouse.spark.materialize import materialized
from schemas.stored_names import BEFORE_MERGE, RESCORE_JOB
from schemas.tables import SILVER_POSTS
from transforms.expiry_rules import expired
from transforms.order import KEY
from transforms.rescore import is_outdated, rescored
from transforms.scoring.posts import Scorers
from transforms.scoring.refusals import known_again
from transforms.scoring.score import ScorerOptions


@dataclass(frozen=True, slots=True)
class Rescored:
    """A commit's days; `failed` rows keep their scores, because the scorer failed on them."""

    first: date
    last: date
    rows: int
    failed: int
    rows_left: int


def preflight(settings: Settings) -> None:
    """Refuse to start with a wrong scorer."""
    Scorers(ScorerOptions.of(settings.scorer, home=settings.home))


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a number of at least 1 is needed")
    return int(text)


@batch_job(
    "rescore",
    preflight=preflight,
    arguments={"--rows-per-commit": {"type": _at_least_1, "default": ROWS_PER_COMMIT}},
)
def job(lake: Lake, *, rows_per_commit: int) -> Iterator[str]:
    """Yield a line for each commit, and one for all."""
    rows = 0
    for done in rescore(lake, rows_per_commit=rows_per_commit):
        rows += done.rows
        failed = ""
        if done.failed:
            failed = f", {done.failed:,} keep their scores: the scorer fails on them"
        yield f"{done.first} to {done.last}: {done.rows:,} rows{failed}; {done.rows_left:,} remain"
    scorer = lake.settings.scorer.name
    yield f"{rows:,} rows are scored again by {scorer}; the next run updates Gold"


def rescore(lake: Lake, *, rows_per_commit: int) -> Iterator[Rescored]:
    """Score the rows that another scorer, or another version of it, has scored.

    Each commit has whole days, and is yielded once it is made. If a crash interrupts a commit, the
    next run repeats it. Gold's job reads the scores from the change data feed. A post whose text
    has expired keeps its score.

    Args:
        lake: the lake, whose settings name the scorer.
        rows_per_commit: the least number of rows per commit, since even a small one takes seconds.

    Raises:
        SettingsError: no scorer has this name.
        ScorerError: the scorer fails on everything; committed scores stay.
    """
    settings = lake.settings
    lake.ensure(SILVER_POSTS)
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    outdated = is_outdated(Scorers(options).versions) & ~expired(
        "posted_at", expiry_marks(settings, "silver.text")
    )
    posts = lake.read(SILVER_POSTS).where(outdated)
    rows = {
        row["day"]: row["count"] for row in posts.groupBy("day").count().orderBy("day").collect()
    }
    left = sum(rows.values())
    for days in _commits(rows, rows_per_commit):
        with (
            _named(),
            materialized(rescored(posts.where(F.col("day").isin(days)), options)) as scored,
        ):
            done = scored.where("sentiment IS NOT NULL")
            count = done.count()
            crash_point(RESCORE_JOB, BEFORE_MERGE, settings)
            _merge(lake, done, days)
        read = sum(rows[day] for day in days)
        left -= read
        yield Rescored(days[0], days[-1], count, read - count, left)


@contextmanager
def _named() -> Iterator[None]:
    """Raise a worker's scoring error as one of ours, not as Spark's."""
    try:
        yield
    except PythonException as error:
        raise known_again(str(error)) or error from None


def _commits(rows: dict[date, int], least: int) -> Iterator[list[date]]:
    """Yield the days, in order, in groups of at least `least` rows."""
    days: list[date] = []
    count = 0
    for day, more in rows.items():
        days.append(day)
        count += more
        if count >= least:
            yield days
            days = []
            count = 0
    if days:
        yield days


def _merge(lake: Lake, scored: DataFrame, days: list[date]) -> None:
    same = F.expr(" AND ".join(f"t.{name} = s.{name}" for name in KEY))
    merge = lake.merge(scored, SILVER_POSTS, same & F.col("t.day").isin(days))
    merge.whenMatchedUpdate(set={"sentiment": "s.sentiment"}).execute()
