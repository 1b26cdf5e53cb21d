"""Carry out waiting erasures while no stream runs, with the tasks of the jobs that own tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from batch.job import batch_job
from foundation.key_sources import payload_source
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.erasure import ledger
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
    """Refuse to start without the receipt key, or without the payload key if payloads need it."""
    ledger.demand_receipt_key(settings)
    if settings.payloads.encrypt:
        payload_source(settings).load()


@batch_job("erase", preflight=preflight)
def job(lake: Lake) -> Iterator[str]:
    """Yield a line once all erasures are carried out."""
    count = len(carry_out(lake).erasures)
    yield f"carried out {count}; `echostream receipts` shows which steps remain"


def carry_out(lake: Lake) -> Erased:
    """Register the waiting requests, and delete their rows from Silver, quarantine and Bronze.

    Then Gold's job processes these deletes.
    """
    settings = lake.settings
    known = {erasure.id for erasure in ledger.registered(settings)}
    for table in (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS):
        lake.ensure(table)
    silver = Job(
        bronze_to_silver.NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings
    )
    erasure_task(lake, silver, (SILVER_POSTS, QUARANTINE_POSTS), registers=True).run()
    if lake.log(BRONZE_POSTS).exists():
        bronze = Job(topic_to_bronze.NAME, (BRONZE_POSTS,), settings)
        erasure_task(lake, bronze, (BRONZE_POSTS,)).run()
    gold = silver_to_gold.start(lake, available_now=True)
    gold.query.awaitTermination()
    gold.maintain(True)
    return Erased([erasure for erasure in ledger.registered(settings) if erasure.id not in known])
