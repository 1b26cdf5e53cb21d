"""Define which rows and fields are past the time that their platform's policy grants.

Each rule stands here once, for Spark as `expired` and for plain Python as `has_expired`. A limit is
a moment per platform: everything older has expired. Limits are whole hours, because Gold's cells
are hours and close as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from foundation.policies import Field, Policy
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES, Table

Limits = Mapping[str, datetime]  # platform → the moment before which everything has expired


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity, as keys of dictionaries
class Rule:
    """A retention rule: which rows of a table expire, and whether they are deleted or emptied.

    Attributes:
        field: the rule's name in policies.
        table: the table.
        clock: the column from which the days count.
        clears: the columns that become null; empty if the row is deleted.
        reasons: for tombstones, the reasons that expire: a person's request blocks for ever. None
            for all rows.
    """

    field: Field
    table: Table
    clock: str
    clears: tuple[str, ...] = ()
    reasons: tuple[str, ...] | None = None


BRONZE_RECORD = Rule("bronze.record", BRONZE_POSTS, "kafka_timestamp")
QUARANTINE_RECORD = Rule("quarantine.record", QUARANTINE_POSTS, "kafka_timestamp")
TOMBSTONES = Rule("silver.tombstones", SILVER_TOMBSTONES, "at", reasons=("platform",))
POST = Rule("silver.post", SILVER_POSTS, "posted_at")
TEXT = Rule(
    "silver.text",
    SILVER_POSTS,
    "posted_at",
    clears=("title", "text", "hashtags", "emoji", "key_phrases", "entities"),
)
AUTHOR = Rule("silver.author", SILVER_POSTS, "posted_at", clears=("author_key", "reply_to_key"))
RULES = (BRONZE_RECORD, QUARANTINE_RECORD, TOMBSTONES, POST, TEXT, AUTHOR)


def limits(policies: Mapping[str, Policy], field: Field, now: datetime) -> dict[str, datetime]:
    """Return each platform's limit in UTC; a post is kept for its days and at most an hour more."""
    return {
        name: _hour(now - timedelta(days=policy.keep[field].days))
        for name, policy in policies.items()
    }


def later(first: Limits, second: Limits) -> dict[str, datetime]:
    """Return each platform's later limit: expired data stays so, even if a policy grants more."""
    return {
        name: max(limits_of[name] for limits_of in (first, second) if name in limits_of)
        for name in {**first, **second}
    }


def has_expired(platform: str, at: datetime, limits: Limits) -> bool:
    """Return whether a row of that moment is older than the platform's limit."""
    return platform in limits and at < limits[platform]


def expired(clock: str, limits: Limits) -> Column:
    """Return `has_expired` as a condition; platforms and moments are its only literals."""
    is_older = F.lit(False)
    for platform, limit in limits.items():
        is_older = is_older | ((F.col("platform") == platform) & (F.col(clock) < F.lit(limit)))
    return F.coalesce(is_older, F.lit(False))


def due(rule: Rule, limits: Limits) -> Column:
    """Return the condition for the rows on which the rule has still to act."""
    rows = expired(rule.clock, limits)
    if rule.reasons is not None:
        rows = rows & F.col("reason").isin(*rule.reasons)
    holds = F.lit(not rule.clears)
    for name in rule.clears:
        holds = holds | F.col(name).isNotNull()
    return rows & holds


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
