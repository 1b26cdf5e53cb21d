"""What has been kept for as long as its platform's policy says goes: rows and fields, table by table.

Expiry is not erasure: nobody asked, what was counted stays true. So Gold keeps its counts, no tombstone is set per
post, and one moment per platform says up to when Silver has forgotten (lakehouse/seals.py). Each step looks for what
is due and does that, so that a run that was cut short is finished by the next.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.crash import crash_point
from foundation.policies import Field, Policy
from foundation.settings import Settings
from lakehouse import delta, delta_log, upkeep
from lakehouse.seals import EXPIRY, seal
from schemas.tables import BRONZE_POSTS, SILVER_POSTS
from transforms.retention import (
    AUTHOR,
    BRONZE_RECORD,
    POST,
    QUARANTINE_RECORD,
    TEXT,
    TOMBSTONES,
    Limits,
    Rule,
    due,
    expired,
    limits,
)

NAME = "retain"
_SILVER = (POST, TEXT, AUTHOR)


@dataclass(frozen=True, slots=True)
class Retained:
    """What a rule did: the rows that went, or were emptied of the field, and those that a stream has yet to read."""

    field: Field
    rows: int
    waiting: int = 0


def retain(
    spark: SparkSession, settings: Settings, policies: Mapping[str, Policy], *, now: datetime
) -> Iterator[Retained]:
    """Enforce the policies as of a moment; answers what each rule did, once it is done.

    Silver before Bronze, so that a rebuild in between brings nothing back.
    """
    if delta_log.exists(SILVER_POSTS, settings):
        yield from _forget(spark, settings, policies, now)
    for rule in (TOMBSTONES, QUARANTINE_RECORD, BRONZE_RECORD):
        if delta_log.exists(rule.table, settings):
            yield _remove(spark, settings, rule, limits(policies, rule.field, now))


def _forget(
    spark: SparkSession, settings: Settings, policies: Mapping[str, Policy], now: datetime
) -> Iterator[Retained]:
    """The seals first: from then on nothing of that time comes in, and Gold's groups of it are closed."""
    wanted: dict[Field, Limits] = {rule.field: limits(policies, rule.field, now) for rule in _SILVER}
    sealed = seal(spark, settings, wanted)
    crash_point(NAME, "before_posts", settings)
    posts = delta.read(spark, SILVER_POSTS, settings)
    gone = due(POST, sealed[POST.field])
    rows = posts.where(gone).count()
    if rows:
        _commit(spark, lambda: delta.target(spark, SILVER_POSTS, settings).delete(gone))
    yield Retained(POST.field, rows)
    crash_point(NAME, "before_fields", settings)
    fields = {rule: due(rule, sealed[rule.field]) for rule in (TEXT, AUTHOR)}
    counts = _counts(delta.read(spark, SILVER_POSTS, settings), fields)
    if any(counts.values()):
        some = fields[TEXT] | fields[AUTHOR]
        emptied: dict[str, str | Column] = {
            name: F.when(~expired(rule.clock, sealed[rule.field]), F.col(name))
            for rule in fields
            for name in rule.clears
        }
        _commit(spark, lambda: delta.target(spark, SILVER_POSTS, settings).update(some, emptied))
    for rule in fields:
        yield Retained(rule.field, counts[rule])


def _counts(rows: DataFrame, conditions: Mapping[Rule, Column]) -> dict[Rule, int]:
    found = rows.agg(*(F.count_if(condition).alias(rule.field) for rule, condition in conditions.items())).collect()[0]
    return {rule: found[rule.field] for rule in conditions}


def _remove(spark: SparkSession, settings: Settings, rule: Rule, due_by: Limits) -> Retained:
    """Rows of a table from which nothing is counted; what a stream has still to read of it stays, and is said."""
    crash_point(NAME, f"before_{rule.table.name}", settings)
    rows = delta.read(spark, rule.table, settings)
    condition = due(rule, due_by)
    total = rows.where(condition).count()
    if rule.table is BRONZE_POSTS:
        condition = condition & _was_read(settings)
    count = rows.where(condition).count()
    if count:
        _commit(spark, lambda: delta.target(spark, rule.table, settings).delete(condition))
    return Retained(rule.field, count, total - count)


def _was_read(settings: Settings) -> Column:
    """Rows of Bronze that its reader has certainly passed, by the clock on the wall: how far it is, no policy says."""
    unread_h = upkeep.unread_for_h(BRONZE_POSTS, settings)
    if unread_h is None:
        return F.lit(False)
    return F.col(BRONZE_RECORD.clock) < F.lit(datetime.now(UTC) - timedelta(hours=unread_h))


def _commit(spark: SparkSession, change: Callable[[], object]) -> None:
    """One commit, marked as expiry: Gold's reader passes over it."""
    with delta.commit_as(spark, metadata={EXPIRY: True}):
        change()
