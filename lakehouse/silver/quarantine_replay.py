"""Plan the batches that replay quarantined records, find an unfinished one, and end a batch."""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.delta.lake import Lake, Txn
from schemas.reasons import Fate, Reason
from schemas.stored_names import REPLAY_BATCH, REPLAY_QUARANTINE_JOB
from schemas.tables import QUARANTINE_POSTS, ops_batches

OPS = ops_batches(REPLAY_QUARANTINE_JOB)
_COORDINATES = QUARANTINE_POSTS.key


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch: the records of one topic that older rules quarantined, for one reason or for any."""

    batch_id: int
    topic: str
    reason: Reason | None
    rule_version: int

    def __str__(self) -> str:
        """Return the plan as ops.batches keeps it, in the column of the checkpoint's id."""
        return f"rules {self.rule_version}, {self.reason or 'all'}, {self.topic}"

    @classmethod
    def parse(cls, batch_id: int, text: str) -> "Plan":
        """Return the plan whose text `str` gave."""
        rules, reason, topic = text.split(", ")
        rule_version = int(rules.removeprefix("rules "))
        return cls(batch_id, topic, None if reason == "all" else Reason(reason), rule_version)


def plans(lake: Lake, reason: Reason | None, rule_version: int) -> list[Plan]:
    """Return the due batches, one per topic; an authors' topic comes before the posts' topic."""
    begun = last_begun(lake)
    first = begun.batch_id + 1 if begun else 0
    older = _older(lake, reason, rule_version)
    rows = older.select("topic").distinct().orderBy("topic").collect()
    return [
        Plan(first + number, row["topic"], reason, rule_version) for number, row in enumerate(rows)
    ]


def unfinished(lake: Lake) -> Plan | None:
    """Return the batch that a crash left: ops.batches has it, quarantine.posts was not updated."""
    begun = last_begun(lake)
    if begun is None or not records_of(lake, begun).limit(1).count():
        return None
    # A program with older rules that ran since may also have left such records.
    ended = lake.log(QUARANTINE_POSTS).newest_metadata(REPLAY_BATCH)
    return None if begun.batch_id == ended else begun


def last_begun(lake: Lake) -> Plan | None:
    """Return the newest batch in ops.batches; None without one."""
    if not lake.log(OPS).exists():
        return None
    rows = lake.read(OPS).orderBy(F.desc("batch_id")).limit(1).collect()
    return Plan.parse(rows[0]["batch_id"], rows[0]["checkpoint_id"]) if rows else None


def records_of(lake: Lake, plan: Plan) -> DataFrame:
    """Return the plan's records, which are rows of quarantine.posts.

    Records of a recreated topic may have the coordinates of older ones. This batch takes the older
    record, and the next batch the other.
    """
    rows = _older(lake, plan.reason, plan.rule_version).where(F.col("topic") == plan.topic)
    first = rows.groupBy(*_COORDINATES).agg(F.min("kafka_timestamp").alias("kafka_timestamp"))
    return rows.join(first, on=[*_COORDINATES, "kafka_timestamp"], how="left_semi")


def end_batch(lake: Lake, plan: Plan, resolved: DataFrame, *, at: datetime, txn: Txn) -> None:
    """End the batch: delete records that passed from quarantine, and update those that did not."""
    times = records_of(lake, plan).select(*_COORDINATES, "kafka_timestamp")
    verdicts = resolved.select(*_COORDINATES, "fate", "stage", "reason").join(
        times, on=list(_COORDINATES)
    )
    same = " AND ".join(f"t.{name} = s.{name}" for name in (*_COORDINATES, "kafka_timestamp"))
    changes: dict[str, str | Column] = {
        "stage": F.col("s.stage"),
        "reason": F.col("s.reason"),
        "rule_version": F.lit(plan.rule_version),
        "attempt": F.expr("t.attempt + 1"),
        "at": F.lit(at),
    }
    with lake.commit_as(txn=txn, metadata={REPLAY_BATCH: plan.batch_id}):
        (
            lake.merge(verdicts, QUARANTINE_POSTS, same)
            .whenMatchedUpdate(F.col("s.fate") == Fate.QUARANTINED, changes)
            .whenMatchedDelete()
            .execute()
        )


def _older(lake: Lake, reason: Reason | None, rule_version: int) -> DataFrame:
    """Return the records that older rules quarantined, except those that could not be mapped."""
    rows = lake.read(QUARANTINE_POSTS).where(F.col("rule_version") < rule_version)
    rows = rows.where(F.col("reason") != Reason.UNMAPPABLE)
    return rows if reason is None else rows.where(F.col("reason") == reason)
