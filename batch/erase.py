"""Erasures that wait, carried out while no stream runs: by the steps of the jobs that own the tables."""

from dataclasses import dataclass

from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from lakehouse.erasure import ledger as erasures
from lakehouse.erasure.ledger import Erasure
from lakehouse.erasure.run import ErasureTask
from lakehouse.jobs.job import Job
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming import bronze_to_silver, silver_to_gold, topic_to_bronze


@dataclass(frozen=True, slots=True)
class Erased:
    """What was carried out."""

    erasures: list[Erasure]


def carry_out(spark: SparkSession, settings: Settings) -> Erased:
    """Admit what waits, take it out of Silver and quarantine, then Bronze; Gold by its own job's last batches."""
    known = {each.id for each in erasures.registered(settings)}
    for table in (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS):
        delta.ensure(spark, table, settings)
    silver = Job(
        bronze_to_silver.NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings
    )
    ErasureTask(spark, silver, (SILVER_POSTS, QUARANTINE_POSTS), registers=True).run(force=True)
    if delta_log.exists(BRONZE_POSTS, settings):
        ErasureTask(
            spark, Job(topic_to_bronze.NAME, (BRONZE_POSTS,), settings), (BRONZE_POSTS,)
        ).run(force=True)
    gold = silver_to_gold.start(spark, settings, available_now=True)
    gold.query.awaitTermination()
    gold.maintain(True)
    return Erased([each for each in erasures.registered(settings) if each.id not in known])
