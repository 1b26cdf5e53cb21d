"""Replays of quarantined records: which batch takes which records, which is unfinished, and how one ends."""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from schemas.reasons import Fate, Reason
from schemas.stored_names import REPLAY_BATCH, REPLAY_QUARANTINE_JOB
from schemas.tables import QUARANTINE_POSTS, ops_batches

OPS = ops_batches(REPLAY_QUARANTINE_JOB)
_COORDINATES = QUARANTINE_POSTS.key


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch: the records of one topic that were quarantined, for one reason or any, by rules older than these."""

    batch_id: int
    topic: str
    reason: Reason | None
    rule_version: int

    def __str__(self) -> str:
        """As ops keeps it, in the place of a checkpoint's id."""
        return f"rules {self.rule_version}, {self.reason or 'all'}, {self.topic}"

    @classmethod
    def parse(cls, batch_id: int, text: str) -> "Plan":
        """The plan that `str` gave."""
        rules, reason, topic = text.split(", ")
        return cls(
            batch_id,
            topic,
            None if reason == "all" else Reason(reason),
            int(rules.removeprefix("rules ")),
        )


def plans(
    spark: SparkSession, settings: Settings, reason: Reason | None, rule_version: int
) -> list[Plan]:
    """The batches that are due, a topic's each; that of an authors' topic comes before the posts'."""
    begun = last_begun(spark, settings)
    first = begun.batch_id + 1 if begun else 0
    rows = (
        _older(spark, settings, reason, rule_version)
        .select("topic")
        .distinct()
        .orderBy("topic")
        .collect()
    )
    return [
        Plan(first + number, row["topic"], reason, rule_version) for number, row in enumerate(rows)
    ]


def unfinished(spark: SparkSession, settings: Settings) -> Plan | None:
    """The batch that ops knows and quarantine does not, where a crash has left one."""
    begun = last_begun(spark, settings)
    if begun is None or not records_of(spark, settings, begun).limit(1).count():
        return None
    # Records may also be there because a program with older rules has run since.
    ended = delta_log.newest_metadata(QUARANTINE_POSTS, settings, REPLAY_BATCH)
    return None if begun.batch_id == ended else begun


def last_begun(spark: SparkSession, settings: Settings) -> Plan | None:
    """The newest batch in ops."""
    if not delta_log.exists(OPS, settings):
        return None
    rows = delta.read(spark, OPS, settings).orderBy(F.desc("batch_id")).limit(1).collect()
    return Plan.parse(rows[0]["batch_id"], rows[0]["checkpoint_id"]) if rows else None


def records_of(spark: SparkSession, settings: Settings, plan: Plan) -> DataFrame:
    """The plan's records, rows of quarantine.posts.

    Where a topic was made anew, coordinates may stand there twice: one of them now, the other by
        the next batch.
    """
    rows = _older(spark, settings, plan.reason, plan.rule_version).where(
        F.col("topic") == plan.topic
    )
    first = rows.groupBy(*_COORDINATES).agg(F.min("kafka_timestamp").alias("kafka_timestamp"))
    return rows.join(first, on=[*_COORDINATES, "kafka_timestamp"], how="left_semi")


def end_batch(
    spark: SparkSession,
    settings: Settings,
    plan: Plan,
    resolved: DataFrame,
    *,
    at: datetime,
    txn: delta.Txn,
) -> None:
    """End the batch: what passed leaves quarantine, what did not stays, with its reason and one attempt more."""
    times = records_of(spark, settings, plan).select(*_COORDINATES, "kafka_timestamp")
    verdicts = resolved.select(*_COORDINATES, "fate", "stage", "reason").join(
        times, on=list(_COORDINATES)
    )
    same = " AND ".join(f"t.{name} = s.{name}" for name in (*_COORDINATES, "kafka_timestamp"))
    stays: dict[str, str | Column] = {
        "stage": F.col("s.stage"),
        "reason": F.col("s.reason"),
        "rule_version": F.lit(plan.rule_version),
        "attempt": F.expr("t.attempt + 1"),
        "at": F.lit(at),
    }
    with delta.commit_as(spark, txn=txn, metadata={REPLAY_BATCH: plan.batch_id}):
        (
            delta.target(spark, QUARANTINE_POSTS, settings)
            .alias("t")
            .merge(verdicts.alias("s"), same)
            .whenMatchedUpdate(F.col("s.fate") == Fate.QUARANTINED, stays)
            .whenMatchedDelete()
            .execute()
        )


def _older(
    spark: SparkSession, settings: Settings, reason: Reason | None, rule_version: int
) -> DataFrame:
    """What older rules have judged. What the producer could not map is not ours to map again."""
    rows = delta.read(spark, QUARANTINE_POSTS, settings).where(F.col("rule_version") < rule_version)
    rows = rows.where(F.col("reason") != Reason.UNMAPPABLE)
    return rows if reason is None else rows.where(F.col("reason") == reason)
