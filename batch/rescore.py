"""silver.posts scored again after a change of scorer: what another scorer or version scored, by whole days."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from pyspark.errors import PythonException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.crash_points import crash_point
from foundation.settings import Settings
from lakehouse.delta import tables as delta
from lakehouse.delta.expiry_marks import expiry_marks
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
    """Days that are done; `failed` rows are as they were, since the scorer failed on their texts."""

    first: date
    last: date
    rows: int
    failed: int
    rows_left: int


def rescore(spark: SparkSession, settings: Settings, *, rows_per_commit: int) -> Iterator[Rescored]:
    """Score what the settings' scorer has not scored in its present version; answers each commit once it is made.

    A commit holds whole days. One that a crash has cut short is made again by the next run, which
    finds the others. Gold follows by the change feed. A post whose text has expired keeps the score
    that it has.

    Args:
        spark: a session.
        settings: whose scorer it is.
        rows_per_commit: at least, where there are as many: a commit takes seconds, however small.

    Raises:
        SettingsError: there is no such scorer.
        ScorerError: it cannot score at all; what is committed stays.
    """
    delta.ensure(spark, SILVER_POSTS, settings)
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    outdated = is_outdated(Scorers(options).versions) & ~expired(
        "posted_at", expiry_marks(settings, "silver.text")
    )
    posts = delta.read(spark, SILVER_POSTS, settings).where(outdated)
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
            _merge(spark, done, days, settings)
        read = sum(rows[day] for day in days)
        left -= read
        yield Rescored(days[0], days[-1], count, read - count, left)


@contextmanager
def _named() -> Iterator[None]:
    """A worker's error of scoring under its own name, not under Spark's."""
    try:
        yield
    except PythonException as error:
        raise known_again(str(error)) or error from None


def _commits(rows: dict[date, int], least: int) -> Iterator[list[date]]:
    """The days, in order, in groups of some rows."""
    days: list[date] = []
    count = 0
    for day, more in rows.items():
        days.append(day)
        count += more
        if count >= least:
            yield days
            days, count = [], 0
    if days:
        yield days


def _merge(spark: SparkSession, scored: DataFrame, days: list[date], settings: Settings) -> None:
    same = F.expr(" AND ".join(f"t.{name} = s.{name}" for name in KEY))
    (
        delta.target(spark, SILVER_POSTS, settings)
        .alias("t")
        .merge(scored.alias("s"), same & F.col("t.day").isin(days))
        .whenMatchedUpdate(set={"sentiment": "s.sentiment"})
        .execute()
    )
