"""Carry out waiting erasures while no stream runs, by the tasks of the jobs that own the tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql import SparkSession

from batch.job import batch_job
from foundation.key_sources import payload_source
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.erasure import ledger as erasures
from lakehouse.erasure.ledger import Erasure
from lakehouse.erasure.run import erasure_task
from lakehouse.jobs.job import Job
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming import bronze_to_silver, silver_to_gold, topic_to_bronze


@dataclass(frozen=True, slots=True)
class Erased:
    """The erasures that were carried out."""

    erasures: list[Erasure]


def preflight(settings: Settings) -> None:
    """Refuse to start without the receipt key, and without the payload key where there is one."""
    erasures.demand_receipt_key(settings)
    if settings.payloads.encrypt:
        payload_source(settings).load()


@batch_job("erase", preflight=preflight)
def job(spark: SparkSession, settings: Settings) -> Iterator[str]:
    """Yield a line once all is carried out."""
    count = len(carry_out(spark, settings).erasures)
    yield f"carried out {count}; `echostream receipts` says what is still to come"


def carry_out(spark: SparkSession, settings: Settings) -> Erased:
    """Register the waiting requests, delete their rows from Silver, quarantine and Bronze.

    Gold follows by its own job's last batches.
    """
    known = {erasure.id for erasure in erasures.registered(settings)}
    for table in (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS):
        delta.ensure(spark, table, settings)
    silver = Job(
        bronze_to_silver.NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings
    )
    erasure_task(spark, silver, (SILVER_POSTS, QUARANTINE_POSTS), registers=True).run()
    if delta_log.exists(BRONZE_POSTS, settings):
        erasure_task(
            spark, Job(topic_to_bronze.NAME, (BRONZE_POSTS,), settings), (BRONZE_POSTS,)
        ).run()
    gold = silver_to_gold.start(spark, settings, available_now=True)
    gold.query.awaitTermination()
    gold.maintain(True)
    return Erased([erasure for erasure in erasures.registered(settings) if erasure.id not in known])
